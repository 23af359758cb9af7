import type { Context, Probot } from "probot";
import { asJson } from "../../domain/digest.ts";
import { setupBranch } from "../../domain/publishing/setup.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Log } from "../../ports/runtime.ts";
import { defaultsRepository } from "./owner-defaults.ts";
import { setUpJobName, setUpKey, type SetUpRequest } from "./set-up-request.ts";

export interface SetUpEventParts {
  readonly queue: Pick<JobQueue, "add">;
  readonly log: Log;
}

/** More repositories at once than this are set up when somebody asks there. */
const mostAtOnce = 50;

/**
 * The App was installed on repositories, or somebody changed the set-up branch of one: each becomes one durable job. A whole organisation at
 * once gets its first fifty; nobody wants hundreds of pull requests in a minute.
 */
export function setUpEvents(parts: SetUpEventParts): (app: Probot) => void {
  return (app) => {
    app.on("installation.created", ({ payload }) => added(payload.installation, payload.repositories ?? [], parts));
    app.on("installation_repositories.added", ({ payload }) => added(payload.installation, payload.repositories_added, parts));
    app.on(["pull_request.synchronize", "pull_request.reopened"], ({ payload }) => changed(payload, parts));
  };
}

async function added(
  installation: { readonly id: number },
  repositories: readonly { readonly full_name: string }[],
  parts: SetUpEventParts,
): Promise<void> {
  for (const { full_name: whole } of repositories.slice(0, mostAtOnce)) {
    const [owner = "", repository = ""] = whole.split("/");
    // Its file is everybody's defaults, and no agent lives there.
    if (repository.toLowerCase() === defaultsRepository) continue;
    await add({ installation: installation.id, owner, repository, cause: `installed ${installation.id}` }, parts);
  }
  const left = repositories.length - mostAtOnce;
  if (left > 0) parts.log.warn({ installation: installation.id, left }, "many repositories at once: the rest is set up when asked there");
}

async function changed(
  payload: Context<"pull_request.synchronize" | "pull_request.reopened">["payload"],
  parts: SetUpEventParts,
): Promise<void> {
  const { installation, pull_request: pull, repository } = payload;
  // A fork may name its branch like ours.
  if (installation === undefined || pull.head.ref !== setupBranch || pull.head.repo?.id !== repository.id) return;
  const { login: owner } = repository.owner;
  await add({ installation: installation.id, owner, repository: repository.name, cause: `changed ${pull.head.sha}` }, parts);
}

async function add(request: SetUpRequest, { log, queue }: SetUpEventParts): Promise<void> {
  const result = await queue.add({ name: setUpJobName, key: setUpKey(request), payload: asJson(request) });
  log.info({ repository: `${request.owner}/${request.repository}`, cause: request.cause, added: result }, "recorded a set-up");
}
