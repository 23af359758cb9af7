import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { filesOf, type ServiceRecords } from "../../src/compose/state.ts";
import { makeProbot, type MadeProbot } from "../../src/app/make-probot.ts";
import { Upkeep } from "../../src/app/upkeep/upkeep.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { clusterId, commitSha, instant, type Instant, later, proposalId } from "../../src/domain/ids.ts";
import { ignoredFailure } from "../../src/pipeline/standing/people.ts";
import { knownPulls } from "../../src/pipeline/standing/pulls.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import type { Log } from "../../src/ports/runtime.ts";
import { aProposal } from "../contracts/ledger.ts";
import { GithubWorld } from "../world/github.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "tuneup-upkeep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const before = "# Agent\n\n- Do this.\n";
const after = before.replace("Do this.", "Do this, and look first.");
const repository = { owner: "acme", name: "support-agent" };

let count = 0;
let world: GithubWorld;
let made: MadeProbot;
let records: ServiceRecords;
let ledger: MemoryLedger;
let clock: Instant;
let queue: MemoryJobQueue;
/** The App's own signatures carry the machine's time, so that stands still too. */
function set(moment: Instant): void {
  clock = moment;
  vi.setSystemTime(moment);
}
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  set(instant("2026-01-10T00:00:00.000Z"));
  world = await new GithubWorld({ "prompts/system.md": before }, { clock: () => Date.parse(clock) }).start();
  const { privateKey, webhookSecret } = world.app;
  made = await makeProbot({ id: "7", privateKey, webhookSecret, apiUrl: world.url }, () => undefined, []);
  records = filesOf(join(folder, String((count += 1)))).records();
  ledger = new MemoryLedger();
  queue = new MemoryJobQueue();
});
afterEach(async () => {
  vi.useRealTimers();
  await records.close();
  await world.stop();
});

const upkeep = (holder = "a", log: Log = quiet): Upkeep =>
  new Upkeep({
    octokit: (installation) => (installation === undefined ? made.probot.auth() : made.probot.auth(installation)),
    repositories: ["acme/support-agent", "acme/not-installed"],
    inbox: records.inbox,
    leases: records.leases,
    queue,
    ledger,
    audit: records.audit,
    keepApprovals: async () => undefined,
    log,
    now: () => clock,
    sleep: async () => undefined,
    holder,
  });
const requests = (): number => world.requests.filter((line) => line.includes("/attempts")).length;

describe("deliveries that never arrived", () => {
  test("are asked for again once each, by one of two services", async () => {
    world.webhooks.reachable = false;
    for (let number = 0; number < 30; number += 1) world.comment(1, "ada", `/tuneup run ${number}`);
    const failed = world.webhooks.deliveries.length;
    expect(await Promise.all([upkeep("a").once(), upkeep("b").once()])).toContain(false);
    expect(requests()).toBe(failed);
    expect(new Set(world.webhooks.deliveries.map((delivery) => delivery.guid)).size).toBe(failed);
    expect(await records.audit.entries(5)).toMatchObject([{ action: "redelivery", details: { asked: failed } }]);
  });

  test("that were kept although GitHub thinks otherwise are left alone", async () => {
    world.webhooks.reachable = false;
    world.comment(1, "ada", "/tuneup run");
    for (const delivery of world.webhooks.deliveries)
      await records.inbox.receive({ id: delivery.guid, event: delivery.event, body: "{}" }, clock);
    await upkeep().once();
    expect(requests()).toBe(0);
  });

  test("are asked for again when they fail again, three times in all", async () => {
    world.webhooks.reachable = false;
    world.comment(1, "ada", "/tuneup run");
    const each = world.webhooks.deliveries.length;
    for (let round = 0; round < 6; round += 1) {
      await upkeep().once();
      set(later(clock, 600_000));
    }
    expect(requests()).toBe(3 * each);
  });

  test("from more than three days ago are past", async () => {
    world.webhooks.reachable = false;
    world.comment(1, "ada", "/tuneup run");
    set(later(clock, 4 * 24 * 3_600_000));
    await upkeep().once();
    expect(requests()).toBe(0);
  });

  test("are asked for fifty at a time", async () => {
    world.webhooks.reachable = false;
    for (let number = 0; number < 60; number += 1) world.comment(1, "ada", "hello");
    await upkeep().once();
    expect(requests()).toBe(50);
    await upkeep().once();
    expect(requests()).toBe(100);
  });
});

describe("a ledger restored from yesterday's backup", () => {
  const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
  const proposal = (name: string): Proposal =>
    aProposal({
      id: proposalId(`p-${name}`),
      branch: `tuneup/${name}`,
      cluster: clusterId(`c-${name.slice(0, 4)}`),
      commit: commitSha(world.head("main") ?? ""),
      edits: [{ path: "prompts/system.md", base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
      files: [{ path: "prompts/system.md", text: after, before: digestOf(before) }],
      title: "prompt: fewer failures",
      commitMessage: "prompt: fewer failures",
    });
  const reconciled = async () => (await records.audit.entries(50)).filter((entry) => entry.action === "reconcile");
  const publish = async (name: string): Promise<number> => {
    const done = await githubForge({ token: world.token, baseUrl: world.url, retry }).publish(proposal(name));
    if (done.result !== "published") throw new Error(done.why);
    return done.pull.number;
  };

  test("learns our pull requests and what people did to them, and nobody else's", async () => {
    const open = await publish("00000000000a");
    const closed = await publish("00000000000b");
    world.closePull(closed, "ada");
    world.push("tuneup/notours", "x", { "prompts/system.md": "x" });
    await upkeep().once();
    expect(await knownPulls(ledger, repository)).toMatchObject([
      { number: open, life: "open", cluster: "c-0000", paths: ["prompts/system.md"], proposal: "p-00000000000a" },
      { number: closed, life: "closed", branch: "tuneup/00000000000b" },
    ]);
    expect(await ignoredFailure(ledger, repository, clusterId("c-0000"))).toMatchObject({ pull: closed });
    expect(await reconciled()).toMatchObject([{ repository: "acme/support-agent", details: { learned: 2, ended: 0 } }]);
    world.webhooks.deliveries.length = 0;
    const earlier = world.requests.length;
    await upkeep().once();
    expect(world.requests.slice(earlier).filter((line) => !line.startsWith("GET ") && !line.includes("/access_tokens"))).toEqual([]);
    expect(await reconciled()).toHaveLength(1);
  });

  test("catches up with an end whose webhook was lost", async () => {
    const number = await publish("00000000000a");
    await upkeep().once();
    world.closePull(number, "ada");
    await upkeep().once();
    await upkeep().once();
    const changes: unknown[] = [];
    queue.work("pull", async ({ payload }) => void changes.push(payload));
    await queue.start();
    await queue.idle();
    expect(changes).toMatchObject([{ installation: 99, number, action: "closed" }]);
  });

  test("finds a branch of ours without a pull request and leaves it", async () => {
    world.fail(/POST .*\/pulls$/, { when: "before", status: 422, times: 10 });
    await publish("00000000000a").catch(() => undefined);
    const found: object[] = [];
    await upkeep("a", { ...quiet, info: (fields) => void found.push(fields) }).once();
    expect(found.at(-1)).toMatchObject({ orphans: ["tuneup/00000000000a"] });
    expect(world.branches()).toContain("tuneup/00000000000a");
  });
});
