import type { Context, Probot } from "probot";
import { asJson } from "../domain/digest.ts";
import type { JobQueue } from "../ports/job-queue.ts";
import type { Log } from "../ports/runtime.ts";
import { commentCommand } from "./comment-command.ts";
import { runJobName, runKey, type RunRequest } from "./run-request.ts";

export interface GithubAppParts {
  readonly queue: Pick<JobQueue, "add">;
  readonly log: Log;
}

export const helpText = [
  "`/tuneup run` — look for the largest failure cluster of this repository's agent, and propose an edit if replays prove one",
  "`/tuneup run <cluster>` — the same for one cluster",
  "`/tuneup help` — this list",
].join("\n");

type Comment = Context<"issue_comment.created">;

/**
 * The App's webhook side. A new comment with a command, by someone who may write at this moment, becomes one durable job and gets 👀.
 * Everyone else, bots and edits included, gets silence. Nothing is worked on here.
 */
export function githubApp(parts: GithubAppParts): (app: Probot) => void {
  return (app) => {
    app.on("issue_comment.created", (context) => handleComment(context, parts));
  };
}

async function handleComment(context: Comment, parts: GithubAppParts): Promise<void> {
  const { comment, issue, repository, installation } = context.payload;
  const command = commentCommand(comment.body);
  if (command === undefined || comment.user === null || comment.user.type === "Bot" || installation === undefined) return;
  const { login } = comment.user;
  if (!(await mayWrite(context, login))) {
    parts.log.info({ repository: repository.full_name, comment: comment.id }, "ignored a command of someone without write permission");
    return;
  }
  if (command.kind !== "run") {
    await answerWithHelp(context, command.kind === "unknown");
    return;
  }
  const request: RunRequest = {
    installation: installation.id,
    owner: repository.owner.login,
    repository: repository.name,
    issue: issue.number,
    comment: comment.id,
    login,
    ...(command.cluster === undefined ? {} : { cluster: command.cluster }),
  };
  // Durable first: the reaction promises work, so it must not come before the work is safe.
  const added = await parts.queue.add({ name: runJobName, key: runKey(request), payload: asJson(request) });
  parts.log.info({ repository: repository.full_name, comment: comment.id, added }, "recorded a run");
  await react(context, "eyes");
}

/** Asked live for every command: a webhook's own `author_association` may be stale. */
async function mayWrite(context: Comment, login: string): Promise<boolean> {
  try {
    const { data } = await context.octokit.rest.repos.getCollaboratorPermissionLevel(context.repo({ username: login }));
    return data.permission === "write" || data.permission === "admin";
  } catch (error) {
    // GitHub answers 404 for someone who is no collaborator; every other error is an error, never a "no".
    if (error instanceof Error && "status" in error && error.status === 404) return false;
    throw error;
  }
}

async function react(context: Comment, content: "eyes" | "confused"): Promise<void> {
  await context.octokit.rest.reactions.createForIssueComment(context.repo({ comment_id: context.payload.comment.id, content }));
}

async function answerWithHelp(context: Comment, confused: boolean): Promise<void> {
  if (confused) await react(context, "confused");
  const marker = `<!-- tuneup:help:${context.payload.comment.id} -->`;
  const { data } = await context.octokit.rest.issues.listComments(
    context.issue({ per_page: 100, since: context.payload.comment.created_at }),
  );
  if (data.some((one) => one.body?.includes(marker) === true)) return;
  await context.octokit.rest.issues.createComment(context.issue({ body: `${helpText}\n${marker}` }));
}
