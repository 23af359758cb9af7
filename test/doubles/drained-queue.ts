import { type ChildProcess, fork } from "node:child_process";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { openState } from "../../src/compose/state.ts";

export interface Drained {
  readonly jobs: number;
  /** Jobs whose work nobody did. */
  readonly lost: number;
  /** Jobs that ran twice although no process that had them died. */
  readonly ranTwice: number;
  /** Jobs whose key the ledger called new more than once. */
  readonly effectsTwice: number;
  /** Steps that ran again because the process that had them was killed. */
  readonly repeatedAfterKill: number;
  /** How many jobs each worker did, the killed one first. */
  readonly shares: readonly number[];
  readonly addSeconds: number;
  /** From the first worker's start to the last job's end, the killed worker's lease of 30 s included. */
  readonly drainSeconds: number;
}

const worker = fileURLToPath(new URL("queue-worker.ts", import.meta.url));

/** Adds jobs to an empty database and lets worker processes drain them; the first is killed with -9 when a third is done. */
export async function drainedQueue(
  database: string,
  { jobs, workers }: { readonly jobs: number; readonly workers: number },
): Promise<Drained> {
  const sql = postgres(database, { max: 2, onnotice: () => undefined });
  await sql`CREATE TABLE public.ran (key text, worker integer, first boolean)`;
  const started = performance.now();
  await addJobs(database, jobs);
  const added = performance.now();
  const processes: ChildProcess[] = Array.from({ length: workers }, () =>
    fork(worker, [database, tmpdir()], { execArgv: [...process.execArgv] }),
  );
  try {
    const killed = processes[0];
    while (Number((await sql`SELECT count(DISTINCT key) AS done FROM public.ran`)[0]?.["done"]) < jobs / 3) await pause(100);
    killed?.kill("SIGKILL");
    while (Number((await sql`SELECT count(*) AS open FROM tuneup.workflow_runs WHERE status <> 'completed'`)[0]?.["open"]) > 0)
      await pause(200);
    const drained = performance.now();
    return {
      jobs,
      ...(await counted(sql, killed?.pid ?? 0, jobs)),
      addSeconds: (added - started) / 1000,
      drainSeconds: (drained - added) / 1000,
    };
  } finally {
    await Promise.all(processes.map(ended));
    await sql.end();
  }
}

async function addJobs(database: string, count: number): Promise<void> {
  const state = await openState({ data: tmpdir(), database });
  const queue = await state.jobs(state.ledger());
  let next = 0;
  const adders = Array.from({ length: 12 }, async () => {
    while (next < count) {
      const key = `job-${(next += 1)}`;
      await queue.add({ name: "run", key, payload: { key } });
    }
  });
  await Promise.all(adders);
  await state.close();
}

async function counted(sql: postgres.Sql, killed: number, jobs: number): Promise<Omit<Drained, "jobs" | "addSeconds" | "drainSeconds">> {
  const [row] = await sql`
    WITH keys AS (SELECT key, count(*) AS runs, count(*) FILTER (WHERE first) AS firsts, bool_or(worker = ${killed}) AS died FROM public.ran GROUP BY key)
    SELECT count(*) AS done, count(*) FILTER (WHERE runs > 1 AND NOT died) AS twice, count(*) FILTER (WHERE firsts > 1) AS effects,
           coalesce(sum(runs - 1) FILTER (WHERE died), 0) AS repeated
    FROM keys`;
  const shares = await sql`SELECT worker, count(*) AS done FROM public.ran GROUP BY worker ORDER BY worker <> ${killed}, worker`;
  return {
    lost: jobs - Number(row?.["done"]),
    ranTwice: Number(row?.["twice"]),
    effectsTwice: Number(row?.["effects"]),
    repeatedAfterKill: Number(row?.["repeated"]),
    shares: shares.map((share) => Number(share["done"])),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}
