import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { filesOf, type ServiceRecords } from "../../../src/compose/state.ts";
import { DailyRetention, type RetentionParts } from "../../../src/app/upkeep/daily-retention.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import { instant, type Instant, later } from "../../../src/domain/ids.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const folder = mkdtempSync(join(tmpdir(), "tuneup-daily-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
let records: ServiceRecords;
let clock: Instant;
let removals: Instant[];
let told: unknown[];
beforeEach(() => {
  records = filesOf(join(folder, String((count += 1)))).records();
  clock = instant("2026-01-10T00:00:00.000Z");
  [removals, told] = [[], []];
});
afterEach(() => records.close());

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
const note = (fields: object, message: string): void => void told.push({ ...fields, message });
const retention = (holder = "a", parts: Partial<RetentionParts> = {}): DailyRetention =>
  new DailyRetention({
    expire: async () => {
      removals.push(clock);
      return { sessions: 3 };
    },
    leases: records.leases,
    audit: records.audit,
    log: { debug: note, info: note, warn: note, error: note },
    now: () => clock,
    sleep: (_, signal) => untilAborted(signal),
    holder,
    ...parts,
  });

describe("the operator's retention", () => {
  test("is kept at the start and once a day by the clock, with counts in log and audit log", async () => {
    const daily = retention();
    for (let passed = 0; passed <= 2 * day; passed += 10 * minute) {
      await daily.once();
      clock = later(clock, 10 * minute);
    }
    expect(removals).toEqual(["2026-01-10T00:00:00.000Z", "2026-01-11T00:00:00.000Z", "2026-01-12T00:00:00.000Z"]);
    expect(told[0]).toEqual({ sessions: 3, message: "removed sessions that were kept long enough" });
    const entries = await records.audit.entries(10);
    expect(entries.map(({ action, details }) => ({ action, details }))).toEqual(
      removals.map(() => ({ action: "retention", details: { sessions: 3 } })),
    );
  });

  test("is kept by one process of all; another takes over when that one stops, or dies", async () => {
    const [first, second, third] = [retention("a"), retention("b"), retention("c")];
    expect(await Promise.all([first.once(), second.once()])).toEqual([true, false]);
    expect(removals).toHaveLength(1);
    await first.stop();
    expect(await second.once()).toBe(true);
    expect(await third.once()).toBe(false);
    clock = later(clock, 26 * minute);
    expect(await third.once()).toBe(true);
    expect(removals).toHaveLength(3);
  });

  test("is tried again in the next round after it failed, and says so without a word of the store", async () => {
    let rounds = 0;
    const expire = async (): Promise<{ sessions: number }> => {
      if ((rounds += 1) === 1) throw new TuneupError("trace-store-unavailable", "x", { remedy: "y" });
      return { sessions: 0 };
    };
    const slept: number[] = [];
    let daily: DailyRetention | undefined;
    const over = new Promise<void>((resolve) => {
      daily = retention("a", {
        expire,
        sleep: async (milliseconds, signal) => {
          if (rounds === 2) resolve();
          if (rounds === 2 || slept.push(milliseconds) > 3) await untilAborted(signal);
        },
      });
    });
    daily?.start();
    await over;
    await daily?.stop();
    expect(told).toContainEqual({
      code: "trace-store-unavailable",
      message: "old sessions could not be removed; tried again in ten minutes",
    });
    expect(rounds).toBe(2);
  });

  test("lets go at once when the service stops, and when another process has taken over", async () => {
    const expire = async (signal: AbortSignal): Promise<{ sessions: number }> => {
      await untilAborted(signal);
      return { sessions: 1 };
    };
    let begun: (() => void) | undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const stopped = retention("a", { expire: (signal) => (begun?.(), expire(signal)) });
    stopped.start();
    await beginning;
    await stopped.stop();
    expect(told).toHaveLength(1);
    const slow = retention("b", { expire, sleep: async () => void (clock = later(clock, day)) });
    expect(await slow.once()).toBe(true);
    expect(told[1]).toEqual({ sessions: 1, message: "removed sessions that were kept long enough" });
  });
});
