import type { ProbotOctokit } from "probot";
import { TuneupError } from "../domain/errors.ts";
import type { ClusterId } from "../domain/ids.ts";
import { safeInline } from "../domain/text/safe-text.ts";
import { jobBegins, jobEnds, rememberClusterAt } from "../pipeline/standing/runs.ts";
import type { JobHandler } from "../ports/job-queue.ts";
import type { Log } from "../ports/runtime.ts";
import { answer } from "./commands/answer.ts";
import { assignmentOf, type Assignment } from "./commands/assignment.ts";
import { type CommandRequest, commandRequestSchema, repositoryOf, requestKey } from "./commands/command-request.ts";
import type { PeopleParts } from "./commands/people-commands.ts";
import type { PermissionLookUps } from "./commands/permission-look-ups.ts";

/** How a run ended, for the comment: one or two sentences of ours, already safe to publish. */
export interface RunEnd {
  readonly published: boolean;
  readonly text: string;
  /** The pull request that the text names. */
  readonly pull?: number;
}

/** What the reading half hands over, as far as the App looks into it. */
export interface ReadReport {
  /** The failure it was about. */
  readonly cluster?: ClusterId;
  /** Whether there is anything to publish. */
  readonly proposal?: unknown;
}

export interface RunJobParts extends PeopleParts {
  /** An authenticated client of the installation; asked anew for every step, so that no token grows old. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  /** The App's number: only its own comments are edited. */
  readonly app: number;
  readonly permissions: PermissionLookUps;
  /** Why no job may begin in this repository now, with what changes that; `undefined` when one may. */
  readonly mayBegin: (repository: string) => Promise<string | undefined>;
  /** A token of the installation, for one repository. `read` may read contents; `write` may also write contents and pull requests. */
  readonly token: (request: CommandRequest, access: "read" | "write") => Promise<string>;
  /** Everything up to the proposal, in a process without any token; the result is plain JSON. */
  readonly read: (
    assignment: Assignment,
    checkout: { readonly token: string; readonly commit: string },
    signal: AbortSignal,
  ) => Promise<ReadReport>;
  /** Publishes in a process of its own. */
  readonly publish: (report: ReadReport, assignment: Assignment, token: string) => Promise<RunEnd>;
  readonly log: Log;
}

/** The job behind a command that reads sessions: prove, publish, answer. Each is a step that is never repeated once it has finished. */
export function runJob(parts: RunJobParts): JobHandler {
  return async (job, steps, signal) => {
    const request = commandRequestSchema.parse(job.payload);
    const repository = repositoryOf(request);
    const { cluster, command, issue, login } = request;
    await jobBegins(parts.documents, repository, requestKey(request), {
      command,
      by: login,
      at: parts.now(),
      ...(issue === undefined ? {} : { issue }),
      ...(cluster === undefined ? {} : { cluster }),
    });
    const end = await work(request, parts, steps, signal);
    await steps.run("answer", async () =>
      answer(
        await parts.octokit(request.installation),
        request,
        { kind: "run", text: end.text, done: end.published, afresh: true, ...(end.pull === undefined ? {} : { pull: end.pull }) },
        parts.app,
      ),
    );
    await jobEnds(parts.documents, repository, requestKey(request), parts.now());
  };
}

async function work(request: CommandRequest, parts: RunJobParts, steps: Parameters<JobHandler>[1], signal: AbortSignal): Promise<RunEnd> {
  try {
    const assigned = await steps.run("assign", () => assignmentOf(request, parts));
    if (!assigned.possible) return { published: false, text: assigned.why };
    const { assignment } = assigned;
    const against = await steps.run("may begin", async () => (await parts.mayBegin(`${request.owner}/${request.repository}`)) ?? null);
    if (against !== null) return { published: false, text: safeInline(against, 1500) };
    const report = await steps.run("prove", async () => {
      const commit = await headOf(request, parts);
      return parts.read(assignment, { token: await parts.token(request, "read"), commit }, signal);
    });
    if (report.cluster !== undefined && request.issue !== undefined)
      await rememberClusterAt(parts.documents, repositoryOf(request), request.issue, report.cluster);
    return await steps.run("publish", () => publish(request, report, assignment, parts));
  } catch (error) {
    // What may pass by itself is tried again by the queue; everything else is an answer to the person who asked.
    if (!(error instanceof TuneupError) || error.retryable) throw error;
    parts.log.warn({ code: error.code, repository: `${request.owner}/${request.repository}` }, "a run ended with an error");
    return { published: false, text: safeInline(`${error.message} ${error.remedy}`, 1500) };
  }
}

/** Who asked may have lost the permission while the job ran: nothing is written in their name then. */
async function publish(request: CommandRequest, report: ReadReport, assignment: Assignment, parts: RunJobParts): Promise<RunEnd> {
  if (report.proposal !== undefined) {
    const place = { owner: request.owner, repo: request.repository };
    const octokit = await parts.octokit(request.installation);
    if (!(await parts.permissions.mayWrite(octokit, place, request.login)))
      return { published: false, text: "Nothing was published: who asked for this may no longer write to the repository." };
  }
  return parts.publish(report, assignment, await parts.token(request, "write"));
}

async function headOf(request: CommandRequest, parts: RunJobParts): Promise<string> {
  const octokit = await parts.octokit(request.installation);
  const where = { owner: request.owner, repo: request.repository };
  const { data } = await octokit.rest.repos.get(where);
  const branch = await octokit.rest.repos.getBranch({ ...where, branch: data.default_branch });
  return branch.data.commit.sha;
}
