import type { ProbotOctokit } from "probot";
import { TuneupError } from "../domain/errors.ts";
import type { JobHandler } from "../ports/job-queue.ts";
import type { Log } from "../ports/runtime.ts";
import { type RunRequest, runRequestSchema } from "./run-request.ts";

/** How a run ended, for the comment: one or two sentences of ours, already safe to publish. */
export interface RunEnd {
  readonly published: boolean;
  readonly text: string;
}

export interface RunJobParts {
  /** An authenticated client of the installation; asked anew for every step, so that no token grows old. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  /** A token of the installation, for one repository. `read` may read contents; `write` may also write contents and pull requests. */
  readonly token: (request: RunRequest, access: "read" | "write") => Promise<string>;
  /** Everything up to the proposal, in a process without any token; the result is plain JSON. */
  readonly read: (
    request: RunRequest,
    checkout: { readonly token: string; readonly commit: string },
    signal: AbortSignal,
  ) => Promise<unknown>;
  /** Publishes in a process of its own. */
  readonly publish: (report: unknown, token: string) => Promise<RunEnd>;
  readonly log: Log;
}

/** The job behind one `/tuneup run`: prove, publish, answer. Each is a step that is never repeated once it has finished. */
export function runJob(parts: RunJobParts): JobHandler {
  return async (job, steps, signal) => {
    const request = runRequestSchema.parse(job.payload);
    const end = await work(request, parts, steps, signal);
    await steps.run("answer", () => answer(request, end, parts));
  };
}

async function work(request: RunRequest, parts: RunJobParts, steps: Parameters<JobHandler>[1], signal: AbortSignal): Promise<RunEnd> {
  try {
    const report = await steps.run("prove", async () => {
      const commit = await headOf(request, parts);
      return parts.read(request, { token: await parts.token(request, "read"), commit }, signal);
    });
    return await steps.run("publish", async () => parts.publish(report, await parts.token(request, "write")));
  } catch (error) {
    // What may pass by itself is tried again by the queue; everything else is an answer to the person who asked.
    if (!(error instanceof TuneupError) || error.retryable) throw error;
    parts.log.warn({ code: error.code, repository: `${request.owner}/${request.repository}` }, "a run ended with an error");
    return { published: false, text: `${error.message} ${error.remedy}` };
  }
}

async function headOf(request: RunRequest, parts: RunJobParts): Promise<string> {
  const octokit = await parts.octokit(request.installation);
  const where = { owner: request.owner, repo: request.repository };
  const { data } = await octokit.rest.repos.get(where);
  const branch = await octokit.rest.repos.getBranch({ ...where, branch: data.default_branch });
  return branch.data.commit.sha;
}

/** One comment for one run, found again by its marker; 🚀 for a pull request, 😕 for none. */
async function answer(request: RunRequest, end: RunEnd, parts: RunJobParts): Promise<void> {
  const octokit = await parts.octokit(request.installation);
  const where = { owner: request.owner, repo: request.repository };
  const marker = `<!-- tuneup:run:${request.comment} -->`;
  const body = `${end.text}\n${marker}`;
  const comments = await octokit.paginate(octokit.rest.issues.listComments, { ...where, issue_number: request.issue, per_page: 100 });
  if (!comments.some((one) => one.body?.includes(marker) === true && one.user?.type === "Bot")) {
    await octokit.rest.issues.createComment({ ...where, issue_number: request.issue, body });
  }
  await octokit.rest.reactions.createForIssueComment({
    ...where,
    comment_id: request.comment,
    content: end.published ? "rocket" : "confused",
  });
}
