import type { ProbotOctokit } from "probot";
import { TuneupError } from "../../domain/errors.ts";
import type { Instant, RepositoryId } from "../../domain/ids.ts";
import type { AuditLog } from "../../ports/audit-log.ts";
import type { Inbox } from "../../ports/inbox.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Lease, Leases } from "../../ports/leases.ts";
import type { Documents, Proposals } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import { closeLeftChecks } from "../checks/left-checks.ts";
import { reconcileRepository } from "./reconcile.ts";
import { redeliverFailed } from "./redeliver.ts";
import { beginScheduledRun, periodOf, type Schedule } from "./scheduled-runs.ts";

export interface UpkeepParts {
  /** The App itself without a number, an installation with one. */
  readonly octokit: (installation?: number) => Promise<ProbotOctokit>;
  /** The repositories that the operator bound, `owner/name`. */
  readonly repositories: readonly string[];
  /** How often a repository's largest failure is looked at without anybody asking; never where absent. */
  readonly scheduleOf?: (repository: string) => Schedule | undefined;
  /** Brings the dashboard of a repository up to date; nothing of the kind where absent. */
  readonly keepDashboard?: (octokit: ProbotOctokit, repository: RepositoryId) => Promise<void>;
  /** Ends what nobody looks at and says what has become old, in a repository of an installation; nothing of the kind where absent. */
  readonly settle?: (octokit: ProbotOctokit, repository: RepositoryId) => Promise<number>;
  readonly inbox: Pick<Inbox, "has">;
  readonly leases: Leases;
  readonly queue: Pick<JobQueue, "add">;
  readonly ledger: Documents & Pick<Proposals, "find">;
  readonly audit: AuditLog;
  readonly log: Log;
  readonly now: () => Instant;
  /** Has the page of a set-up that is still open brought up to date. */
  readonly refreshSetUp?: (place: { readonly installation: number; readonly owner: string; readonly repository: string }) => Promise<void>;
  /** Brings what is said about approvals up to date. */
  readonly keepApprovals: (octokit: ProbotOctokit, repository: RepositoryId) => Promise<void>;
  /** Rejects when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Names this process among those that share the ledger. */
  readonly holder: string;
}

const everyMilliseconds = 5 * 60_000;
const leaseMilliseconds = 15 * 60_000;
const leaseName = "upkeep";

/**
 * What keeps the service in step with GitHub: deliveries that never arrived are asked for again, and the ledger is brought up to what GitHub says.
 * At the start and every five minutes, by one process of all that share the ledger.
 */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One round; `false` when another process does it. Errors of one part never keep the others from being done. */
  async once(): Promise<boolean> {
    const { holder, leases, now } = this.#parts;
    const lease = await leases.acquire(leaseName, holder, now(), leaseMilliseconds);
    if (lease === undefined) return false;
    await this.#attempt("ask for missed deliveries", () => this.#redeliver(lease));
    for (const repository of this.#parts.repositories) {
      if (this.#stopping.signal.aborted || !(await leases.renew(lease, now(), leaseMilliseconds))) break;
      await this.#attempt("bring the ledger up to GitHub", () => this.#reconcile(repository), repository);
    }
    return true;
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#attempt("keep in step with GitHub", async () => void (await this.once()));
      await this.#parts.sleep(everyMilliseconds, this.#stopping.signal).catch(() => undefined);
    }
  }

  async #redeliver(lease: Lease): Promise<void> {
    const { audit, inbox, ledger, leases, log, now, octokit } = this.#parts;
    const asked = await redeliverFailed({
      app: await octokit(),
      inbox,
      documents: ledger,
      now: now(),
      mayWrite: () => leases.holds(lease, now()),
    });
    if (asked === 0) return;
    log.info({ asked }, "asked GitHub for missed deliveries");
    await audit.record({ at: now(), action: "redelivery", actor: "tuneup", details: { asked } });
  }

  async #reconcile(name: string): Promise<void> {
    const { audit, ledger, log, now, octokit, queue } = this.#parts;
    const [owner = "", repo = ""] = name.split("/");
    const app = await octokit();
    const installation = await installationOn(app, owner, repo);
    if (installation === undefined) return;
    await this.#begin(name, { installation, owner, repository: repo });
    await this.#attempt(
      "bring the set-up up to date",
      async () => this.#parts.refreshSetUp?.({ installation, owner, repository: repo }),
      name,
    );
    const { data: self } = await app.rest.apps.getAuthenticated();
    const { ended, learned, orphans } = await reconcileRepository({
      octokit: await octokit(installation),
      bot: `${self?.slug ?? ""}[bot]`,
      installation,
      repository: { owner, name: repo },
      queue,
      ledger,
      now: now(),
    });
    await this.#attempt(
      "close checks that were left open",
      async () =>
        void (await closeLeftChecks({
          octokit: await octokit(installation),
          repository: { owner, name: repo },
          documents: ledger,
          now: now(),
          log,
        })),
      name,
    );
    await this.#attempt(
      "keep approvals up to date",
      async () => this.#parts.keepApprovals(await octokit(installation), { owner, name: repo }),
      name,
    );
    await this.#attempt(
      "keep the dashboard up to date",
      async () => this.#parts.keepDashboard?.(await octokit(installation), { owner, name: repo }),
      name,
    );
    await this.#attempt("settle pull requests", () => this.#settle({ owner, name: repo }, installation), name);
    if (learned + ended === 0 && orphans.length === 0) return;
    const found = { learned, ended, orphans: [...orphans] };
    log.info({ repository: name, ...found }, "brought the ledger up to GitHub");
    if (learned + ended > 0) await audit.record({ at: now(), action: "reconcile", actor: "tuneup", repository: name, details: found });
  }

  async #settle(repository: RepositoryId, installation: number): Promise<void> {
    const { audit, log, now, octokit, settle } = this.#parts;
    const settled = (await settle?.(await octokit(installation), repository)) ?? 0;
    if (settled === 0) return;
    const name = `${repository.owner}/${repository.name}`;
    log.info({ repository: name, settled }, "closed pull requests that nobody needs");
    await audit.record({ at: now(), action: "settle", actor: "tuneup", repository: name, details: { settled } });
  }

  async #begin(name: string, place: Parameters<typeof beginScheduledRun>[1]): Promise<void> {
    const { log, now, queue, scheduleOf } = this.#parts;
    const schedule = scheduleOf?.(name);
    if (schedule === undefined) return;
    const period = periodOf(schedule, now());
    if ((await beginScheduledRun(queue, place, period)) === "added") log.info({ repository: name, period }, "began a scheduled run");
  }

  async #attempt(what: string, work: () => Promise<void>, repository = ""): Promise<void> {
    try {
      await work();
    } catch (error) {
      const code =
        error instanceof TuneupError
          ? error.code
          : error instanceof Error && "status" in error
            ? `http-${String(error.status)}`
            : "internal";
      this.#parts.log.warn({ what, code, ...(repository === "" ? {} : { repository }) }, "upkeep failed; the next round tries again");
    }
  }
}

/** The App's installation on a repository; `undefined` where it is not installed. */
async function installationOn(app: ProbotOctokit, owner: string, repo: string): Promise<number | undefined> {
  try {
    const { data } = await app.rest.apps.getRepoInstallation({ owner, repo });
    return data.suspended_at === null || data.suspended_at === undefined ? data.id : undefined;
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 404) return undefined;
    throw error;
  }
}
