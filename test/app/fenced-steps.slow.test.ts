import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { commandJob } from "../../src/app/commands/command-job.ts";
import { Fences, fencedSteps } from "../../src/app/fenced-steps.ts";
import { makeProbot } from "../../src/app/make-probot.ts";
import { filesOf, type ServiceRecords } from "../../src/compose/state.ts";
import { type Instant, instant } from "../../src/domain/ids.ts";
import { defaultLimits } from "../../src/domain/publishing/limits.ts";
import { fenced } from "../../src/pipeline/standing/fenced-work.ts";
import type { JobHandler } from "../../src/ports/job-queue.ts";
import type { WriteGuard } from "../../src/ports/outgoing.ts";
import { GithubWorld } from "../world/github.ts";

let world: GithubWorld;
let folder: string;
let records: ServiceRecords;
/** Milliseconds since 1970. */
let clock: number;
beforeEach(async () => {
  world = await new GithubWorld({ "prompts/system.md": "# Agent\n" }).start();
  folder = mkdtempSync(join(tmpdir(), "tuneup-fences-"));
  records = filesOf(folder).records();
  clock = Date.parse("2026-01-20T12:00:00Z");
});
afterEach(async () => {
  await records.close();
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const now = (): Instant => instant(new Date(clock).toISOString());
/** Ends with the work it beats for. */
const sleep = (_milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

/** One process that answers `/tuneup help`; `first` stands before each of its writes, between the look and the fence. */
async function aProcess(holder: string, first: WriteGuard, isFenced: boolean): Promise<() => Promise<void>> {
  const fences = new Fences((name, work) => fenced({ leases: records.leases, name, holder, now, sleep }, work));
  const credentials = { id: "7", privateKey: world.app.privateKey, webhookSecret: world.app.webhookSecret, apiUrl: world.url };
  const { probot } = await makeProbot(credentials, () => undefined, [first, fences.guard]);
  const plain = commandJob({
    octokit: (installation) => probot.auth(installation),
    app: 7,
    documents: new MemoryLedger(),
    clusters: async () => [],
    now,
    limits: defaultLimits,
    spent: async () => undefined,
    explain: async () => undefined,
  });
  const handler: JobHandler = isFenced ? fencedSteps(plain, fences) : plain;
  const payload = { installation: 99, owner: "acme", repository: "support-agent", issue, comment, login: "ada", command: "help" };
  return () => handler({ name: "command", key: "k", payload }, { run: (_step, work) => work() }, new AbortController().signal);
}

let issue: number;
let comment: number;

/** The first process stands still between its look and its write, for longer than its lease, while the second does the whole job. */
async function overtaken(isFenced: boolean): Promise<unknown> {
  issue = world.openIssue("It fails");
  comment = world.comment(issue, "ada", "/tuneup help");
  const second = await aProcess("second", { before: async () => undefined }, isFenced);
  let stood = false;
  const standing: WriteGuard = {
    async before({ what }) {
      if (stood || what !== "comment") return;
      stood = true;
      clock += 10 * 60_000;
      await second();
    },
  };
  const first = await aProcess("first", standing, isFenced);
  return first().catch((error: unknown) => error);
}
const answers = (): number => world.comments.filter(({ user }) => user === "tuneup[bot]").length;

describe("two processes with the same answer to give", () => {
  test("leave one comment, though the first stood still between its look and its write", async () => {
    expect(await overtaken(true)).toMatchObject({ code: "forge-conflict", retryable: true });
    expect(answers()).toBe(1);
  });

  test("leave two without the fence, so the test would notice", async () => {
    await overtaken(false);
    expect(answers()).toBe(2);
  });
});

describe("what is left out by name", () => {
  test("is not kept waiting by the others, and no step loses its result", async () => {
    const names: string[] = [];
    const within = async <T>(name: string, work: () => Promise<T>): Promise<T> => (names.push(name), work());
    const results: unknown[] = [];
    const handler = fencedSteps(
      async (_job, steps) => void results.push(await steps.run("prove", async () => 1), await steps.run("answer", async () => 2)),
      { within },
      ["prove"],
    );
    const job = { name: "run", key: "k", payload: { owner: "Acme", repository: "Support-Agent" } };
    await handler(job, { run: (_step, work) => work() }, new AbortController().signal);
    expect(results).toEqual([1, 2]);
    expect(names).toEqual(["answer acme/support-agent"]);
  });
});
