import type { Context, Probot, ProbotOctokit } from "probot";
import { asJson } from "../../domain/digest.ts";
import { keptRequest } from "../../pipeline/standing/requests.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import { type CommandRequest, commandRequestSchema, jobNameOf, requestKey } from "../commands/command-request.ts";
import type { PermissionLookUps } from "../commands/permission-look-ups.ts";
import { checkName, runAgainAction } from "./check-run.ts";

export interface CheckEventParts {
  readonly queue: Pick<JobQueue, "add">;
  readonly documents: Pick<Documents, "get">;
  readonly permissions: PermissionLookUps;
  readonly log: Log;
}

type Pressed = Context<"check_run.rerequested" | "check_run.requested_action">["payload"];

/**
 * The buttons at our check runs. "Re-run" gives the same command again: what failed goes on where it was, what had finished is found again. "Run again"
 * tries the same failure anew. Each check starts one job, however often its button is pressed, for people who may write at that moment.
 */
export function checkEvents(parts: CheckEventParts): (app: Probot) => void {
  return (app) => {
    app.on("check_run.rerequested", (context) => press(context.payload, false, context.octokit, parts));
    app.on("check_run.requested_action", async (context) => {
      if (context.payload.requested_action?.identifier === runAgainAction.identifier)
        await press(context.payload, true, context.octokit, parts);
    });
  };
}

async function press(payload: Pressed, anew: boolean, octokit: ProbotOctokit, parts: CheckEventParts): Promise<void> {
  const { check_run: check, repository, sender } = payload;
  if (check.name !== checkName || sender.type !== "User") return;
  const place = { owner: repository.owner.login, repo: repository.name };
  const about = { repository: repository.full_name, check: check.id };
  const original = await requestBehind(check.external_id, place, parts);
  if (original === undefined) return parts.log.info(about, "ignored a button at a check that no request is known of");
  if (!(await parts.permissions.mayWrite(octokit, place, sender.login)))
    return parts.log.info(about, "ignored a button pressed by someone without write permission");
  const request = again(original, { check: check.id, login: sender.login, user: sender.id, anew });
  const added = await parts.queue.add({ name: jobNameOf(request), key: requestKey(request), payload: asJson(request) });
  return parts.log.info({ ...about, command: request.command, added }, "recorded a run from a check");
}

/** The request that a check was made for; only in the repository that it belongs to. */
async function requestBehind(
  key: string | null,
  place: { readonly owner: string; readonly repo: string },
  { documents }: CheckEventParts,
): Promise<CommandRequest | undefined> {
  if (key === null || key.length > 300) return undefined;
  const parsed = commandRequestSchema.safeParse(await keptRequest(documents, key));
  if (!parsed.success) return undefined;
  const { owner, repository } = parsed.data;
  return owner === place.owner && repository === place.repo ? parsed.data : undefined;
}

function again(
  original: CommandRequest,
  pressed: { readonly check: number; readonly login: string; readonly user: number; readonly anew: boolean },
): CommandRequest {
  const { box: _box, comment: _comment, review: _review, scheduled: _scheduled, ...request } = original;
  const { anew, check, login, user } = pressed;
  // Only what looks for a failure can be tried anew; a revision asked for twice is the same revision.
  const command = anew && request.command === "run" && request.cluster !== undefined ? "retry" : request.command;
  return { ...request, command, check, login, user };
}
