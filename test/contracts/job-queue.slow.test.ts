import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { OpenworkflowJobQueue } from "../../src/adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import { durableQueueContract, jobQueueContract } from "./job-queue.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-jobs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `jobs-${(count += 1)}.db`);

jobQueueContract("the memory queue", async () => new MemoryJobQueue());
jobQueueContract("the openworkflow queue", async () => OpenworkflowJobQueue.open(freshPath(), new MemoryLedger()));

durableQueueContract("the openworkflow queue", async () => OpenworkflowJobQueue.open(freshPath(), new MemoryLedger()));

describe("the openworkflow queue", () => {
  test("shows what failed with a reason of ours, and tries it again once when an operator asks", async () => {
    const path = freshPath();
    const queue = OpenworkflowJobQueue.open(path, new MemoryLedger());
    await queue.add({ name: "run", key: "acme/a/1", payload: { login: "ada" } });
    await queue.add({ name: "run", key: "acme/a/2", payload: { login: "ada" } });
    const database = new DatabaseSync(path);
    const fail = (key: string, error: object): void => {
      database
        .prepare("UPDATE workflow_runs SET status = 'failed', attempts = 7, error = ? WHERE input LIKE ?")
        .run(JSON.stringify(error), `%${key}%`);
    };
    fail("acme/a/1", { name: "TuneupError", message: "The model was down." });
    fail("acme/a/2", { name: "TypeError", message: "cannot read 'words of a session'" });
    database.close();
    const failed = await queue.jobs(10, "failed");
    expect(failed.map(({ attempts, key, name, reason, state }) => ({ attempts, key, name, reason, state }))).toEqual(
      expect.arrayContaining([
        { attempts: 7, key: "acme/a/1", name: "run", reason: "The model was down.", state: "failed" },
        { attempts: 7, key: "acme/a/2", name: "run", reason: "An unexpected error (TypeError).", state: "failed" },
      ]),
    );
    const [first] = failed;
    expect([await queue.again(first?.id ?? ""), await queue.again(first?.id ?? ""), await queue.again("nothing")]).toEqual([
      true,
      true,
      false,
    ]);
    const ran: string[] = [];
    const done = Promise.withResolvers<void>();
    queue.work("run", async ({ key }) => {
      ran.push(key);
      done.resolve();
    });
    await queue.start();
    await done.promise;
    await queue.stop();
    expect(ran).toEqual([first?.key]);
  });
});
