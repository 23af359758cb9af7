import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { filesOf, type ServiceRecords } from "../../src/compose/state.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { commitSha, instant, type Instant, later } from "../../src/domain/ids.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import { fenced } from "../../src/pipeline/standing/fenced-work.ts";
import type { Publication } from "../../src/ports/forge.ts";
import type { WriteGuard } from "../../src/ports/outgoing.ts";
import { publish } from "../../src/stages/publish.ts";
import { aProposal } from "../contracts/ledger.ts";
import { GithubWorld } from "../world/github.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-once-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const before = "# Agent\n\n- Do this.\n";
const after = before.replace("Do this.", "Do this, and look first.");

let count = 0;
let clock: Instant;
let world: GithubWorld;
let ledger: MemoryLedger;
let records: ServiceRecords;
beforeEach(async () => {
  clock = instant("2026-01-10T00:00:00.000Z");
  world = await new GithubWorld({ "prompts/system.md": before }).start();
  ledger = new MemoryLedger();
  records = filesOf(join(folder, String((count += 1)))).records();
});
afterEach(async () => {
  await records.close();
  await world.stop();
});

const proposal = (): Proposal =>
  aProposal({
    branch: "tuneup/0123456789ab",
    commit: commitSha(world.head("main") ?? ""),
    edits: [{ path: "prompts/system.md", base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
    files: [{ path: "prompts/system.md", text: after, before: digestOf(before) }],
    title: "prompt: fewer failures",
    commitMessage: "prompt: fewer failures",
    labels: ["tuneup"],
  });

/** What a process may do to die: nothing of it is ever run again, not even a `finally`. */
const dead = new Promise<never>(() => undefined);

/** One publishing process, with guards of the test's before its own fence. */
function publishing(holder: string, ...guards: readonly WriteGuard[]): Promise<Publication> {
  const sleep = async (_milliseconds: number, signal: AbortSignal): Promise<void> =>
    signal.aborted ? undefined : new Promise((resolve) => void setTimeout(resolve, 5));
  return fenced({ leases: records.leases, name: "publish", holder, now: () => clock, sleep: beat(sleep) }, async (fence) => {
    const forge = githubForge({
      token: world.token,
      baseUrl: world.url,
      retry: { sleep: async () => undefined, random: () => 0.5, now: () => 0 },
      guards: [...guards, fence],
    });
    const publication = await publish(proposal(), forge, ledger, { scanSecrets: async () => [] });
    if (publication.pull !== undefined) {
      await forge.comment(publication.pull, "note", "Done.");
      await forge.check(publication.pull, "success", "Fine.");
    }
    return publication;
  });
}

/** The heartbeat would keep a dead process's lease alive here, where the process lives on: it beats only when waiting for somebody else. */
const beat =
  (sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>) =>
  (milliseconds: number, signal: AbortSignal): Promise<void> =>
    milliseconds >= 10_000 ? new Promise((resolve) => signal.addEventListener("abort", () => resolve())) : sleep(milliseconds, signal);

function invariants(): object {
  return {
    branches: world.branches().filter((branch) => branch.startsWith("tuneup/")),
    commits: world.commitsOn("tuneup/0123456789ab").length,
    text: world.text("tuneup/0123456789ab", "prompts/system.md"),
    pulls: world.pulls.map(({ number, state }) => ({ number, state })),
    labels: world.labels.get(1),
    comments: world.comments.map(({ body }) => body.split("\n").at(-1)),
    checks: world.checks.map(({ conclusion }) => conclusion),
  };
}
const once = {
  branches: ["tuneup/0123456789ab"],
  commits: 1,
  text: after,
  pulls: [{ number: 1, state: "open" }],
  labels: ["tuneup"],
  comments: ["Done."],
  checks: ["success"],
};

const steps = ["branch", "commit", "pull-request", "label", "comment", "check"] as const;

describe.each(steps)("a publishing process that dies at the step %s", (step) => {
  test.each(["before the request", "after the request"] as const)("%s leaves everything once for the next one", async (moment) => {
    const reached = Promise.withResolvers<void>();
    const die = async (what: string): Promise<void> => {
      if (what !== step) return;
      reached.resolve();
      await dead;
    };
    const killer: WriteGuard = {
      before: ({ what }) => (moment === "before the request" ? die(what) : Promise.resolve()),
      after: ({ what }) => (moment === "after the request" ? die(what) : Promise.resolve()),
    };
    void publishing("first", killer);
    await reached.promise;
    // Its lease ends; the next process takes over.
    clock = later(clock, 60_000);
    expect(await publishing("second")).toMatchObject({ result: "published", pull: { number: 1 } });
    expect(invariants()).toEqual(once);
    // And any number of times after that.
    await publishing("third");
    expect(invariants()).toEqual(once);
  });

  test("after GitHub has applied the request and answered 502 makes nothing twice", async () => {
    const paths = {
      branch: "git/refs",
      commit: "graphql",
      "pull-request": "/pulls$",
      label: "/labels$",
      comment: "/comments$",
      check: "/check-runs$",
    };
    world.fail(new RegExp(`POST .*${paths[step]}`), { when: "after", status: 502 });
    await publishing("first").catch(() => undefined);
    await publishing("second");
    expect(invariants()).toEqual(once);
  });
});

describe("two publishing processes", () => {
  test("at the same moment make everything once", async () => {
    const done = await Promise.all([publishing("a"), publishing("b"), publishing("c")]);
    expect(done.every((one) => one.result === "published")).toBe(true);
    expect(invariants()).toEqual(once);
  });

  test.each(steps)("of which one stood still before the step %s, until the other had finished, make everything once", async (step) => {
    const reached = Promise.withResolvers<void>();
    const awake = Promise.withResolvers<void>();
    const sleeper: WriteGuard = {
      async before({ what }) {
        if (what !== step) return;
        reached.resolve();
        await awake.promise;
      },
    };
    const first = publishing("first", sleeper);
    await reached.promise;
    clock = later(clock, 180_000);
    await publishing("second");
    const requests = world.requests.length;
    awake.resolve();
    await expect(first).rejects.toMatchObject({ code: "forge-conflict", retryable: true });
    expect(world.requests.slice(requests).filter((line) => !line.startsWith("GET "))).toEqual([]);
    expect(invariants()).toEqual(once);
  });

  test("write twice without the fence: the guard is what keeps them apart", async () => {
    const reached = Promise.withResolvers<void>();
    const awake = Promise.withResolvers<void>();
    const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
    const sleeper: WriteGuard = {
      async before({ what }) {
        if (what !== "comment") return;
        reached.resolve();
        await awake.promise;
      },
    };
    await publishing("zero", { before: async ({ what }) => (what === "comment" ? Promise.reject(new Error("stop")) : undefined) }).catch(
      () => undefined,
    );
    const unfenced = githubForge({ token: world.token, baseUrl: world.url, retry, guards: [sleeper] });
    const pull = (await githubForge({ token: world.token, baseUrl: world.url, retry }).publish(proposal())).pull;
    if (pull === undefined) throw new Error("no pull request");
    const first = unfenced.comment(pull, "note", "Done.");
    await reached.promise;
    await publishing("second");
    awake.resolve();
    await first;
    expect(world.comments).toHaveLength(2);
  });
});
