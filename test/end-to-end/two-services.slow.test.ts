import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shippedFile } from "../../src/compose.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import { recordSessions } from "../../src/simulator/record-sessions.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { type PostgresServer, startPostgres } from "../doubles/postgres-server.ts";
import { GithubWorld } from "../world/github.ts";
import { freePort, type Running, start, tuneup, until } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-two-"));
const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
let database: PostgresServer;
let models: SimulatedModelServer;
let world: GithubWorld;
let variables: Readonly<Record<string, string>>;
const services: (Running & { readonly url: string; said(): string })[] = [];

async function serve(): Promise<(typeof services)[number]> {
  const port = await freePort();
  let said = "";
  const running = start(["serve", "--port", String(port), "--no-receiver"], { cwd: root, variables, watch: (text) => (said += text) });
  await until("tuneup serve listens", () => said.includes('"listening"'));
  const service = { ...running, url: `http://127.0.0.1:${port}/api/github/webhooks`, said: () => said };
  services.push(service);
  return service;
}

beforeAll(async () => {
  [database, models, world] = [
    await startPostgres(),
    await startSimulatedModelServer({ scenario, seed: 1 }),
    await new GithubWorld(scenario.files).start(),
  ];
  world.permissions.set("ada", "write");
  writeFileSync(join(root, "traces.jsonl"), [...recordSessions(scenario, { seed: 1 })].join("\n"));
  writeFileSync(join(root, "operator.yml"), scenario.operatorFile);
  appendFileSync(join(root, "operator.yml"), "\nrepositories:\n  acme/support-agent: { project: support }\nonboarding: none\n");
  variables = {
    ANTHROPIC_API_KEY: "any",
    ANTHROPIC_BASE_URL: models.url,
    TUNEUP_OPERATOR_FILE: join(root, "operator.yml"),
    TUNEUP_DATA: join(root, "data"),
    TUNEUP_DATABASE_URL: await database.freshDatabase(),
    GITHUB_API_URL: `${world.url}/api/v3`,
    APP_ID: "7",
    PRIVATE_KEY: world.app.privateKey,
    WEBHOOK_SECRET: world.app.webhookSecret,
  };
  await tuneup(["ingest", "--project", "support", join(root, "traces.jsonl")], { cwd: root, variables });
});
afterAll(async () => {
  for (const { child, ended } of services) {
    child.kill("SIGTERM");
    await ended;
  }
  await world.stop();
  await models.close();
  await database.close();
  rmSync(root, { recursive: true, force: true });
});

describe("two services on one PostgreSQL", () => {
  test("do a command once: the one that has it dies in the middle of the replays, and the other brings it to its end", async () => {
    const [first, second] = [await serve(), await serve()];
    const issue = world.openIssue("The agent refunds without reading the policy", "ada", "");
    world.app.hookUrl = first.url;
    const comment = world.comment(issue, "ada", "/tuneup run");
    // Both look for work; whoever has the job shows its stages.
    const busyOne = () => [first, second].find((service) => /✓ vet/.test(service.said()));
    await until("one of them has begun to replay", () => busyOne() !== undefined);
    const busy = busyOne() ?? first;
    busy.child.kill("SIGKILL");
    await busy.ended;
    world.app.hookUrl = (busy === first ? second : first).url;
    const reactions = () => world.comments.find((one) => one.id === comment)?.reactions.map((reaction) => reaction.content) ?? [];
    await until("the answer", () => reactions().includes("rocket"));
    expect(reactions()).toEqual(["eyes", "rocket"]);
    expect(world.pulls.map((pull) => [pull.state, pull.draft])).toEqual([["open", false]]);
    expect(world.commitsOn(world.pulls[0]?.head ?? "")).toHaveLength(1);
    expect(world.comments.filter((one) => one.user === "tuneup[bot]")).toHaveLength(1);
    expect(world.checks.filter((check) => check.status !== "completed")).toEqual([]);
  });
});
