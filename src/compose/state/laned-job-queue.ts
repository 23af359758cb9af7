import type { Job, JobHandler, JobQueue } from "../../ports/job-queue.ts";
import type { JobRecords, JobRow } from "../../ports/job-records.ts";

type Lane = JobQueue & JobRecords;

/**
 * Two queues as one: jobs that may take long, by name, go into one lane, everything else into the other, so that a pause or a question never waits
 * behind a run. Each lane keeps a queue's promises by itself.
 */
export class LanedJobQueue implements Lane {
  readonly #long: ReadonlySet<string>;
  readonly #lanes: { readonly long: Lane; readonly quick: Lane };

  constructor(lanes: { readonly long: Lane; readonly quick: Lane }, long: readonly string[]) {
    this.#lanes = lanes;
    this.#long = new Set(long);
  }

  add(job: Job): Promise<"added" | "duplicate"> {
    return this.#laneOf(job.name).add(job);
  }

  work(name: string, handler: JobHandler): void {
    this.#laneOf(name).work(name, handler);
  }

  async start(): Promise<void> {
    await this.#lanes.quick.start();
    await this.#lanes.long.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#lanes.long.stop(), this.#lanes.quick.stop()]);
  }

  async jobs(most: number, state?: JobRow["state"]): Promise<readonly JobRow[]> {
    const rows = [...(await this.#lanes.long.jobs(most, state)), ...(await this.#lanes.quick.jobs(most, state))];
    return rows.toSorted((left, right) => (left.addedAt < right.addedAt ? 1 : left.addedAt > right.addedAt ? -1 : 0)).slice(0, most);
  }

  async counts(): Promise<Readonly<Record<JobRow["state"], number>>> {
    const [long, quick] = [await this.#lanes.long.counts(), await this.#lanes.quick.counts()];
    return {
      waiting: long.waiting + quick.waiting,
      running: long.running + quick.running,
      done: long.done + quick.done,
      failed: long.failed + quick.failed,
    };
  }

  async again(id: string): Promise<boolean> {
    return (await this.#lanes.long.again(id)) || this.#lanes.quick.again(id);
  }

  #laneOf(name: string): Lane {
    return this.#long.has(name) ? this.#lanes.long : this.#lanes.quick;
  }
}
