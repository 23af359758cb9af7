import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { githubSetup } from "../../../src/adapters/github-forge/github-setup.ts";
import { MemoryJobQueue } from "../../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import { setUpJob, type SetUpJobParts } from "../../../src/app/onboarding/set-up-job.ts";
import { refreshSetUp } from "../../../src/app/onboarding/refresh-set-up.ts";
import { type SetUpRequest, setUpRequestSchema } from "../../../src/app/onboarding/set-up-request.ts";
import { setUpStateOf } from "../../../src/app/onboarding/set-up-state.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import { commitSha, instant, projectId } from "../../../src/domain/ids.ts";
import { firstRepositoryFile, repositoryFilePath, setupBranch, type Survey } from "../../../src/domain/publishing/setup.ts";
import { publishSetup } from "../../../src/stages/publish.ts";
import { survey } from "../../../src/stages/survey.ts";
import { welcome } from "../../../src/stages/welcome.ts";
import { GithubWorld } from "../../world/github.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const files = { "prompts/system.md": "You help customers.\n", "README.md": "# Agent\n" };
const request = { installation: 99, owner: "acme", repository: "support-agent", cause: "installed 99" };
const place = { owner: "acme", repo: "support-agent" };
const noSecrets = async (): Promise<readonly never[]> => [];

let world: GithubWorld;
beforeEach(async () => {
  world = await new GithubWorld(files).start();
});
afterEach(() => world.stop());

const octokit = (): ProbotOctokit =>
  new ProbotOctokit({ auth: { token: world.token }, baseUrl: world.url, throttle: { enabled: false }, retry: { enabled: false } });

async function surveyAt(commit: string): Promise<Survey> {
  await using checkout = await memoryWorkspace({ repository: { owner: "acme", name: "support-agent" }, files }).open("HEAD");
  return { ...(await survey({ checkout })), commit: commitSha(commit) };
}

const parts = (changes: Partial<SetUpJobParts> = {}): SetUpJobParts => ({
  octokit: async () => octokit(),
  token: async () => world.token,
  survey: (_request, checkout) => surveyAt(checkout.commit),
  welcome: (found, file) =>
    welcome(found, file?.includes("report-only") === true ? { state: "read", pullRequests: "report-only", ignored: 0 } : undefined),
  publish: async (setup, token) => {
    const writer = githubSetup({ token, baseUrl: world.url, retry: { sleep: async () => undefined, random: () => 0.5, now: () => 0 } });
    return (await publishSetup(setup, writer, { scanSecrets: noSecrets })).result;
  },
  log: quiet,
  ...changes,
});

const run = (given: SetUpJobParts = parts(), payload: SetUpRequest = request): Promise<void> =>
  setUpJob(given)({ name: "set-up", key: "k", payload }, { run: (_name, work) => work() }, new AbortController().signal);

describe("the App on a new repository", () => {
  test("opens one pull request that adds one file, and writes nothing else", async () => {
    await run();
    expect(world.pulls).toMatchObject([{ title: "Set up Tuneup", state: "open" }]);
    expect(world.text(setupBranch, repositoryFilePath)).toBe(firstRepositoryFile);
    expect(world.commitsOn(setupBranch)).toHaveLength(1);
    expect(world.text("main", repositoryFilePath)).toBeUndefined();
    expect([...world.branches()].toSorted()).toEqual(["main", setupBranch]);
    expect(world.comments).toEqual([]);
  });

  test("run again, or killed between two writes, leaves one branch, one commit and one pull request", async () => {
    world.fail(/^POST .*\/pulls$/, { when: "after", status: 502 });
    await expect(run()).rejects.toThrow(TuneupError);
    await run();
    await run();
    expect(world.pulls).toHaveLength(1);
    expect(world.commitsOn(setupBranch)).toHaveLength(1);
  });

  test("the page follows what people change on its branch, and their file stays", async () => {
    await run();
    world.push(setupBranch, "reports only", { [repositoryFilePath]: "pullRequests: report-only\n" });
    await run();
    expect(world.pulls[0]?.body).toContain("a report in the comment that asked for it");
    expect(world.text(setupBranch, repositoryFilePath)).toBe("pullRequests: report-only\n");
  });

  test("the page follows traces that come later: once with the first, whenever they have doubled, once a day; and opens none", async () => {
    const causes: string[] = [];
    const queue = new MemoryJobQueue();
    queue.work("set-up", async ({ payload }) => void causes.push(setUpRequestSchema.parse(payload).cause));
    await queue.start();
    const { cause: _cause, ...where } = request;
    const at = (day: string, received: number): Promise<void> =>
      refreshSetUp(queue, where, { now: instant(`${day}T12:00:00.000Z`), received });
    for (const received of [0, 0, 40, 50, 63, 64]) await at("2026-01-20", received);
    await at("2026-01-21", 64);
    await queue.idle();
    expect(causes).toEqual(["day 2026-01-20", "traces 5", "traces 6", "day 2026-01-21"]);
    await run(parts(), { ...where, cause: "traces 5" });
    expect(world.pulls).toEqual([]);
    await run();
    const told = parts({
      survey: async (_request, { commit }) => ({
        ...(await surveyAt(commit)),
        traces: { project: projectId("support"), sessions: 12, failed: 3, unclear: 0, clusters: [] },
      }),
    });
    await run(told, { ...where, cause: "traces 5" });
    expect(world.pulls).toHaveLength(1);
    expect(world.pulls[0]?.body).toContain("12 recorded sessions, 3 known to have failed");
  });

  test("closed is declined: it does not come back", async () => {
    await run();
    world.closePull(world.pulls[0]?.number ?? 0);
    expect(await setUpStateOf(octokit(), place)).toMatchObject({ state: "declined" });
    await run();
    expect(world.pulls).toMatchObject([{ state: "closed" }]);
  });

  test("a repository with its own file needs no set-up", async () => {
    world.push("main", "set up", { [repositoryFilePath]: "pullRequests: draft\n" });
    expect(await setUpStateOf(octokit(), place)).toEqual({ state: "set-up" });
    await run(parts({ survey: () => Promise.reject(new Error("it looked")) }));
    expect(world.pulls).toEqual([]);
  });

  test("an error of GitHub is no missing file", async () => {
    world.fail(/^GET .*\/contents\//, { when: "before", status: 500 });
    await expect(setUpStateOf(octokit(), place)).rejects.toMatchObject({ status: 500 });
  });

  test("a set-up that would add another file is refused before the first request", async () => {
    const head = world.head("main") ?? "";
    const writer = githubSetup({
      token: world.token,
      baseUrl: world.url,
      retry: { sleep: async () => undefined, random: () => 0.5, now: () => 0 },
    });
    const setup = { ...welcome(await surveyAt(head)), text: "models: {}\n" };
    await expect(publishSetup(setup, writer, { scanSecrets: noSecrets })).rejects.toThrow("not the one that ships with Tuneup");
    expect(world.branches()).toEqual(["main"]);
  });
});
