import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import { ownerDefaults } from "../../../src/app/onboarding/owner-defaults.ts";
import { repositoryWishes } from "../../../src/compose/repository-wishes.ts";
import { repositoryFilePath } from "../../../src/domain/publishing/setup.ts";
import { GithubWorld } from "../../world/github.ts";

let world: GithubWorld;
beforeEach(async () => {
  world = await new GithubWorld({ "README.md": "# Agent\n" }).start();
});
afterEach(() => world.stop());
const octokit = (): ProbotOctokit =>
  new ProbotOctokit({ auth: { token: world.token }, baseUrl: world.url, throttle: { enabled: false }, retry: { enabled: false } });
const defaults = (): Promise<string | undefined> => ownerDefaults(octokit(), "acme", "support-agent");

describe("the defaults of an owner", () => {
  test("are what their .github repository says on its default branch; a branch there changes nothing", async () => {
    expect(await defaults()).toBeUndefined();
    world.addRepository("acme", ".github", { [repositoryFilePath]: "pullRequests: draft\n" });
    expect(await defaults()).toBe("pullRequests: draft\n");
    expect(await ownerDefaults(octokit(), "acme", ".github")).toBeUndefined();
  });

  test("are never taken for absent because GitHub did not answer", async () => {
    world.addRepository("acme", ".github", { [repositoryFilePath]: "pullRequests: draft\n" });
    world.fail(/GET .*\.github\/contents/, { when: "before" });
    await expect(defaults()).rejects.toMatchObject({ status: 502 });
  });
});

describe("what a repository wants", () => {
  const where = ".github/tuneup.yml in acme/.github";
  const wishes = async (own: string | undefined, text: string) => {
    const workspace = memoryWorkspace({
      repository: { owner: "acme", name: "a" },
      files: own === undefined ? {} : { [repositoryFilePath]: own },
    });
    await using checkout = await workspace.open("HEAD");
    return (await repositoryWishes(checkout, { text, where })).repository;
  };

  test("is its own file, and its owner's defaults where that says nothing", async () => {
    expect(await wishes("labels: [mine]\n", "pullRequests: draft\nlabels: [theirs]\n")).toEqual({
      pullRequests: "draft",
      labels: ["mine"],
    });
    expect(await wishes(undefined, "pullRequests: report-only\n")).toEqual({ pullRequests: "report-only" });
  });

  test.each([
    ["a setting that there is not", "pullRequest: draft\n", /there is no such setting/],
    [
      "what only the operator may set",
      "models: {}\nlimits: {}\n",
      /models: only the operator may set this[\s\S]*limits: only the operator/,
    ],
  ])("is nothing while the defaults hold %s, and the error says in which file", async (_what, text, problem) => {
    await expect(wishes("labels: [mine]\n", text)).rejects.toThrow(problem);
    await expect(wishes("labels: [mine]\n", text)).rejects.toThrow(/^\.github\/tuneup\.yml in acme\/\.github has/);
  });
});
