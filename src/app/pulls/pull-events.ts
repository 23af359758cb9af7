import type { Context, Probot } from "probot";
import { asJson } from "../../domain/digest.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { isOurBranch, pullActions, type PullChange, pullJobName } from "./pull-change.ts";

type Changed = Context<"pull_request.closed">["payload"];

/** What people do to pull requests from our branches. Each becomes one durable job; which of them are ours is looked up there. */
export function pullEvents(parts: { readonly queue: Pick<JobQueue, "add"> }): (app: Probot) => void {
  return (app) => {
    for (const action of pullActions)
      app.on(`pull_request.${action}`, async (context) => {
        const payload = context.payload as unknown as Changed;
        const { installation, pull_request: pull, repository, sender } = payload;
        if (installation === undefined || !isOurBranch(pull.head.ref) || pull.head.repo?.full_name !== repository.full_name) return;
        const change: PullChange = {
          installation: installation.id,
          owner: repository.owner.login,
          repository: repository.name,
          number: pull.number,
          action,
          by: sender.login,
          ...(sender.type === "User" ? { person: true as const } : {}),
        };
        // The job looks how things stand, so one too many does no harm, and one too few would.
        const key = `${repository.full_name}/${pull.number}/${context.id}`;
        await parts.queue.add({ name: pullJobName, key, payload: asJson(change) });
      });
  };
}
