import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { OpenworkflowJobQueue } from "../../src/adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import { openState, type State } from "../../src/compose/state.ts";
import { instant } from "../../src/domain/ids.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import { drainedQueue } from "../doubles/drained-queue.ts";
import { type PostgresServer, startPostgres } from "../doubles/postgres-server.ts";
import { durableQueueContract, jobQueueContract } from "./job-queue.ts";
import { ledgerContract } from "./ledger.ts";
import { projectDirectoryContract } from "./project-directory.ts";
import { serviceRecordsContract } from "./service-records.ts";

let server: PostgresServer;
let database: string;
const folder = mkdtempSync(join(tmpdir(), "tuneup-no-files-"));
const opened: State[] = [];

beforeAll(async () => {
  server = await startPostgres();
});
afterEach(async () => {
  for (const state of opened.splice(0)) await state.close();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One process on a database. */
async function process(): Promise<State> {
  const state = await openState({ data: folder, database });
  opened.push(state);
  return state;
}

async function fresh(): Promise<State> {
  database = await server.freshDatabase();
  return process();
}

const queue = async (): Promise<JobQueue> => {
  const state = await fresh();
  return state.jobs(state.ledger());
};

ledgerContract("the ledger in PostgreSQL", async () => (await fresh()).ledger());
serviceRecordsContract("the records in PostgreSQL", async () => [(await fresh()).records(), (await process()).records()]);
projectDirectoryContract("the trace projects in PostgreSQL", async () => [(await fresh()).projects(), (await process()).projects()]);
jobQueueContract("the queue in PostgreSQL", queue);
durableQueueContract("the queue in PostgreSQL", queue);

test("eight processes that start at once on an empty database make its schema once", async () => {
  database = await server.freshDatabase();
  const states = await Promise.all(Array.from({ length: 8 }, process));
  await Promise.all(states.map(async (state) => state.jobs(state.ledger())));
  const said = await Promise.all(states.map((state) => state.ledger().delivery("one")));
  expect(said.toSorted()).toEqual(["new", ...Array.from({ length: 7 }, () => "seen")]);
});

test("an address may name several hosts, of which one answers", async () => {
  const url = await server.freshDatabase();
  database = url.replace(/@([^/]+)\//, "@127.0.0.1:1,$1/");
  const state = await process();
  const jobs = await state.jobs(state.ledger());
  expect(await jobs.add({ name: "run", key: "acme/a/1", payload: {} })).toBe("added");
});

test("why the queue's tables cannot be made is said as the database says it", async () => {
  const nowhere = (await server.freshDatabase()).replace(/[^/]+$/, "nowhere");
  await expect(OpenworkflowJobQueue.prepare(nowhere, "tuneup")).rejects.toMatchObject({
    code: "3D000",
    message: 'database "nowhere" does not exist',
  });
});

test("the audit log cannot be changed, not even by someone who connects to the database", async () => {
  const records = (await fresh()).records();
  await records.audit.record({ at: instant("2026-01-01T00:00:00.000Z"), action: "command", actor: "ada", details: {} });
  const sql = postgres(database, { max: 1, onnotice: () => undefined });
  for (const attempt of ["UPDATE tuneup.audit SET actor = 'eve'", "DELETE FROM tuneup.audit", "TRUNCATE tuneup.audit"])
    await expect(sql.unsafe(attempt)).rejects.toThrow(/append-only/);
  await sql.end();
});

test("a failed job is shown with a reason of ours, and tried again when an operator asks", async () => {
  const state = await fresh();
  const jobs = await state.jobs(state.ledger());
  await jobs.add({ name: "run", key: "acme/a/1", payload: { login: "ada" } });
  const sql = postgres(database, { max: 1 });
  await sql`UPDATE tuneup.workflow_runs SET status = 'failed', attempts = 7, error = ${sql.json({ name: "TuneupError", message: "The model was down." })}`;
  await sql.end();
  const [failed] = await jobs.jobs(10, "failed");
  expect(failed).toMatchObject({ key: "acme/a/1", name: "run", state: "failed", attempts: 7, reason: "The model was down." });
  expect([await jobs.again(failed?.id ?? ""), await jobs.counts()]).toMatchObject([true, { waiting: 1, failed: 1 }]);
  const ran = Promise.withResolvers<unknown>();
  jobs.work("run", async (job) => ran.resolve(job.payload));
  await jobs.start();
  expect(await ran.promise).toEqual({ login: "ada" });
  await jobs.stop();
});

test("four workers drain a queue, one killed with -9 in the middle: nothing is lost, and only what the dead one had in hand runs again", async () => {
  const { lost, ranTwice, effectsTwice, repeatedAfterKill } = await drainedQueue(await server.freshDatabase(), { jobs: 200, workers: 4 });
  expect({ lost, ranTwice, effectsTwice }).toEqual({ lost: 0, ranTwice: 0, effectsTwice: 0 });
  // A process has at most twenty runs in hand.
  expect(repeatedAfterKill).toBeLessThanOrEqual(20);
});
