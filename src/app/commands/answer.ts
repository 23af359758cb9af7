import type { ProbotOctokit } from "probot";
import { TuneupError } from "../../domain/errors.ts";
import { unsafeMarkdown } from "../../domain/text/safe-text.ts";
import { type CommandRequest, requestKey } from "./command-request.ts";
import { isGone, react } from "./reaction.ts";

/** What a command comes to, for the person who asked. */
export interface Answer {
  /** Markdown of ours in which foreign text is defused already. */
  readonly text: string;
  /** `false` where nothing was done: 😕 instead of 🚀. */
  readonly done: boolean;
  /** The one pull request of ours that the text may refer to with `#`. */
  readonly pull?: number;
}

/** What an answer is about; each pull request or issue has one comment for each kind. */
export type AnswerKind =
  | "run"
  | "explain"
  | "ignored"
  | "paused"
  | "status"
  | "help"
  | "closed"
  | "edited"
  | "superseded"
  | "ended"
  | "old";

export interface Place {
  readonly owner: string;
  readonly repo: string;
  readonly issue: number;
}

interface Comment {
  readonly id: number;
  readonly body?: string | null | undefined;
  readonly user: { readonly type?: string | undefined } | null;
  readonly performed_via_github_app?: { readonly id: number } | null | undefined;
}

const markOf = (kind: AnswerKind): string => `<!-- tuneup:answer:${kind} -->`;

/** Whether a comment is ours: a mark that somebody copied is nobody's. */
const isOurs = (comment: Comment, app: number): boolean =>
  comment.user?.type === "Bot" && (comment.performed_via_github_app?.id ?? app) === app;

/**
 * Says something at an issue or pull request in the one comment of its kind. `afresh` is for results that people wait for: editing a comment tells
 * nobody, so the new one is written below and older ones of the kind are removed. Any number of calls with the same text leaves one comment.
 */
export async function say(octokit: ProbotOctokit, place: Place, message: Message, app: number): Promise<void> {
  try {
    await sayThere(octokit, place, message, app);
  } catch (error) {
    // Nobody can be told any more, and that is no reason to fail.
    if (!isGone(error)) throw error;
  }
}

type Message = Pick<Answer, "text" | "pull"> & { readonly kind: AnswerKind; readonly afresh?: string };

async function sayThere(octokit: ProbotOctokit, place: Place, message: Message, app: number): Promise<void> {
  const { issue, owner, repo } = place;
  const mark = markOf(message.kind);
  const again = message.afresh === undefined ? "" : `\n<!-- tuneup:request:${message.afresh.replace(/[^\w./-]/g, "")} -->`;
  const body = checked(`${message.text}\n${mark}${again}`, message.pull);
  const comments: readonly Comment[] = await octokit.paginate(octokit.rest.issues.listComments, {
    owner,
    repo,
    issue_number: issue,
    per_page: 100,
  });
  const earlier = comments.filter((one) => one.body?.includes(mark) === true && isOurs(one, app));
  const same = earlier.find((one) => (again === "" ? true : one.body?.includes(again.trim()) === true));
  if (same === undefined) await octokit.rest.issues.createComment({ owner, repo, issue_number: issue, body });
  else if (same.body !== body) await octokit.rest.issues.updateComment({ owner, repo, comment_id: same.id, body });
  for (const one of earlier) if (one !== same) await octokit.rest.issues.deleteComment({ owner, repo, comment_id: one.id });
}

/** Answers who asked: in the comment of its kind, and with 🚀 or 😕 at their own. */
export async function answer(
  octokit: ProbotOctokit,
  request: CommandRequest,
  message: Answer & { readonly kind: AnswerKind; readonly afresh?: boolean },
  app: number,
): Promise<void> {
  const { afresh, done, ...said } = message;
  if (request.issue !== undefined) {
    const place = { owner: request.owner, repo: request.repository, issue: request.issue };
    await say(octokit, place, { ...said, ...(afresh === true ? { afresh: requestKey(request) } : {}) }, app);
  }
  await react(octokit, request, done ? "rocket" : "confused");
}

/** The last look at a comment before it leaves. */
function checked(body: string, pull: number | undefined): string {
  const problems = unsafeMarkdown(pull === undefined ? body : body.replace(new RegExp(`#${pull}(?!\\d)`, "g"), ""));
  if (problems.length === 0 && body.length < 60_000) return body;
  throw new TuneupError("internal", `An answer is not fit to be published: it holds ${problems.join(", ") || "too much"}.`, {
    remedy: "Please report this with the command that was given.",
  });
}
