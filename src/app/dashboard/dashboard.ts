import type { ProbotOctokit } from "probot";
import { z } from "zod";
import { asJson } from "../../domain/digest.ts";
import type { RepositoryId } from "../../domain/ids.ts";
import { offeredWords } from "../../domain/publishing/box.ts";
import { repositoryKey } from "../../pipeline/standing/people.ts";
import type { JobHandler, JobQueue } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { WriteGuard } from "../../ports/outgoing.ts";
import type { Log } from "../../ports/runtime.ts";
import { dashboardMark, dashboardPage, type DashboardState, dashboardTitle } from "./dashboard-page.ts";

/** The name, in the queue, of jobs that bring a dashboard up to date. */
export const dashboardJobName = "dashboard";

const requestSchema = z.object({
  installation: z.number().int().positive(),
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
});

/** Asks for a look at a repository's dashboard. `cause` tells one occasion from another. */
export async function askForDashboard(queue: Pick<JobQueue, "add">, place: z.infer<typeof requestSchema>, cause: string): Promise<void> {
  const { installation, owner, repository } = place;
  const key = `${owner}/${repository}/${cause}`;
  await queue.add({ name: dashboardJobName, key, payload: asJson({ installation, owner, repository }) });
}

/** The dashboard as the ledger knows it: its issue, and the boxes that were last put before people. */
export interface KnownDashboard {
  readonly number: number;
  readonly offered: readonly string[];
  /** Closed by Tuneup, because the repository did not want it any more: it comes back when it does. */
  readonly closed?: true;
}

const keyOf = (repository: RepositoryId): string => `dashboard/${repositoryKey(repository)}`;

export async function knownDashboard(documents: Pick<Documents, "get">, repository: RepositoryId): Promise<KnownDashboard | undefined> {
  const stored = await documents.get(keyOf(repository));
  return stored === undefined ? undefined : (stored as unknown as KnownDashboard);
}

/** `unclear` while the file that says it is not in order: then nothing changes. */
export type Wanted = "yes" | "no" | "unclear";

/** Asks for a look where there is a dashboard already; the upkeep makes the first one, and most repositories have none. */
export async function refreshDashboard(
  queue: Pick<JobQueue, "add">,
  documents: Pick<Documents, "get">,
  place: z.infer<typeof requestSchema>,
  cause: string,
): Promise<void> {
  if ((await knownDashboard(documents, { owner: place.owner, name: place.repository })) !== undefined)
    await askForDashboard(queue, place, cause);
}

export interface DashboardParts {
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  /** The App's number: only its own issue is touched. */
  readonly app: number;
  /** Whether the repository wants a dashboard; asked live. Throws where that cannot be told. */
  readonly wanted: (octokit: ProbotOctokit, repository: RepositoryId) => Promise<Wanted>;
  readonly state: (repository: RepositoryId) => Promise<DashboardState>;
  /** Does what only one process may do at a time; the guard is asked before each write. */
  readonly alone: <T>(name: string, work: (fence: WriteGuard) => Promise<T>) => Promise<T>;
  readonly log: Log;
}

export function dashboardJob(parts: DashboardParts & { readonly octokit: (installation: number) => Promise<ProbotOctokit> }): JobHandler {
  return async (job, steps) => {
    const { installation, owner, repository } = requestSchema.parse(job.payload);
    await steps.run("show", async () => keepDashboard(await parts.octokit(installation), { owner, name: repository }, parts));
  };
}

/**
 * Brings the one dashboard of a repository up to date: made when it is wanted, written when it differs from what is so, closed when it is not wanted any
 * more and opened again when it is, left alone when a person closed it. Whatever somebody wrote into it is gone afterwards. Any number of calls, from any number of processes, leave
 * one issue.
 */
export async function keepDashboard(octokit: ProbotOctokit, repository: RepositoryId, parts: DashboardParts): Promise<void> {
  try {
    await parts.alone(`dashboard ${repositoryKey(repository)}`, (fence) => keep({ octokit, repository, fence }, parts));
  } catch (error) {
    // Issues are switched off there.
    if (!(error instanceof Error && "status" in error && error.status === 410)) throw error;
    parts.log.info({ repository: repositoryKey(repository) }, "no dashboard: issues are switched off there");
  }
}

interface Scope {
  readonly octokit: ProbotOctokit;
  readonly repository: RepositoryId;
  readonly fence: WriteGuard;
}

interface Issue {
  readonly number: number;
  readonly state: string;
  readonly body?: string | null | undefined;
  readonly user: { readonly type?: string | undefined } | null;
  readonly performed_via_github_app?: { readonly id: number } | null | undefined;
  readonly pull_request?: unknown;
}

const placeOf = ({ repository }: Scope): { readonly owner: string; readonly repo: string } => ({
  owner: repository.owner,
  repo: repository.name,
});

const write = ({ repository }: Scope) => ({ what: "issue", repository: `${repository.owner}/${repository.name}`, texts: [] });

async function keep(scope: Scope, parts: DashboardParts): Promise<void> {
  const { fence, octokit, repository } = scope;
  const wanted = await parts.wanted(octokit, repository);
  const stored = await knownDashboard(parts.documents, repository);
  const known = await knownIssue(scope, parts);
  if (wanted === "unclear" || (known === undefined && wanted === "no")) return;
  const closed = known?.state === "closed" && known.number === stored?.number ? stored.closed : undefined;
  if (known?.state === "closed" && (closed === undefined || wanted === "no")) return;
  if (known !== undefined && wanted === "no") {
    await fence.before(write(scope));
    // Noted first: closed without a note it would look closed by a person.
    await parts.documents.put(keyOf(repository), asJson({ number: known.number, offered: [], closed: true }));
    await octokit.rest.issues.update({ ...placeOf(scope), issue_number: known.number, state: "closed", state_reason: "not_planned" });
    return;
  }
  const body = dashboardPage(await parts.state(repository));
  const number = known?.number ?? (await open(scope, body));
  // Before the page: a box must not be on it that nobody would obey.
  const shown: KnownDashboard = { number, offered: offeredWords(body) };
  await parts.documents.put(keyOf(repository), asJson(closed === undefined ? shown : { ...shown, closed }));
  // People's editors turn line ends into those of Windows.
  if (known === undefined || (closed === undefined && (known.body ?? "").replace(/\r\n?/g, "\n") === body)) return;
  await fence.before(write(scope));
  const again = closed === undefined ? {} : { state: "open" as const };
  await octokit.rest.issues.update({ ...placeOf(scope), issue_number: number, body, ...again });
  if (closed !== undefined) await parts.documents.put(keyOf(repository), asJson(shown));
}

async function open(scope: Scope, body: string): Promise<number> {
  await scope.fence.before(write(scope));
  const { data } = await scope.octokit.rest.issues.create({ ...placeOf(scope), title: dashboardTitle, body });
  return data.number;
}

/** The issue that the ledger names; else, after a crash or with an older ledger, an open one of ours with the mark. */
async function knownIssue(scope: Scope, { app, documents }: DashboardParts): Promise<Issue | undefined> {
  const { octokit } = scope;
  const known = await knownDashboard(documents, scope.repository);
  if (known !== undefined) {
    const found = await issueAt(scope, known.number);
    if (found !== undefined) return found;
  }
  const issues: readonly Issue[] = await octokit.paginate(octokit.rest.issues.listForRepo, {
    ...placeOf(scope),
    state: "open",
    per_page: 100,
  });
  return issues.find(
    (issue) =>
      issue.pull_request === undefined &&
      issue.user?.type === "Bot" &&
      (issue.performed_via_github_app?.id ?? app) === app &&
      issue.body?.includes(dashboardMark) === true,
  );
}

/** `undefined` for an issue that was deleted or moved away. */
async function issueAt(scope: Scope, number: number): Promise<Issue | undefined> {
  try {
    const { data } = await scope.octokit.rest.issues.get({ ...placeOf(scope), issue_number: number });
    return data;
  } catch (error) {
    if (error instanceof Error && "status" in error && (error.status === 404 || error.status === 301)) return undefined;
    throw error;
  }
}
