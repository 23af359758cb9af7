import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { filesOf, type ServiceRecords } from "../../src/compose/state.ts";
import { type Instant, instant } from "../../src/domain/ids.ts";
import { leasedWritePace } from "../../src/pipeline/standing/write-pace.ts";
import { guardedRequest, type WriteGuard, type WritePace } from "../../src/ports/outgoing.ts";

let folder: string;
let records: ServiceRecords;
/** Milliseconds since 1970; it passes only when somebody sleeps or a request takes its time. */
let clock: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tuneup-pace-"));
  records = filesOf(folder).records();
  clock = Date.parse("2026-01-20T12:00:00Z");
});
afterEach(async () => {
  await records.close();
  rmSync(folder, { recursive: true, force: true });
});

const now = (): Instant => instant(new Date(clock).toISOString());
let names = 0;
/** As each process has one of its own. */
const pace = (): WritePace =>
  leasedWritePace({
    leases: records.leases,
    now,
    sleep: async (milliseconds) => void (clock += milliseconds),
    newName: () => `writer-${(names += 1)}`,
  });
const write = (account: string, method = "POST") => ({
  method,
  url: "/repos/{owner}/{repo}/issues",
  fields: { owner: account, repo: "a" },
});
const since = (): number => clock - Date.parse("2026-01-20T12:00:00Z");

/** Sends requests one after the other, each through another process, and returns when each left. */
async function times(requests: readonly ReturnType<typeof write>[], takes = 300, guards: readonly WriteGuard[] = []): Promise<number[]> {
  const left: number[] = [];
  for (const request of requests) {
    const send = async (): Promise<void> => {
      left.push(since());
      clock += takes;
    };
    await guardedRequest(request, send, { pace: pace(), guards, clock: () => clock }).catch(() => undefined);
  }
  return left;
}

describe("writes for one account", () => {
  test("begin a second after the one before has ended, whichever process sends them", async () => {
    const [first = 0, second = 0, third = 0] = await times([write("acme"), write("ACME"), write("acme")]);
    expect(first).toBe(0);
    expect(second - 300).toBeGreaterThanOrEqual(1000);
    expect(third - second - 300).toBeGreaterThanOrEqual(1000);
    expect(third).toBeLessThan(3200);
  });

  test("keep neither reads nor other accounts waiting", async () => {
    expect(await times([write("acme"), write("acme", "GET"), write("other")], 0)).toEqual([0, 0, 0]);
  });

  test("that a guard holds back cost nobody time", async () => {
    const against: WriteGuard = { before: () => Promise.reject(new Error("held back")) };
    expect(await times([write("acme")], 0, [against])).toEqual([]);
    expect(await times([write("acme")], 0)).toEqual([0]);
  });

  test("go on when a process died in the middle of one, and come back later when too many wait", async () => {
    await pace().turn("acme");
    await guardedRequest(write("acme"), async () => undefined, { pace: pace(), clock: () => clock });
    expect(since()).toBeGreaterThanOrEqual(40_000);
    const keep = await pace().turn("other");
    const held = await records.leases.acquire("write third", "somebody", now(), 10 * 60_000);
    expect(held).toBeDefined();
    await expect(pace().turn("third")).rejects.toMatchObject({ code: "forge-unreachable", retryable: true });
    await keep(false);
  });
});
