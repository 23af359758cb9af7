import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { OpenWorkflow } from "openworkflow";
import { BackendPostgres } from "openworkflow/postgres";
import { BackendSqlite } from "openworkflow/sqlite";
import { asJson } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { JobRecords, JobRow } from "../../ports/job-records.ts";
import { type Job, type JobHandler, type JobQueue, mostTries, type Steps } from "../../ports/job-queue.ts";
import type { Deliveries, Documents } from "../../ports/ledger.ts";
import { rowOf, statusOf } from "./job-rows.ts";
import { plainForm, type StoredForm, textForm } from "./stored-form.ts";

/** How a job is tried again after a failed step: within an hour, because GitHub's rate limits last that long; then it is kept as failed. */
const retryPolicy = { maximumAttempts: mostTries, initialInterval: "2s", backoffCoefficient: 5, maximumInterval: "25m" } as const;

/** Where the queue remembers natural keys for longer than the library does. */
export type JobMemory = Deliveries & Pick<Documents, "get" | "put">;

type Worker = ReturnType<OpenWorkflow["newWorker"]>;

/** Where the library keeps its runs. */
type Backend = BackendSqlite | BackendPostgres;

/** A part of a PostgreSQL database that several queues share: their connections, the schema and a name of its own for each. */
export interface SharedPlace {
  /** Connections whose column names come in camel case; ended by whoever made them. */
  readonly pool: Parameters<typeof BackendPostgres.fromPool>[0];
  readonly schema: string;
  readonly lane: string;
}

/**
 * Durable jobs on openworkflow, in a SQLite file or a PostgreSQL database. Its own idempotency keys are forgotten after a day, so the natural key is
 * remembered in the ledger. A worker that dies lets go of its job after the library's fixed lease of 30 s.
 */
export class OpenworkflowJobQueue implements JobQueue, JobRecords {
  readonly #backend: Backend;
  readonly #client: OpenWorkflow;
  readonly #memory: JobMemory;
  readonly #atOnce: number;
  readonly #form: StoredForm;
  readonly #handlers = new Map<string, JobHandler>();
  readonly #stopping = new AbortController();
  #worker: Worker | undefined;

  private constructor(backend: Backend, memory: JobMemory, { atOnce, form }: { readonly atOnce: number; readonly form: StoredForm }) {
    this.#atOnce = atOnce;
    this.#backend = backend;
    this.#client = new OpenWorkflow({ backend });
    this.#memory = memory;
    this.#form = form;
  }

  /** Opens or creates the job database; this process works on so many jobs at once. */
  static open(path: string, memory: JobMemory, atOnce = 2): OpenworkflowJobQueue {
    try {
      mkdirSync(dirname(path), { recursive: true });
      const backend = BackendSqlite.connect(path);
      waitWhenLocked(backend);
      return new OpenworkflowJobQueue(backend, memory, { atOnce, form: plainForm });
    } catch (cause) {
      throw new TuneupError(
        "trace-store-unavailable",
        `The job database at ${path} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}.`,
        {
          remedy: "Check that the folder is writable and has free space.",
          retryable: true,
          fields: { path },
          cause,
        },
      );
    }
  }

  /** Brings the library's own tables in a PostgreSQL schema up to date. One process at a time: whoever calls sees to that. Throws what the driver says. */
  static async prepare(url: string, schema: string): Promise<void> {
    // The library's own connections would print the server's notices on standard output. An address may name several hosts, which `URL` cannot read.
    const quiet = `${url}${url.includes("?") ? "&" : "?"}client_min_messages=error`;
    let backend: BackendPostgres;
    try {
      backend = await BackendPostgres.connect(quiet, { schema });
    } catch (error) {
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
    }
    await backend.stop();
  }

  /** The jobs of one lane in a database that was prepared; this process works on so many at once. */
  static shared({ lane, pool, schema }: SharedPlace, memory: JobMemory, atOnce = 2): OpenworkflowJobQueue {
    return new OpenworkflowJobQueue(BackendPostgres.fromPool(pool, { schema, namespaceId: lane }), memory, { atOnce, form: textForm });
  }

  async add(job: Job): Promise<"added" | "duplicate"> {
    const key = `${job.name}/${job.key}`;
    if ((await this.#memory.get(`job/${key}`)) !== undefined) return "duplicate";
    // The run first, the memory second: after a crash between the two the job is added again under the same idempotency key, which joins them.
    await this.#client.runWorkflow(
      { name: job.name, retryPolicy },
      { key: job.key, payload: this.#form.write(job.payload) },
      { idempotencyKey: key },
    );
    await this.#memory.put(`job/${key}`, "added");
    return (await this.#memory.delivery(`job/${key}`)) === "new" ? "added" : "duplicate";
  }

  async jobs(most: number, state?: JobRow["state"]): Promise<readonly JobRow[]> {
    const { data } = await this.#backend.listWorkflowRuns({ limit: most, ...(state === undefined ? {} : { status: statusOf[state] }) });
    return data.map((run) => rowOf(run));
  }

  async counts(): Promise<Readonly<Record<JobRow["state"], number>>> {
    const { canceled, completed, failed, pending, running } = await this.#backend.countWorkflowRuns();
    return { waiting: pending, running, done: completed, failed: failed + canceled };
  }

  async again(id: string): Promise<boolean> {
    const run = await this.#backend.getWorkflowRun({ workflowRunId: id });
    if (run === null || rowOf(run).state !== "failed") return false;
    // One failed run is tried again once, however often somebody asks.
    await this.#client.runWorkflow({ name: run.workflowName, retryPolicy }, run.input, { idempotencyKey: `again/${id}` });
    return true;
  }

  work(name: string, handler: JobHandler): void {
    this.#handlers.set(name, handler);
    this.#client.defineWorkflow<{ key: string; payload: Job["payload"] }, null>({ name, retryPolicy }, async ({ input, step }) => {
      const form = this.#form;
      const steps: Steps = {
        // The library hands back what it stored, so a first run must see the same plain JSON as a resumed one.
        run: async <T>(stepName: string, work: () => Promise<T>): Promise<T> =>
          form.read(await step.run({ name: stepName }, () => storably(form, async () => form.write(asJson((await work()) ?? null))))) as T,
      };
      await storably(form, () => handler({ name, key: input.key, payload: form.read(input.payload) }, steps, this.#stopping.signal));
      return null;
    });
  }

  async start(): Promise<void> {
    this.#worker = this.#client.newWorker({ concurrency: this.#atOnce });
    await this.#worker.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(
      new TuneupError("cancelled", "The service is stopping.", { remedy: "The job goes on after the next start.", retryable: true }),
    );
    await this.#worker?.stop();
    // Connections that are shared are ended by whoever made them.
    if (this.#backend instanceof BackendSqlite) await this.#backend.stop();
  }
}

/** Work whose error can be kept. */
async function storably<T>(form: StoredForm, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw form.error(error);
  }
}

/** The library sets no busy timeout: without one, overlapping writers fail with "database is locked". */
function waitWhenLocked(backend: BackendSqlite): void {
  const database: unknown = Reflect.get(backend, "db");
  if (typeof database === "object" && database !== null && "exec" in database && typeof database.exec === "function")
    database.exec("PRAGMA busy_timeout = 5000");
}
