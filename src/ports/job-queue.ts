import type { Json } from "../domain/ids.ts";

export interface Job {
  readonly name: string;
  /** The natural key: two jobs with one key are one job. */
  readonly key: string;
  readonly payload: Json;
}

/** A finished step is never run again, not even after a crash; one in flight may be. Results are JSON. */
export interface Steps {
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** How often a job is tried when its steps fail: then it is kept as failed. A handler that has to tell somebody does it at the last try. */
export const mostTries = 7;

export type JobHandler = (job: Job, steps: Steps, signal: AbortSignal) => Promise<void>;

/** Durable jobs: a job that was added runs to its end, once, across crashes and restarts, or is kept as failed with its reason. */
export interface JobQueue {
  add(job: Job): Promise<"added" | "duplicate">;
  /** Registers the handler of a job name; call before `start`. */
  work(name: string, handler: JobHandler): void;
  start(): Promise<void>;
  /** Stops taking jobs, aborts running ones between steps, and resolves when they have let go. */
  stop(): Promise<void>;
}
