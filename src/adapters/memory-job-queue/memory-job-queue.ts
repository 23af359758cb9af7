import { asJson } from "../../domain/digest.ts";
import type { Job, JobHandler, JobQueue, Steps } from "../../ports/job-queue.ts";

/** A queue that forgets when the process ends; runs one job at a time, in the order they were added. For tests. */
export class MemoryJobQueue implements JobQueue {
  readonly #handlers = new Map<string, JobHandler>();
  readonly #keys = new Set<string>();
  readonly #waiting: Job[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #started = false;
  /** What failed, with its reason. */
  readonly failed: { readonly job: Job; readonly error: unknown }[] = [];

  async add(job: Job): Promise<"added" | "duplicate"> {
    const key = `${job.name}/${job.key}`;
    if (this.#keys.has(key)) return "duplicate";
    this.#keys.add(key);
    this.#waiting.push({ ...job, payload: asJson(job.payload) });
    if (this.#started) this.#drain();
    return "added";
  }

  work(name: string, handler: JobHandler): void {
    this.#handlers.set(name, handler);
  }

  async start(): Promise<void> {
    this.#started = true;
    this.#drain();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#stopping.abort();
    await this.#running;
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    let seen: Promise<void> | undefined;
    while (seen !== this.#running) {
      seen = this.#running;
      await seen;
    }
  }

  #drain(): void {
    this.#running = this.#running.then(async () => {
      for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) await this.#handle(job);
    });
  }

  async #handle(job: Job): Promise<void> {
    const steps: Steps = { run: async (_name, work) => work() };
    try {
      await this.#handlers.get(job.name)?.(job, steps, this.#stopping.signal);
    } catch (error) {
      this.failed.push({ job, error });
    }
  }
}
