import type { Context, Probot, ProbotOctokit } from "probot";
import { asJson, digestOf, shortDigest } from "../../domain/digest.ts";
import { type Box, boxOf, tickedWords } from "../../domain/publishing/box.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import { type CommandRequest, jobNameOf, requestKey } from "../commands/command-request.ts";
import type { PermissionLookUps } from "../commands/permission-look-ups.ts";
import { askForDashboard, knownDashboard } from "./dashboard.ts";

export interface DashboardEventParts {
  readonly queue: Pick<JobQueue, "add">;
  readonly documents: Pick<Documents, "get">;
  readonly permissions: PermissionLookUps;
  readonly log: Log;
}

/** More boxes in one edit than this are no person's. */
const mostBoxes = 10;

/**
 * Somebody edited a dashboard. Each box that this very edit ticked, and that was put there by Tuneup, becomes one durable job if who edited may write
 * at this moment. Whatever else was written there is put right again.
 */
export function dashboardEvents(parts: DashboardEventParts): (app: Probot) => void {
  return (app) => {
    app.on(["issues.edited", "issues.reopened"], (context) => edited(context, parts));
  };
}

async function edited({ id, octokit, payload }: Context<"issues.edited" | "issues.reopened">, parts: DashboardEventParts): Promise<void> {
  const { installation, issue, repository, sender } = payload;
  // Our own edits come back as events too.
  if (installation === undefined || sender.type !== "User") return;
  const place = { owner: repository.owner.login, name: repository.name };
  const known = await knownDashboard(parts.documents, place);
  if (known?.number !== issue.number) return;
  const before = payload.action === "edited" ? payload.changes.body?.from : undefined;
  const words = before === undefined ? [] : newlyTicked(before, issue.body ?? "").filter((word) => known.offered.includes(word));
  if (words.length > 0) await take(words.slice(0, mostBoxes), { id, octokit, payload }, parts);
  await askForDashboard(parts.queue, { installation: installation.id, owner: place.owner, repository: place.name }, `edited ${id}`);
}

const newlyTicked = (before: string, after: string): readonly string[] => {
  const known = new Set(tickedWords(before));
  return tickedWords(after).filter((word) => !known.has(word));
};

interface Edit {
  /** The delivery's id: one edit is one job for each box, however often its webhook comes. */
  readonly id: string;
  readonly octokit: ProbotOctokit;
  readonly payload: Context<"issues.edited" | "issues.reopened">["payload"];
}

async function take(words: readonly string[], { id, octokit, payload }: Edit, parts: DashboardEventParts): Promise<void> {
  const { installation, repository, sender } = payload;
  const place = { owner: repository.owner.login, repo: repository.name };
  const about = { repository: repository.full_name, issue: payload.issue.number };
  if (!(await parts.permissions.mayWrite(octokit, place, sender.login)))
    return parts.log.info(about, "ignored boxes that were ticked by someone without write permission");
  for (const word of words) {
    const box = boxOf(word);
    if (box === undefined) continue;
    const request: CommandRequest = {
      installation: installation?.id ?? 0,
      owner: place.owner,
      repository: place.repo,
      login: sender.login,
      user: sender.id,
      box: shortDigest(digestOf(`${id} ${word}`)),
      ...commandOf(box),
    };
    const added = await parts.queue.add({ name: jobNameOf(request), key: requestKey(request), payload: asJson(request) });
    parts.log.info({ ...about, command: request.command, added }, "recorded a command from a box");
  }
}

function commandOf(box: Box): Pick<CommandRequest, "command" | "cluster" | "issue" | "onPull"> {
  if ("cluster" in box) return { command: box.kind, cluster: box.cluster };
  return { command: box.kind, ...(box.pull === undefined ? {} : { issue: box.pull, onPull: true }) };
}
