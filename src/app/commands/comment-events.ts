import type { Context, Probot, ProbotOctokit } from "probot";
import { asJson, digestOf } from "../../domain/digest.ts";
import type { Digest } from "../../domain/ids.ts";
import { visible } from "../../domain/text/safe-text.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import { type CommandRequest, jobNameOf, requestKey, textKey } from "./command-request.ts";
import { type CommentCommand, commentCommand } from "./comment-command.ts";
import type { PermissionLookUps } from "./permission-look-ups.ts";
import { react } from "./reaction.ts";

export interface CommentParts {
  readonly queue: Pick<JobQueue, "add">;
  /** Keeps the words behind `revise` and `ignore`. */
  readonly documents: Pick<Documents, "put">;
  readonly permissions: PermissionLookUps;
  readonly log: Log;
}

/** A new comment, whatever kind it is. */
interface Note {
  readonly body: string;
  readonly comment: number;
  readonly review: boolean;
  readonly issue: number;
  /** Where a review comment stands: `prompts/system.md, line 12`. */
  readonly line?: string;
  readonly onPull: boolean;
  readonly installation: number;
  readonly owner: string;
  readonly repository: string;
  readonly login: string;
  readonly user: number;
  /** A person wrote it with their own hands: no bot, no app in somebody's name. */
  readonly byPerson: boolean;
}

/**
 * New comments and new review comments. One with a command, by a person who may write at this moment, becomes one durable job and gets 👀.
 * Everyone else, bots, apps and edits included, gets silence. Nothing is worked on here.
 */
export function commentEvents(parts: CommentParts): (app: Probot) => void {
  return (app) => {
    app.on("issue_comment.created", async (context) => {
      const note = noteOfComment(context.payload);
      if (note !== undefined) await take(note, context.octokit, parts);
    });
    app.on("pull_request_review_comment.created", async (context) => {
      const note = noteOfReview(context.payload);
      if (note !== undefined) await take(note, context.octokit, parts);
    });
  };
}

interface Author {
  readonly user: { readonly login: string; readonly type?: string | undefined } | null;
  readonly performed_via_github_app?: unknown;
}

const isByPerson = ({ performed_via_github_app: app, user }: Author): boolean =>
  user !== null && user.type === "User" && (app === null || app === undefined);

function noteOfComment({ comment, installation, issue, repository }: Context<"issue_comment.created">["payload"]): Note | undefined {
  if (installation === undefined || comment.user === null) return undefined;
  return {
    body: comment.body,
    comment: comment.id,
    review: false,
    issue: issue.number,
    onPull: issue.pull_request !== undefined,
    installation: installation.id,
    owner: repository.owner.login,
    repository: repository.name,
    login: comment.user.login,
    user: comment.user.id,
    byPerson: isByPerson(comment),
  };
}

function noteOfReview(payload: Context<"pull_request_review_comment.created">["payload"]): Note | undefined {
  const { comment, installation, pull_request: pull, repository } = payload;
  if (installation === undefined || comment.user === null) return undefined;
  return {
    body: comment.body,
    comment: comment.id,
    review: true,
    issue: pull.number,
    line: `${comment.path}${comment.line === null || comment.line === undefined ? "" : `, line ${comment.line}`}`,
    onPull: true,
    installation: installation.id,
    owner: repository.owner.login,
    repository: repository.name,
    login: comment.user.login,
    user: comment.user.id,
    byPerson: isByPerson(comment),
  };
}

async function take(note: Note, octokit: ProbotOctokit, parts: CommentParts): Promise<void> {
  const command = commentCommand(note.body);
  if (command === undefined || !note.byPerson) return;
  const place = { owner: note.owner, repo: note.repository };
  const about = { repository: `${note.owner}/${note.repository}`, comment: note.comment };
  if (!(await parts.permissions.mayWrite(octokit, place, note.login))) {
    parts.log.info(about, "ignored a command of someone without write permission");
    return;
  }
  const request = await requestOf(note, command, parts);
  // Durable first: the reaction promises work, so it must not come before the work is safe.
  const added = await parts.queue.add({ name: jobNameOf(request), key: requestKey(request), payload: asJson(request) });
  parts.log.info({ ...about, command: request.command, added }, "recorded a command");
  if (command.kind !== "unknown") await react(octokit, request, "eyes");
}

async function requestOf(note: Note, command: CommentCommand, parts: CommentParts): Promise<CommandRequest> {
  const { comment, installation, issue, login, onPull, owner, repository, review, user } = note;
  const text = textOf(command, note);
  return {
    installation,
    owner,
    repository,
    issue,
    comment,
    login,
    user,
    command: command.kind === "unknown" ? "help" : command.kind,
    ...(onPull ? { onPull } : {}),
    ...(review ? { review } : {}),
    ...("cluster" in command && command.cluster !== undefined ? { cluster: command.cluster } : {}),
    ...(command.kind === "replay" ? { sessions: command.sessions } : {}),
    ...(text === undefined ? {} : { text: await keepText(text, parts.documents) }),
  };
}

/** What is kept beside the request: people's words, and of a wrong command our own sentence about it. */
function textOf(command: CommentCommand, { line }: Note): string | undefined {
  if (command.kind === "revise") return line === undefined ? command.text : `${command.text} (said at ${line.slice(0, 300)})`;
  if (command.kind === "ignore") return command.words === "" ? undefined : command.words;
  return command.kind === "unknown" ? command.why : undefined;
}

async function keepText(text: string, documents: Pick<Documents, "put">): Promise<Digest> {
  const clean = visible(text);
  const digest = digestOf(clean);
  await documents.put(textKey(digest), clean);
  return digest;
}
