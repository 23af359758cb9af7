import type { ProbotOctokit } from "probot";
import type { CommandRequest } from "./command-request.ts";

/** 👀 received, 🚀 done, 😕 refused or without result. The same reaction twice is one. */
export async function react(octokit: ProbotOctokit, request: CommandRequest, content: "eyes" | "rocket" | "confused"): Promise<void> {
  if (request.comment === undefined) return;
  const where = { owner: request.owner, repo: request.repository, comment_id: request.comment, content };
  try {
    if (request.review === true) await octokit.rest.reactions.createForPullRequestReviewComment(where);
    else await octokit.rest.reactions.createForIssueComment(where);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether nobody can be told any more: the comment or issue is deleted, issues are switched off, or the conversation is locked. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof Error) || !("status" in error)) return false;
  return error.status === 404 || error.status === 410 || (error.status === 403 && /\blocked\b/i.test(error.message));
}
