import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeCredentialFile } from "../../src/adapters/credential-file/credential-file.ts";
import { shippedFile } from "../../src/compose.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import { recordSessions } from "../../src/simulator/record-sessions.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { GithubWorld } from "../world/github.ts";
import { freePort, type Running, start, tuneup, until } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-served-"));
const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
let server: SimulatedModelServer;
let world: GithubWorld;
let serving: Running;
let issue: number;

/** Somebody comments, and the command has been answered. */
async function command(body: string, at = issue): Promise<{ readonly reactions: readonly string[]; readonly answer: string }> {
  const id = world.comment(at, "ada", body);
  const own = () => world.comments.find((comment) => comment.id === id)?.reactions.map((reaction) => reaction.content) ?? [];
  await until(`an answer to ${body}`, () => own().some((reaction) => reaction !== "eyes"));
  const answers = world.comments.filter((comment) => comment.issue === at && comment.user === "tuneup[bot]");
  const latest = answers.toSorted((left, right) => (left.updated_at < right.updated_at ? 1 : -1));
  return { reactions: own(), answer: latest.map((comment) => comment.body).join("\n\n") };
}

beforeAll(async () => {
  server = await startSimulatedModelServer({ scenario, seed: 1 });
  world = await new GithubWorld(scenario.files).start();
  world.permissions.set("ada", "write");
  writeFileSync(join(root, "traces.jsonl"), [...recordSessions(scenario, { seed: 1 })].join("\n"));
  writeFileSync(join(root, "operator.yml"), scenario.operatorFile);
  appendFileSync(join(root, "operator.yml"), "\nrepositories:\n  acme/support-agent: { project: support }\nonboarding: none\n");
  const port = await freePort();
  const variables = {
    ANTHROPIC_API_KEY: "any",
    ANTHROPIC_BASE_URL: server.url,
    TUNEUP_OPERATOR_FILE: join(root, "operator.yml"),
    TUNEUP_DATA: join(root, "data"),
  };
  await tuneup(["ingest", "--project", "support", join(root, "traces.jsonl")], { cwd: root, variables });
  // As the setup page leaves it on an Enterprise Server: nothing of GitHub is in the environment.
  const { privateKey, webhookSecret } = world.app;
  const app = { id: "7", slug: "tuneup", privateKey, webhookSecret, apiUrl: `${world.url}/api/v3` };
  writeCredentialFile(join(root, "data", "github-app.json"), app);
  let said = "";
  serving = start(["serve", "--port", String(port)], {
    cwd: root,
    variables,
    watch: (text) => (said += text),
  });
  await until(`tuneup serve listens: ${said}`, () => said.includes('"listening"'));
  world.app.hookUrl = `http://127.0.0.1:${port}/api/github/webhooks`;
  issue = world.openIssue("The agent refunds without reading the policy", "ada", "");
});
afterAll(async () => {
  serving.child.kill("SIGTERM");
  await serving.ended;
  await world.stop();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

describe("tuneup serve, with GitHub's stand-in", () => {
  test("turns a comment into a check with its stages and a proven pull request, and works on it by commands", async () => {
    const run = await command("/tuneup run");
    expect(run.reactions).toEqual(["eyes", "rocket"]);
    expect(run.answer).toMatch(/Pull request opened: #\d+/);
    const [pull] = world.pulls;
    const number = pull?.number ?? 0;
    const success = { status: "completed", conclusion: "success" };
    expect(world.checks.filter(({ name }) => name !== "tuneup approval")).toMatchObject([
      { head_sha: world.head("main"), ...success },
      { head_sha: world.head(pull?.head ?? ""), ...success },
    ]);
    const summaries = world.exchanges.flatMap(({ body, method }) => (method === "PATCH" ? [JSON.stringify(body)] : []));
    expect(summaries.join("\n")).toMatch(/\| (?:begin|locate|draft|replay|fidelity) \| (?:done|under way)/);

    expect((await command("/tuneup explain", number)).answer).toMatch(/What was tested[\s\S]*Not ruled out[\s\S]*tuneup verify/);
    expect((await command("/tuneup status")).answer).toMatch(
      new RegExp(`pull request ${number}: [\\s\\S]*2 of 3 open pull requests are left`),
    );

    const proposed = world.text(pull?.head ?? "", "prompts/system.md");
    expect((await command("/tuneup revise say it in one short sentence", number)).answer).toContain("up to date");
    const revised = world.text(pull?.head ?? "", "prompts/system.md");
    expect(revised).not.toBe(proposed);
    // The first job is finished and found again: what was asked for since stands.
    expect((await command("/tuneup run")).answer).toMatch(/Left alone: pull request \d+ holds a later result/);
    expect(world.text(pull?.head ?? "", "prompts/system.md")).toBe(revised);

    world.push(pull?.head ?? "", "my own words", { "prompts/system.md": "mine\n" });
    const edited = () => world.comments.some((comment) => comment.issue === number && comment.body.includes("updates paused"));
    await until("the edit is noticed", edited);
    expect((await command("/tuneup smaller", number)).answer).toContain("keeps its hands off");
    expect((await command("/tuneup recreate", number)).answer).toContain("made anew");
    expect(world.text(pull?.head ?? "", "prompts/system.md")).not.toBe("mine\n");
    expect(world.checks.filter((check) => check.status !== "completed")).toEqual([]);

    expect((await command("/tuneup ignore it is on purpose", number)).answer).toContain("nothing more");
    const { answer } = await command("/tuneup status");
    const cluster = /Ignored\*\*\s+- `([^`]+)`/.exec(answer)?.[1] ?? "";
    expect((await command(`/tuneup run ${cluster}`)).answer).toMatch(/Left alone: ada wants this failure left alone/);
  });
});
