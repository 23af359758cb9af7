import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type ErrorCode, TuneupError } from "../../domain/errors.ts";
import type { Json, ProjectId } from "../../domain/ids.ts";
import type { TraceBatch } from "../../domain/span.ts";
import type { AddResult, TraceStore } from "../../ports/trace-store.ts";
import { SqliteTraceStore } from "./sqlite-trace-store.ts";

/** What the writing thread is told. Its reports come in the order of these. */
export type Order =
  | { readonly kind: "add"; readonly number: number; readonly project: ProjectId; readonly batch: TraceBatch }
  | { readonly kind: "close" };

/** A `TuneupError` as it crosses to another thread. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly fields: Readonly<Record<string, Json>>;
}

/** What became of an `add`. */
export type Report = { readonly number: number; readonly result: AddResult } | { readonly number: number; readonly failure: Failure };

interface Waiting {
  readonly resolve: (result: AddResult) => void;
  readonly reject: (error: unknown) => void;
}

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "writing-thread.ts" : "writing-thread.js", import.meta.url));

/**
 * The embedded store with its writing in a thread of its own: while that compresses one batch and waits for the disk, this thread decodes the
 * next and answers. Everything else happens here, as two processes would use one file. The thread begins with the first `add`; when it dies,
 * what waited is refused, retryable, and the next `add` begins another.
 */
export class ThreadedTraceStore implements TraceStore {
  readonly read: TraceStore["read"];
  readonly session: TraceStore["session"];
  readonly clusters: TraceStore["clusters"];
  readonly overview: TraceStore["overview"];
  readonly erase: TraceStore["erase"];
  readonly expire: SqliteTraceStore["expire"];
  readonly #store: SqliteTraceStore;
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #added = 0;

  private constructor(store: SqliteTraceStore, path: string) {
    this.#store = store;
    this.#path = path;
    this.read = (query) => store.read(query);
    this.session = (project, key) => store.session(project, key);
    this.clusters = (project) => store.clusters(project);
    this.overview = (query) => store.overview(query);
    this.erase = (project, selection) => store.erase(project, selection);
    this.expire = (limits, options) => store.expire(limits, options);
  }

  /** Opens or creates the file, as `SqliteTraceStore.open` does, with its errors. */
  static open(path: string): ThreadedTraceStore {
    return new ThreadedTraceStore(SqliteTraceStore.open(path), path);
  }

  add(project: ProjectId, batch: TraceBatch): Promise<AddResult> {
    const thread = (this.#thread ??= this.#start());
    const number = (this.#added += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      // An idle thread keeps no process alive; one that writes does.
      thread.ref();
      thread.postMessage({ kind: "add", number, project, batch } satisfies Order);
    });
  }

  /** After what was added before is on disk. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread !== undefined) {
      const ended = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
      thread.ref();
      thread.postMessage({ kind: "close" } satisfies Order);
      await ended;
    }
    await this.#store.close();
  }

  #start(): Worker {
    const thread = new Worker(entry, { workerData: this.#path, name: "trace-store" });
    let reason = "it ended";
    thread.on("message", (report: Report) => this.#report(thread, report));
    thread.on("error", (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    thread.on("exit", () => {
      if (this.#thread === thread) this.#thread = undefined;
      this.#refuseAll(reason);
    });
    return thread;
  }

  #report(thread: Worker, report: Report): void {
    const waiting = this.#waiting.get(report.number);
    this.#waiting.delete(report.number);
    if (this.#waiting.size === 0) thread.unref();
    if ("result" in report) return waiting?.resolve(report.result);
    const { code, fields, message, remedy, retryable } = report.failure;
    waiting?.reject(new TuneupError(code, message, { remedy, retryable, fields }));
  }

  #refuseAll(reason: string): void {
    const refused = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of refused)
      reject(
        new TuneupError("trace-store-unavailable", `The thread that writes the trace store at ${this.#path} failed: ${reason}.`, {
          remedy: "Send again; it starts anew.",
          retryable: true,
          fields: { path: this.#path },
        }),
      );
  }
}
