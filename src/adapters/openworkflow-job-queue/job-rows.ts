import type { BackendSqlite } from "openworkflow/sqlite";
import { instant } from "../../domain/ids.ts";
import type { JobRow } from "../../ports/job-records.ts";

/** A run as the library lists it. */
export type StoredRun = Awaited<ReturnType<BackendSqlite["listWorkflowRuns"]>>["data"][number];

const states: Readonly<Record<StoredRun["status"], JobRow["state"]>> = {
  pending: "waiting",
  sleeping: "waiting",
  running: "running",
  succeeded: "done",
  completed: "done",
  failed: "failed",
  canceled: "failed",
};

/** The library's word for each of our states that has exactly one. */
export const statusOf: Readonly<Record<JobRow["state"], StoredRun["status"]>> = {
  waiting: "pending",
  running: "running",
  done: "completed",
  failed: "failed",
};

/** A run in our words. Messages of errors that are not ours may quote anything, so they are not shown. */
export function rowOf(run: StoredRun): JobRow {
  const key: unknown = typeof run.input === "object" && run.input !== null ? Reflect.get(run.input, "key") : undefined;
  const reason =
    run.error === null
      ? undefined
      : run.error.name === "TuneupError"
        ? run.error.message
        : `An unexpected error (${run.error.name ?? "unknown"}).`;
  return {
    id: run.id,
    name: run.workflowName,
    key: typeof key === "string" ? key : "",
    state: states[run.status],
    attempts: run.attempts,
    addedAt: instant(run.createdAt.toISOString()),
    ...(reason === undefined ? {} : { reason }),
  };
}
