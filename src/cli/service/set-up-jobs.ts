import type { CommandRequest } from "../../app/commands/command-request.ts";
import { setUpJob, type SetUpJobParts } from "../../app/onboarding/set-up-job.ts";
import { setUpJobName, setUpKey, type SetUpRequest } from "../../app/onboarding/set-up-request.ts";
import { setUpStateOf } from "../../app/onboarding/set-up-state.ts";
import { boundProject, mintToken } from "../../compose/app-service.ts";
import { apiOf, publishInOwnProcess } from "../../compose/publishing.ts";
import { readRepositoryFile, withDefaults } from "../../config/repository-file.ts";
import { type ConfigProblem, describeConfigProblems } from "../../config/yaml-config.ts";
import { asJson } from "../../domain/digest.ts";
import type { Survey } from "../../domain/publishing/setup.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { welcome, type WishedSetup } from "../../stages/welcome.ts";
import { program } from "../program.ts";
import type { AppParts } from "./app-jobs.ts";
import { readOnMirror } from "./reading-process.ts";

/** Registers what sets repositories up; nothing where the operator does not want it. */
export function registerSetUp(queue: Pick<JobQueue, "work">, parts: AppParts): void {
  const { context, log, places, probot } = parts;
  const operator = places.operatorFile === undefined ? {} : { operatorFile: places.operatorFile };
  const target = { data: places.data, repo: context.cwd, forge: "github", program, ...operator, ...apiOf(context.environment) } as const;
  const job = setUpJob({
    octokit: (installation) => probot.auth(installation),
    token: async (request, access) => mintToken(await probot.auth(), request, access),
    survey: surveyor(parts),
    welcome: (survey, file, defaults) => welcome(survey, wishedBy(file, defaults)),
    publish: async (setup, token) => (await publishInOwnProcess(setup, { ...target, token })).result,
    log,
  });
  queue.work(setUpJobName, async (...given) => {
    if (parts.operator.onboarding !== "none") await job(...given);
  });
}

function surveyor(parts: AppParts): SetUpJobParts["survey"] {
  return async (request, checkout, signal) => {
    const repository = `${request.owner}/${request.repository}`;
    const project = boundProject(repository, parts.operator);
    const flags = project === undefined ? { "without-traces": true as const } : { project };
    return readOnMirror<Survey>(parts, { repository, ...checkout }, { command: "survey", flags }, { signal });
  };
}

/** What is wrong with the text of a repository's own file; `[]` for one in order, and for none. */
export function problemsOfFile(text: string | undefined): readonly ConfigProblem[] {
  const read = readRepositoryFile(text);
  return read.state === "invalid" ? read.problems : [];
}

function wishedBy(file: string | undefined, defaults: string | undefined): WishedSetup {
  const [own, owners] = [readRepositoryFile(file), readRepositoryFile(defaults)];
  if (own.state === "invalid") return { state: "invalid", problems: describeConfigProblems(own.problems) };
  if (owners.state === "invalid")
    return {
      state: "invalid",
      problems: describeConfigProblems(owners.problems).map((one) => `in the owner's .github repository: ${one}`),
    };
  const settings = withDefaults(own.state === "read" ? own.settings : {}, owners.state === "read" ? owners.settings : {});
  return { state: "read", pullRequests: settings.pullRequests ?? "ready", ignored: settings.ignore?.length ?? 0 };
}

/** Why a job may not begin in a repository that nobody has set up, and what to do; the first time the set-up is proposed. */
export async function notSetUp(
  request: Pick<CommandRequest, "installation" | "owner" | "repository">,
  queue: Pick<JobQueue, "add">,
  { operator, probot }: AppParts,
): Promise<string | undefined> {
  if (operator.onboarding === "none") return undefined;
  const { installation, owner, repository } = request;
  const found = await setUpStateOf(await probot.auth(installation), { owner, repo: repository });
  switch (found.state) {
    case "set-up":
      return undefined;
    case "proposed":
      return `Tuneup is not set up here yet: pull request ${found.number} waits to be merged.`;
    case "declined":
      return `Tuneup was declined here: somebody closed pull request ${found.number}. Open it again, or add .github/tuneup.yml to the default branch.`;
    case "new": {
      const asked: SetUpRequest = { installation, owner, repository, cause: `installed ${installation}` };
      await queue.add({ name: setUpJobName, key: setUpKey(asked), payload: asJson(asked) });
      return "Tuneup is not set up here yet: a pull request that does it is on its way. Merge it, then ask again.";
    }
  }
}
