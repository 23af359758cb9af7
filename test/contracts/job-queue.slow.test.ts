import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { OpenworkflowJobQueue } from "../../src/adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import type { Job, JobQueue } from "../../src/ports/job-queue.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-jobs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `jobs-${(count += 1)}.db`);

function jobQueueContract(name: string, open: () => JobQueue): void {
  describe(`${name} keeps the job queue's contract`, () => {
    test("a job that was added before the start runs once with its payload, and an equal key adds nothing", async () => {
      const queue = open();
      const ran: Job[] = [];
      const done = Promise.withResolvers<void>();
      queue.work("run", async (job) => {
        ran.push(job);
        done.resolve();
      });
      expect(await queue.add({ name: "run", key: "comment-1", payload: { login: "ada" } })).toBe("added");
      expect(await queue.add({ name: "run", key: "comment-1", payload: { login: "ada" } })).toBe("duplicate");
      await queue.start();
      await done.promise;
      await queue.stop();
      expect(ran).toEqual([{ name: "run", key: "comment-1", payload: { login: "ada" } }]);
    });

    test("a step gives its result back", async () => {
      const queue = open();
      const done = Promise.withResolvers<unknown>();
      queue.work("run", async (_job, steps) => done.resolve(await steps.run("count", async () => ({ sessions: 3 }))));
      await queue.add({ name: "run", key: "a", payload: null });
      await queue.start();
      expect(await done.promise).toEqual({ sessions: 3 });
      await queue.stop();
    });
  });
}

jobQueueContract("the memory queue", () => new MemoryJobQueue());
jobQueueContract("the openworkflow queue", () => OpenworkflowJobQueue.open(freshPath(), new MemoryLedger()));

describe("the openworkflow queue", () => {
  test("tries a failed job again without repeating its finished steps", async () => {
    const queue = OpenworkflowJobQueue.open(freshPath(), new MemoryLedger());
    let paid = 0;
    let tries = 0;
    const done = Promise.withResolvers<void>();
    queue.work("run", async (_job, steps) => {
      await steps.run("paid", async () => {
        paid += 1;
      });
      await steps.run("flaky", async () => {
        tries += 1;
        if (tries === 1) throw new Error("the model was down");
      });
      done.resolve();
    });
    await queue.add({ name: "run", key: "a", payload: null });
    await queue.start();
    await done.promise;
    await queue.stop();
    expect({ paid, tries }).toEqual({ paid: 1, tries: 2 });
  });
});
