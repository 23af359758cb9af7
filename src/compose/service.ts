import { randomUUID } from "node:crypto";
import { TuneupError } from "../domain/errors.ts";
import { type Instant, type Json, type ProposalId, type RepositoryId, repositoryName } from "../domain/ids.ts";
import { fenced } from "../pipeline/standing/fenced-work.ts";
import { leasedWritePace } from "../pipeline/standing/write-pace.ts";
import { scanSecrets } from "../compose.ts";
import type { AuditLog } from "../ports/audit-log.ts";
import type { Leases } from "../ports/leases.ts";
import type { Publication } from "../ports/forge.ts";
import type { JobQueue } from "../ports/job-queue.ts";
import type { WriteGuard, WritePace } from "../ports/outgoing.ts";
import { realRetryTools } from "./runtime.ts";
import type { ServiceRecords } from "./state.ts";
import { outgoingGuard } from "../stages/publish.ts";
import type { LookRules } from "../stages/publish/last-look.ts";

export type { ServiceRecords } from "./state.ts";

/** What stands before every write of the service to GitHub: the last look; and the audit log, which also keeps what was held back. */
export function serviceGuards(audit: AuditLog, now: () => Instant, rules: LookRules): readonly WriteGuard[] {
  const look = outgoingGuard({ scanSecrets, rules });
  const entry = (action: string, what: string, repository: string, details: Readonly<Record<string, Json>> = {}): Promise<void> =>
    audit.record({ at: now(), action, actor: "tuneup", ...(repository === "" ? {} : { repository }), details: { what, ...details } });
  return [
    {
      async before(write) {
        try {
          await look.before(write);
        } catch (error) {
          await entry(
            "held-back",
            write.what,
            write.repository,
            error instanceof TuneupError ? { problems: error.fields["problems"] ?? [] } : {},
          );
          throw error;
        }
      },
      // What was written is written: a failing log must not make it look otherwise.
      after: (write, outcome) =>
        entry(outcome === "written" ? "write" : "write-failed", write.what, write.repository).catch(() => undefined),
    },
  ];
}

/** The audit log as a guard: every write to a forge, and what came of it. A failing log never makes a write look undone. */
const auditedWrites = (audit: AuditLog, now: () => Instant, actor: string): WriteGuard => ({
  before: async () => undefined,
  async after({ repository, what }, outcome) {
    const action = outcome === "written" ? "write" : "write-failed";
    await audit
      .record({ at: now(), action, actor, ...(repository === "" ? {} : { repository }), details: { what } })
      .catch(() => undefined);
  },
});

/** Does what only one process of the installation may do at a time, by name; the guard is asked before each write. */
export function oneAtATime(leases: Leases, now: () => Instant): <T>(name: string, work: (fence: WriteGuard) => Promise<T>) => Promise<T> {
  return (name, work) => fenced({ leases, name, holder: randomUUID(), now, sleep: realRetryTools.sleep }, work);
}

/**
 * Keeps the writes for one account apart in time, over all processes of the installation. None for a server on this machine, which is not GitHub and asks
 * for no pauses.
 */
export function writePace(leases: Leases, now: () => Instant, apiUrl: string | undefined): { readonly pace?: WritePace } {
  const isHere = apiUrl !== undefined && ["127.0.0.1", "localhost", "[::1]"].includes(new URL(apiUrl).hostname);
  return isHere ? {} : { pace: leasedWritePace({ leases, now, sleep: realRetryTools.sleep, newName: randomUUID }) };
}

/** What is published under a lease, for the audit log. */
export interface FencedWork {
  readonly repository: RepositoryId;
  readonly branch: string;
  readonly proposal?: ProposalId;
  /** Login of who asked, if anybody did. */
  readonly startedBy?: string;
}

/**
 * Publishes under a lease on the repository, so that limits are counted one after the other, with the guards that every write must pass, and writes down what was published or refused, and for
 * whom.
 */
export async function publishFenced(
  what: FencedWork,
  records: Pick<ServiceRecords, "leases" | "audit">,
  now: () => Instant,
  work: (guards: readonly WriteGuard[]) => Promise<Publication>,
): Promise<Publication> {
  const { branch, proposal, startedBy: actor = "tuneup" } = what;
  const repository = repositoryName(what.repository);
  const about = { ...(proposal === undefined ? {} : { proposal }), branch };
  const note = (action: string, details: Readonly<Record<string, Json>>): Promise<void> =>
    records.audit.record({ at: now(), action, actor, repository, details: { ...about, ...details } });
  try {
    const publication = await oneAtATime(records.leases, now)(`publish ${repository.toLowerCase()}`, (fence) =>
      work([fence, auditedWrites(records.audit, now, actor)]),
    );
    const { pull, result } = publication;
    await note(result, {
      ...(pull === undefined ? {} : { pull: pull.number, state: pull.state }),
      ...(result === "left-alone" ? { why: publication.why } : {}),
    });
    return publication;
  } catch (error) {
    if (error instanceof TuneupError) await note("held-back", { code: error.code, problems: error.fields["problems"] ?? [] });
    throw error;
  }
}

/** A queue that writes down who asked for each job. */
export function auditedQueue(queue: JobQueue, audit: AuditLog, now: () => Instant): JobQueue {
  return {
    async add(job) {
      const added = await queue.add(job);
      if (added === "added")
        await audit.record({ at: now(), action: "job", ...whoAsked(job.payload), details: { name: job.name, key: job.key } });
      return added;
    },
    work: (name, handler) => queue.work(name, handler),
    start: () => queue.start(),
    stop: () => queue.stop(),
  };
}

function whoAsked(payload: Json): { readonly actor: string; readonly repository?: string } {
  const [login, owner, repository] = ["login", "owner", "repository"].map((name) => textIn(payload, name));
  return { actor: login ?? "tuneup", ...(owner === undefined || repository === undefined ? {} : { repository: `${owner}/${repository}` }) };
}

function textIn(payload: Json, name: string): string | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const value: unknown = Reflect.get(payload, name);
  return typeof value === "string" ? value : undefined;
}
