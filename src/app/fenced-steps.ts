import { AsyncLocalStorage } from "node:async_hooks";
import type { JobHandler, JobQueue } from "../ports/job-queue.ts";
import type { WriteGuard } from "../ports/outgoing.ts";

/** Does what only one process may do at a time; the guard is asked before each write. */
export type Alone = <T>(name: string, work: (fence: WriteGuard) => Promise<T>) => Promise<T>;

/**
 * The fences of work that looks and then writes, in one process. `guard` belongs among the guards of the client that the work writes with: whatever is
 * written within `within` is asked for its fence, and what is written elsewhere passes.
 */
export class Fences {
  /** Work whose writes ask for their fence by themselves. */
  readonly alone: Alone;
  readonly #current = new AsyncLocalStorage<WriteGuard>();

  constructor(alone: Alone) {
    this.alone = alone;
  }

  readonly guard: WriteGuard = { before: async (write) => this.#current.getStore()?.before(write) };

  /** Does the work alone of all processes under this name. Throws `forge-conflict`, to be tried again, when that cannot be had or was lost. */
  within<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.alone(name, (fence) => this.#current.run(fence, work));
  }
}

/** Under which name one process at a time answers in a repository. */
export const answerLease = (owner: string, repository: string): string => `answer ${owner}/${repository}`.toLowerCase();

/**
 * A job's handler whose steps each work alone in the job's repository: two processes that hold the same job, because one of them stood still, never both
 * look and then both write. Steps that take long, and write by other ways, are left out by name. The payload names `owner` and `repository`.
 */
export function fencedSteps(handler: JobHandler, fences: Pick<Fences, "within">, leftOut: readonly string[] = []): JobHandler {
  return (job, steps, signal) => {
    const { owner, repository } = job.payload as { readonly owner?: unknown; readonly repository?: unknown };
    const name = answerLease(String(owner), String(repository));
    return handler(
      job,
      { run: (step, work) => steps.run(step, () => (leftOut.includes(step) ? work() : fences.within(name, work))) },
      signal,
    );
  };
}

/** A queue whose handlers work so; `leftOut` names the steps of each job that do not. */
export const fencedQueue = (
  queue: Pick<JobQueue, "add" | "work">,
  fences: Pick<Fences, "within">,
  leftOut: Readonly<Record<string, readonly string[]>>,
): Pick<JobQueue, "add" | "work"> => ({
  add: (job) => queue.add(job),
  work: (name, handler) => queue.work(name, fencedSteps(handler, fences, leftOut[name])),
});
