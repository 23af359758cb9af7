import { expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { instant } from "../../src/domain/ids.ts";
import type { JobRecords, JobRow } from "../../src/ports/job-records.ts";
import { LanedJobQueue } from "../../src/compose/state/laned-job-queue.ts";

/** A lane whose records are given: one failed job. */
function lane(id: string, addedAt: string): MemoryJobQueue & JobRecords {
  const row: JobRow = { id, name: "x", key: "k", state: "failed", attempts: 3, addedAt: instant(addedAt) };
  const records: JobRecords = {
    jobs: async () => [row],
    counts: async () => ({ waiting: 0, running: 0, done: 2, failed: 1 }),
    again: async (wanted) => wanted === id,
  };
  return Object.assign(new MemoryJobQueue(), records);
}

test("an operator sees both lanes as one, newest first, and can try again what failed in either", async () => {
  const lanes = { long: lane("run-1", "2026-01-20T10:00:00.000Z"), quick: lane("command-1", "2026-01-20T11:00:00.000Z") };
  const queue = new LanedJobQueue(lanes, ["run"]);
  expect((await queue.jobs(10)).map((row) => row.id)).toEqual(["command-1", "run-1"]);
  expect(await queue.jobs(1)).toHaveLength(1);
  expect(await queue.counts()).toEqual({ waiting: 0, running: 0, done: 4, failed: 2 });
  expect([await queue.again("run-1"), await queue.again("command-1"), await queue.again("other")]).toEqual([true, true, false]);
});

test("a pause does not wait behind a run", async () => {
  const [long, quick] = [lane("run-1", "2026-01-20T10:00:00.000Z"), lane("command-1", "2026-01-20T11:00:00.000Z")];
  const queue = new LanedJobQueue({ long, quick }, ["run"]);
  const ended: string[] = [];
  let finish = (): void => undefined;
  queue.work("run", async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    ended.push("run");
  });
  queue.work("command", async () => {
    ended.push("command");
  });
  await queue.start();
  expect(await queue.add({ name: "run", key: "1", payload: {} })).toBe("added");
  expect(await queue.add({ name: "run", key: "1", payload: {} })).toBe("duplicate");
  await queue.add({ name: "command", key: "1", payload: {} });
  await quick.idle();
  expect(ended).toEqual(["command"]);
  finish();
  await long.idle();
  await queue.stop();
  expect(ended).toEqual(["command", "run"]);
});
