import type { Instant } from "../domain/ids.ts";

/** One job as an operator sees it. */
export interface JobRow {
  readonly id: string;
  /** `run`, `command` … */
  readonly name: string;
  /** Its natural key: repository and comment. */
  readonly key: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly attempts: number;
  readonly addedAt: Instant;
  /** Why it failed last; our own words. */
  readonly reason?: string;
}

/** What an operator may ask of the queue: which jobs there are, and to try a failed one again. */
export interface JobRecords {
  /** Newest first, of all states or of one. */
  jobs(most: number, state?: JobRow["state"]): Promise<readonly JobRow[]>;
  /** How many jobs there are in each state. */
  counts(): Promise<Readonly<Record<JobRow["state"], number>>>;
  /** Adds a failed job once more; what its finished steps left in the ledger is found again. `false` when there is no such failed job. */
  again(id: string): Promise<boolean>;
}
