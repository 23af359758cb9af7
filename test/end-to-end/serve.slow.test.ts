import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { webhookPath } from "../../src/app/webhook-server.ts";
import { GithubWorld } from "../world/github.ts";
import { type Running, start, tuneup } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-serve-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const planted = "zebra-4711";

let world: GithubWorld;
let cwd: string;
const running: Running[] = [];
beforeEach(async () => {
  cwd = mkdtempSync(join(root, "folder-"));
  writeFileSync(join(cwd, "tuneup.operator.yml"), "repositories:\n  acme/support-agent: { project: support }\n");
  world = await new GithubWorld({ "prompts/system.md": "# Agent\n" }).start();
  world.permissions.set("ada", "write");
});
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill("SIGKILL");
  await world.stop();
});

/** Starts the service and resolves when it listens; `figures` is where its metrics are. */
async function serve(): Promise<Running & { readonly url: string; readonly figures: string }> {
  const url = Promise.withResolvers<string>();
  const figures = Promise.withResolvers<string>();
  let log = "";
  const service = start(["serve", "--port", "0"], {
    cwd,
    variables: {
      APP_ID: "7",
      PRIVATE_KEY: world.app.privateKey,
      WEBHOOK_SECRET: world.app.webhookSecret,
      GITHUB_API_URL: world.url,
      METRICS_PORT: "0",
    },
    watch: (text) => {
      log += text;
      const listening = /"message":"listening","url":"([^"]+)"/.exec(log)?.[1];
      const serving = /"message":"serving figures","url":"([^"]+)"/.exec(log)?.[1];
      if (listening !== undefined) url.resolve(listening);
      if (serving !== undefined) figures.resolve(serving);
    },
  });
  running.push(service);
  void service.ended.then(({ err }) => url.reject(new Error(err)));
  const at = await url.promise;
  world.app.hookUrl = `${at}${webhookPath}`;
  return { ...service, url: at, figures: await figures.promise };
}

async function until(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 2400 && !holds(); round += 1) await new Promise((resolve) => void setTimeout(resolve, 25));
  expect(holds()).toBe(true);
}
const reactionsAt = (id: number): readonly string[] =>
  world.comments.find((comment) => comment.id === id)?.reactions.map((reaction) => reaction.content) ?? [];

describe("the service", () => {
  test("answers a comment, logs nothing of what people wrote and no secret, counts, and ends soon when told to", async () => {
    const service = await serve();
    const issue = world.openIssue("It fails");
    const id = world.comment(issue, "ada", `/tuneup help\n${planted} my own words`);
    await until(() => reactionsAt(id).length === 2);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    const figures = await (await fetch(service.figures)).text();
    expect(figures).toMatch(/tuneup_deliveries\{state="done"\} [1-9]/);
    const asked = performance.now();
    service.child.kill("SIGTERM");
    const { code, err } = await service.ended;
    expect(code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    for (const secret of [planted, "my own words", "ghs_", world.app.webhookSecret, "PRIVATE KEY"])
      expect(err + figures).not.toContain(secret);
    const audit = await tuneup(["audit", "--json"], { cwd });
    const entries = JSON.parse(audit.out) as { readonly action: string; readonly actor: string }[];
    expect(entries).toEqual(
      expect.arrayContaining([expect.objectContaining({ action: "job", actor: "ada", repository: "acme/support-agent" })]),
    );
    expect(audit.out).not.toContain(planted);
    const left = JSON.parse((await tuneup(["jobs", "--json"], { cwd })).out) as { readonly jobs: readonly { readonly name: string }[] };
    expect(left).toMatchObject({ deliveries: [] });
    // What follows from a command, as the dashboard does, may still be waiting.
    expect(left.jobs.filter(({ name }) => name === "command")).toMatchObject([{ state: "done" }]);
  });

  test("loses nothing when it is killed between its answer to GitHub and the work", async () => {
    world.fail(/GET .*\/collaborators\/.*\/permission/, { when: "before", instead: "hang", times: 1 });
    const first = await serve();
    const issue = world.openIssue("It fails");
    const id = world.comment(issue, "ada", "/tuneup help");
    await world.webhooks.idle();
    expect(world.webhooks.deliveries.every((delivery) => delivery.status_code === 200)).toBe(true);
    await until(() => world.requests.some((line) => line.includes("/permission")));
    first.child.kill("SIGKILL");
    await first.ended;
    expect(reactionsAt(id)).toEqual([]);
    // The lease of the dead process ends by itself after 45 s; the test need not wait.
    const database = new DatabaseSync(join(cwd, ".tuneup", "ledger.db"));
    database.exec("UPDATE inbox SET leased_until = ''");
    database.close();
    await serve();
    await until(() => reactionsAt(id).length === 2);
    expect(world.comments.filter((comment) => comment.body.includes("tuneup:answer:help"))).toHaveLength(1);
  });

  test("that was down learns what it missed when it comes back, once", async () => {
    world.webhooks.reachable = false;
    const issue = world.openIssue("It fails");
    const id = world.comment(issue, "ada", "/tuneup help");
    world.webhooks.reachable = true;
    // GitHub sends again to where the App listens now.
    world.app.hookUrl = undefined;
    await serve();
    await until(() => reactionsAt(id).length === 2);
    expect(world.comments.filter((comment) => comment.body.includes("tuneup:answer:help"))).toHaveLength(1);
  });
});
