import type { ProbotOctokit } from "probot";
import type { CommandRequest } from "./command-request.ts";

/** 👀 received, 🚀 done, 😕 refused or without result. The same reaction twice is one. */
export async function react(octokit: ProbotOctokit, request: CommandRequest, content: "eyes" | "rocket" | "confused"): Promise<void> {
  if (request.comment === undefined) return;
  const where = { owner: request.owner, repo: request.repository, comment_id: request.comment, content };
  if (request.review === true) await octokit.rest.reactions.createForPullRequestReviewComment(where);
  else await octokit.rest.reactions.createForIssueComment(where);
}
