import type { Context, Probot } from "probot";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Log } from "../../ports/runtime.ts";
import type { PermissionLookUps } from "../commands/permission-look-ups.ts";
import { isOurBranch } from "../pulls/pull-change.ts";
import { askForApprovalLook } from "./approval-request.ts";

export interface ApprovalEventParts {
  readonly queue: Pick<JobQueue, "add">;
  readonly permissions: PermissionLookUps;
  readonly log: Log;
}

type Reviewed = Context<"pull_request_review.submitted" | "pull_request_review.dismissed">;
type Moved = Context<"pull_request.opened" | "pull_request.reopened" | "pull_request.synchronize">;

/**
 * What may change whether a pull request is approved: reviews of ours, and new heads of any, because a check that merges wait for has to stand at
 * all of them. Each becomes one durable job. What is missed here the upkeep finds.
 */
export function approvalEvents(parts: ApprovalEventParts): (app: Probot) => void {
  return (app) => {
    app.on(["pull_request_review.submitted", "pull_request_review.dismissed"], (context) => reviewed(context, parts));
    app.on(["pull_request.opened", "pull_request.reopened", "pull_request.synchronize"], (context) => moved(context, parts));
  };
}

async function reviewed({ id, octokit, payload }: Reviewed, { log, permissions, queue }: ApprovalEventParts): Promise<void> {
  const { installation, pull_request: pull, repository, review, sender } = payload;
  const place = { owner: repository.owner.login, repo: repository.name };
  const isOurs = isOurBranch(pull.head.ref) && pull.head.repo?.full_name === repository.full_name;
  if (installation === undefined || !isOurs || review.state === "commented") return;
  // Anyone may review in a public repository. Here this only saves work: who counts is asked anew when the look is taken.
  if (sender.type !== "User" || !(await permissions.mayWrite(octokit, place, sender.login)))
    return log.info(
      { repository: repository.full_name, pull: pull.number },
      "left a review by someone without write permission for the upkeep",
    );
  const request = { installation: installation.id, owner: place.owner, repository: place.repo, number: pull.number };
  await askForApprovalLook(queue, request, id);
}

async function moved({ id, payload }: Moved, { queue }: ApprovalEventParts): Promise<void> {
  const { action, installation, pull_request: pull, repository, sender } = payload;
  if (installation === undefined) return;
  const pushed = action === "synchronize" ? { pushedBy: sender.login } : {};
  const request = { installation: installation.id, owner: repository.owner.login, repository: repository.name, number: pull.number };
  await askForApprovalLook(queue, { ...request, ...pushed }, id);
}
