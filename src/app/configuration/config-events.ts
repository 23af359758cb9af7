import type { Context, Probot } from "probot";
import { asJson } from "../../domain/digest.ts";
import { repositoryFilePath } from "../../domain/publishing/setup.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { configJobName, configKey, type ConfigRequest } from "./config-request.ts";

export interface ConfigEventParts {
  readonly queue: Pick<JobQueue, "add">;
}

/** GitHub lists at most so many commits in one push; beyond, anything may have changed. */
const mostListed = 2048;

/** Changes that may touch `.github/tuneup.yml`: pull requests, whose files the job looks at, and pushes to the default branch that name it. */
export function configEvents(parts: ConfigEventParts): (app: Probot) => void {
  return (app) => {
    app.on(["pull_request.opened", "pull_request.synchronize", "pull_request.reopened"], ({ payload }) => proposed(payload, parts));
    app.on("push", ({ payload }) => pushed(payload, parts));
  };
}

async function proposed(
  payload: Context<"pull_request.opened" | "pull_request.synchronize" | "pull_request.reopened">["payload"],
  parts: ConfigEventParts,
): Promise<void> {
  const { installation, pull_request: pull, repository } = payload;
  if (installation === undefined) return;
  const place = { installation: installation.id, owner: repository.owner.login, repository: repository.name };
  await add({ ...place, head: pull.head.sha, pull: pull.number }, parts);
}

async function pushed(
  { after, commits, deleted, installation, ref, repository }: Context<"push">["payload"],
  parts: ConfigEventParts,
): Promise<void> {
  const owner = repository.owner?.login;
  if (installation === undefined || owner === undefined || deleted || ref !== `refs/heads/${repository.default_branch}`) return;
  const touches = commits.some((commit) =>
    [commit.added, commit.modified, commit.removed].some((paths) => paths?.includes(repositoryFilePath)),
  );
  if (!touches && commits.length < mostListed) return;
  await add({ installation: installation.id, owner, repository: repository.name, head: after }, parts);
}

const add = async (request: ConfigRequest, { queue }: ConfigEventParts): Promise<void> =>
  void (await queue.add({ name: configJobName, key: configKey(request), payload: asJson(request) }));
