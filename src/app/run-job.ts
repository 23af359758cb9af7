import type { ProbotOctokit } from "probot";
import { asJson } from "../domain/digest.ts";
import { type ErrorCode, TuneupError } from "../domain/errors.ts";
import type { ClusterId, ProposalId } from "../domain/ids.ts";
import { safeInline } from "../domain/text/safe-text.ts";
import type { FewAtOnce } from "../pipeline/few-at-once.ts";
import { rememberInvolved } from "../pipeline/standing/involved.ts";
import { knownPull } from "../pipeline/standing/pulls.ts";
import { countFailedTry, keepRequest } from "../pipeline/standing/requests.ts";
import { jobBegins, jobEnds, jobShows, rememberClusterAt } from "../pipeline/standing/runs.ts";
import { type JobHandler, mostTries, type Steps } from "../ports/job-queue.ts";
import type { Log, Progress } from "../ports/runtime.ts";
import { checkProgress, closeCheck, type Conclusion, findCheck, openCheck, type OpenCheck } from "./checks/check-run.ts";
import { answer } from "./commands/answer.ts";
import { type Assignment, assignmentOf } from "./commands/assignment.ts";
import { type CommandRequest, commandRequestSchema, repositoryOf, requestKey } from "./commands/command-request.ts";
import type { PeopleParts } from "./commands/people-commands.ts";
import type { PermissionLookUps } from "./commands/permission-look-ups.ts";
import { supersedeOthers } from "./pulls/supersede.ts";

/** How a run ended, for the comment: one or two sentences of ours, already safe to publish. */
export interface RunEnd {
  readonly published: boolean;
  readonly text: string;
  /** The pull request that the text names. */
  readonly pull?: number;
  /** The commit that was published: the result is about this one and no other. */
  readonly head?: string;
  /** How a check says it; by default `success` where something was published, else `neutral`. */
  readonly conclusion?: Conclusion;
}

/** What the reading half hands over, as far as the App looks into it. */
export interface ReadReport {
  /** The failure it was about. */
  readonly cluster?: ClusterId;
  /** What there is to publish, if anything. */
  readonly proposal?: { readonly id: ProposalId };
}

/** What the reading half is given besides its assignment. */
export interface ReadingPlace {
  readonly token: string;
  readonly commit: string;
  /** Of the repository, now: in a public one no session is named. */
  readonly visibility: "public" | "private";
  readonly signal: AbortSignal;
  /** Sees the job's progress as it goes. */
  readonly watch: (progress: Progress) => void;
}

export interface RunJobParts extends PeopleParts {
  /** An authenticated client of the installation; asked anew for every step, so that no token grows old. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  /** The App's number: only its own comments are edited. */
  readonly app: number;
  readonly permissions: PermissionLookUps;
  /** Why no job may begin in this repository now, with what changes that; `undefined` when one may. */
  readonly mayBegin: (request: CommandRequest) => Promise<string | undefined>;
  /** Jobs that read take turns, so that a machine is not overrun; those that wait have their check already. All at once where absent. */
  readonly turns?: Pick<FewAtOnce, "run">;
  /** A token of the installation, for one repository. `read` may read contents; `write` may also write contents and pull requests. */
  readonly token: (request: CommandRequest, access: "read" | "write") => Promise<string>;
  /** Everything up to the proposal, in a process without any token; the result is plain JSON. */
  readonly read: (assignment: Assignment, place: ReadingPlace) => Promise<ReadReport>;
  /** Publishes in a process of its own. */
  readonly publish: (report: ReadReport, assignment: Assignment, token: string) => Promise<RunEnd>;
  /** Has it looked at whether another person approves a pull request that was published. */
  readonly askForApproval: (request: CommandRequest, pull: number) => Promise<void>;
  /** Told that a job has begun or ended, for whoever shows what is under way. */
  readonly changed?: (request: CommandRequest, what: "began" | "ended") => Promise<void>;
  readonly log: Log;
}

/** The commits that a run is about. */
interface Heads {
  /** The default branch's head, where it reads. */
  readonly base: string;
  /** Where its check stands: the pull request's head, or the same. */
  readonly shown: string;
  readonly visibility: "public" | "private";
}

interface Begun {
  readonly heads?: Heads;
  readonly check?: OpenCheck;
  readonly cluster?: ClusterId;
  readonly end: RunEnd;
}

/**
 * The job behind a command that reads sessions: prove, publish, close the check, answer. Each is a step that is never repeated once it has finished. What
 * may pass by itself is tried again by the queue; at its last try the job ends by itself, so that nobody waits for an answer and no check stays open.
 */
export function runJob(parts: RunJobParts): JobHandler {
  return async (job, steps, signal) => {
    const request = commandRequestSchema.parse(job.payload);
    const { command, issue, login } = request;
    const key = requestKey(request);
    await jobBegins(parts.documents, repositoryOf(request), key, {
      command,
      by: login,
      at: parts.now(),
      ...(issue === undefined ? {} : { issue }),
      ...(request.cluster === undefined ? {} : { cluster: request.cluster }),
    });
    await parts.changed?.(request, "began");
    const begun = await work(request, parts, steps, signal);
    const cluster = begun.cluster ?? request.cluster;
    await keepRequest(parts.documents, key, asJson({ ...request, ...(cluster === undefined ? {} : { cluster }) }));
    await steps.run("close check", () => close(request, begun, parts));
    const { conclusion: _conclusion, head: _head, published, ...said } = begun.end;
    await steps.run("answer", async () => {
      const octokit = await parts.octokit(request.installation);
      const say = (text: string): Promise<void> =>
        answer(octokit, request, { kind: "run", ...said, text, done: published, afresh: true }, parts.app);
      await publishable(said.text, say);
    });
    const { pull } = begun.end;
    if (begun.end.published && pull !== undefined) {
      await steps.run("supersede", () => supersede(request, pull, parts));
      await steps.run("ask for approval", () => parts.askForApproval(request, pull));
    }
    await jobEnds(parts.documents, repositoryOf(request), key, parts.now());
    await parts.changed?.(request, "ended");
  };
}

async function work(request: CommandRequest, parts: RunJobParts, steps: Steps, signal: AbortSignal): Promise<Begun> {
  let begun: Omit<Begun, "end"> = {};
  try {
    const heads = await steps.run("heads", () => headsOf(request, parts));
    begun = { heads };
    const against = await steps.run("may begin", async () => (await parts.mayBegin(request)) ?? null);
    if (against !== null) return { ...begun, end: { published: false, text: safeInline(against, 1500), conclusion: "action_required" } };
    const check = await steps.run(
      "check",
      async () => (await openCheck(await parts.octokit(request.installation), request, heads.shown)) ?? null,
    );
    if (check !== null) {
      begun = { ...begun, check };
      await jobShows(parts.documents, repositoryOf(request), requestKey(request), check.id);
    }
    const assigned = await steps.run("assign", () => assignmentOf(request, parts));
    if (!assigned.possible) return { ...begun, end: { published: false, text: assigned.why, conclusion: "action_required" } };
    const { assignment } = assigned;
    const { turns = { run: (task) => task() } } = parts;
    const report = await turns.run(() => inTurn(assignment, { heads, ...begun }, parts, steps, signal));
    if ("against" in report)
      return { ...begun, end: { published: false, text: safeInline(report.against, 1500), conclusion: "action_required" } };
    if (report.cluster !== undefined) begun = { ...begun, cluster: report.cluster };
    if (report.cluster !== undefined && request.issue !== undefined)
      await rememberClusterAt(parts.documents, repositoryOf(request), request.issue, report.cluster);
    return { ...begun, end: await steps.run("publish", () => publish(request, report, assignment, parts)) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ...begun, end: await endOf(error, request, parts) };
  }
}

/** Proves, once it is this job's turn: what was allowed when it was recorded may not be any more. */
async function inTurn(
  assignment: Assignment,
  begun: { readonly heads: Heads; readonly check?: OpenCheck },
  parts: RunJobParts,
  steps: Steps,
  signal: AbortSignal,
): Promise<ReadReport | { readonly against: string }> {
  signal.throwIfAborted();
  const against = await steps.run("may begin now", async () => (await parts.mayBegin(assignment.request)) ?? null);
  return against === null ? steps.run("prove", () => prove(assignment, begun, parts, signal)) : { against };
}

/** Errors that a person has to do something about. */
const forPeople: ReadonlySet<ErrorCode> = new Set([
  "usage",
  "config-invalid",
  "model-not-configured",
  "budget-reached",
  "forge-refused",
  "publish-refused",
]);

/** What an error comes to: thrown on while trying again may help, else an end that says it. */
async function endOf(error: unknown, request: CommandRequest, parts: RunJobParts): Promise<RunEnd> {
  const known = error instanceof TuneupError ? error : undefined;
  const isLast = async (): Promise<boolean> => (await countFailedTry(parts.documents, requestKey(request))) >= mostTries;
  if ((known === undefined || known.retryable) && !(await isLast())) throw error;
  const about = { repository: `${request.owner}/${request.repository}`, command: request.command };
  parts.log.warn(
    { ...about, code: known?.code ?? "internal", error: error instanceof Error ? error.name : "unknown" },
    "a run ended with an error",
  );
  if (known === undefined)
    return { published: false, text: "This ended with an error of Tuneup's own. Its log tells the operator more.", conclusion: "failure" };
  const conclusion = forPeople.has(known.code) ? "action_required" : "failure";
  return { published: false, text: safeInline(`${known.message} ${known.remedy}`, 1500), conclusion };
}

async function prove(
  assignment: Assignment,
  { check, heads }: { readonly heads: Heads; readonly check?: OpenCheck },
  parts: RunJobParts,
  signal: AbortSignal,
): Promise<ReadReport> {
  const { request } = assignment;
  const shown =
    check === undefined
      ? undefined
      : checkProgress({
          octokit: () => parts.octokit(request.installation),
          request,
          check,
          clock: () => Date.parse(parts.now()),
          log: parts.log,
        });
  try {
    shown?.take({ stage: "begin", state: "started" });
    const watch = (progress: Progress): void => shown?.take(progress);
    return await parts.read(assignment, {
      token: await parts.token(request, "read"),
      commit: heads.base,
      visibility: heads.visibility,
      signal,
      watch,
    });
  } finally {
    await shown?.settled();
  }
}

/** Who asked may have lost the permission while the job ran: nothing is written in their name then. */
async function publish(request: CommandRequest, report: ReadReport, assignment: Assignment, parts: RunJobParts): Promise<RunEnd> {
  if (report.proposal !== undefined && request.scheduled === undefined) {
    const place = { owner: request.owner, repo: request.repository };
    const octokit = await parts.octokit(request.installation);
    if (!(await parts.permissions.mayWrite(octokit, place, request.login)))
      return { published: false, text: "Nothing was published: who asked for this may no longer write to the repository." };
    // Before anything is written: whoever asks for a proposal is not the other person who approves it.
    await rememberInvolved(parts.documents, report.proposal.id, request.login);
  }
  return parts.publish(report, assignment, await parts.token(request, "write"));
}

/** The new pull request takes the place of earlier ones for the same failure. */
async function supersede(request: CommandRequest, pull: number, parts: RunJobParts): Promise<number> {
  const { app, documents, now } = parts;
  return supersedeOthers(repositoryOf(request), pull, { octokit: await parts.octokit(request.installation), app, documents, now });
}

/** Closes the check; one whose making seemed to fail is looked for once more. */
async function close(request: CommandRequest, { check, end, heads }: Begun, parts: RunJobParts): Promise<void> {
  const octokit = await parts.octokit(request.installation);
  const conclusion = end.conclusion ?? (end.published ? "success" : "neutral");
  const finish = async (one: OpenCheck | undefined): Promise<void> => {
    if (one !== undefined) await publishable(end.text, (text) => closeCheck(octokit, request, one, { conclusion, text }));
  };
  const own = check ?? (heads === undefined ? undefined : await findCheck(octokit, request, heads.shown));
  await finish(own);
  // Whoever reviews looks at the published commit. The pull request's live head may be somebody's later one, which nothing has proven.
  if (end.head !== undefined && end.head !== own?.head) await finish(await openCheck(octokit, request, end.head));
}

/** Says it; where the last look holds it back, says that instead: nobody waits for ever because of a word. */
async function publishable(text: string, say: (text: string) => Promise<void>): Promise<void> {
  try {
    await say(text);
  } catch (error) {
    if (!(error instanceof TuneupError) || error.code !== "publish-refused") throw error;
    await say("The result holds something that Tuneup does not publish. The operator finds it in the log and in the data folder.");
  }
}

async function headsOf(request: CommandRequest, parts: RunJobParts): Promise<Heads> {
  const octokit = await parts.octokit(request.installation);
  const where = { owner: request.owner, repo: request.repository };
  const { data } = await octokit.rest.repos.get(where);
  const branch = await octokit.rest.repos.getBranch({ ...where, branch: data.default_branch });
  const base = branch.data.commit.sha;
  const heads: Heads = { base, shown: base, visibility: data.private ? "private" : "public" };
  if (request.onPull !== true || request.issue === undefined) return heads;
  if ((await knownPull(parts.documents, repositoryOf(request), request.issue)) === undefined) return heads;
  const pull = await octokit.rest.pulls.get({ ...where, pull_number: request.issue });
  return { ...heads, shown: pull.data.head.sha };
}
