import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { githubSetup } from "../../../src/adapters/github-forge/github-setup.ts";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import { setUpJob, type SetUpJobParts } from "../../../src/app/onboarding/set-up-job.ts";
import { setUpStateOf } from "../../../src/app/onboarding/set-up-state.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import { commitSha } from "../../../src/domain/ids.ts";
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

const run = (given: SetUpJobParts = parts()): Promise<void> =>
  setUpJob(given)({ name: "set-up", key: "k", payload: request }, { run: (_name, work) => work() }, new AbortController().signal);

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
