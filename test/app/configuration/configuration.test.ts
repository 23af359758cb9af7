import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../../src/adapters/memory-ledger/memory-ledger.ts";
import { checkPull } from "../../../src/app/configuration/config-check.ts";
import { type ConfigIssueParts, keepConfigIssue } from "../../../src/app/configuration/config-issue.ts";
import { problemsOfFile } from "../../../src/cli/service/set-up-jobs.ts";
import { instant } from "../../../src/domain/ids.ts";
import { repositoryFilePath } from "../../../src/domain/publishing/setup.ts";
import { GithubWorld } from "../../world/github.ts";

const place = { owner: "acme", repo: "support-agent" };
const broken = "pullRequests: sometimes\nmodels: {}\n";
const errors: string[] = [];
const log = {
  debug() {},
  info() {},
  warn: (_: unknown, text: string) => void errors.push(text),
  error: (_: unknown, text: string) => void errors.push(text),
};

let world: GithubWorld;
let parts: ConfigIssueParts;
beforeEach(async () => {
  errors.length = 0;
  world = await new GithubWorld({ "README.md": "# Agent\n" }).start();
  parts = {
    problemsIn: problemsOfFile,
    documents: new MemoryLedger(),
    app: 7,
    now: () => instant("2026-01-20T12:00:00.000Z"),
    log,
  };
});
afterEach(() => world.stop());

const octokit = (): ProbotOctokit =>
  new ProbotOctokit({ auth: { token: world.token }, baseUrl: world.url, throttle: { enabled: false }, retry: { enabled: false } });
const keep = (): Promise<void> => keepConfigIssue(octokit(), place, parts);
async function issues(): Promise<readonly { readonly title: string; readonly state: string; readonly body: string }[]> {
  const { data } = await octokit().rest.issues.listForRepo({ ...place, state: "all" });
  return data.filter((issue) => issue.pull_request === undefined).map(({ body, state, title }) => ({ title, state, body: body ?? "" }));
}

describe("a repository's file that is not in order on the default branch", () => {
  test("is one issue that names every problem with its line, however often it is looked at", async () => {
    world.push("main", "configure", { [repositoryFilePath]: broken });
    await keep();
    await keep();
    expect(await issues()).toMatchObject([{ title: "Action required: fix the Tuneup configuration", state: "open" }]);
    expect((await issues())[0]?.body).toMatch(/line 1, pullRequests: [\s\S]*line 2, models: only the operator may set this/);
  });

  test("is followed: other problems change the issue, none close it, new ones open another", async () => {
    world.push("main", "configure", { [repositoryFilePath]: broken });
    await keep();
    world.push("main", "half", { [repositoryFilePath]: "pullRequests: sometimes\n" });
    await keep();
    expect((await issues())[0]?.body).not.toContain("models");
    world.push("main", "repair", { [repositoryFilePath]: "pullRequests: draft\n" });
    await keep();
    expect(await issues()).toMatchObject([{ state: "closed" }]);
    expect(world.comments).toMatchObject([{ body: "`.github/tuneup.yml` is in order again." }]);
    world.push("main", "break", { [repositoryFilePath]: broken });
    await keep();
    expect((await issues()).map((issue) => issue.state).toSorted()).toEqual(["closed", "open"]);
  });

  test("is no issue where there is no file, and an error of GitHub is neither broken nor repaired", async () => {
    await keep();
    world.fail(/^GET .*\/contents\//, { when: "before", status: 500 });
    await expect(keep()).rejects.toMatchObject({ status: 500 });
    expect(await issues()).toEqual([]);
  });

  test("of the same kind in ten other repositories within the hour is ours: no more issues are filed", async () => {
    world.push("main", "configure", { [repositoryFilePath]: broken });
    await keep();
    const [own] = await parts.documents.keys("config-issue/");
    const folder = (own ?? "").replace(/acme\/support-agent$/, "");
    for (let index = 0; index < 10; index += 1) await parts.documents.put(`${folder}acme/other-${index}`, "2026-01-20T11:30:00.000Z");
    world.push("main", "repair", { [repositoryFilePath]: "{}\n" });
    await keep();
    world.push("main", "break", { [repositoryFilePath]: broken });
    await keep();
    expect((await issues()).filter((issue) => issue.state === "open")).toEqual([]);
    expect(errors).toEqual(["the same problem in many repositories: no more issues are filed, look at this release"]);
  });

  test("does not quote what would mention or link", async () => {
    world.push("main", "configure", { [repositoryFilePath]: '"@octocat https://evil.example": 1\n' });
    await keep();
    expect((await issues())[0]?.body).not.toMatch(/@octocat|https:/);
  });
});

describe("a pull request that touches the repository's file", () => {
  async function aPull(files: Readonly<Record<string, string>>): Promise<{ readonly number: number; readonly head: string }> {
    await octokit().rest.git.createRef({ ...place, ref: "refs/heads/change", sha: world.head("main") ?? "" });
    world.push("change", "change", files);
    const { data } = await octokit().rest.pulls.create({ ...place, head: "change", base: "main", title: "Change", body: "" });
    return { number: data.number, head: world.head("change") ?? "" };
  }

  test("gets a check run that says it is in order", async () => {
    await checkPull(octokit(), place, await aPull({ [repositoryFilePath]: "pullRequests: draft\n" }), problemsOfFile);
    expect(world.checks).toMatchObject([{ name: "tuneup configuration", conclusion: "success" }]);
  });

  test("gets a failed one with an annotation for each problem, and one only", async () => {
    const pull = await aPull({ [repositoryFilePath]: broken });
    await checkPull(octokit(), place, pull, problemsOfFile);
    await checkPull(octokit(), place, pull, problemsOfFile);
    expect(world.checks).toMatchObject([{ name: "tuneup configuration", conclusion: "failure" }]);
    const { data } = await octokit().rest.checks.listAnnotations({ ...place, check_run_id: world.checks[0]?.id ?? 0 });
    expect(data.map((annotation) => annotation.start_line)).toEqual([1, 2]);
  });

  test("that does not touch it gets none", async () => {
    await checkPull(octokit(), place, await aPull({ "README.md": "# Other\n" }), problemsOfFile);
    expect(world.checks).toEqual([]);
  });
});
