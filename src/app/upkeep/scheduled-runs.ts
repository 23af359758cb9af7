import { asJson } from "../../domain/digest.ts";
import type { Instant } from "../../domain/ids.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { type CommandRequest, requestKey, runJobName } from "../commands/command-request.ts";

/** How often the operator wants a repository's largest failure to be looked at without anybody asking. */
export type Schedule = "daily" | "weekly";

const millisecondsOfDay = 24 * 60 * 60_000;

/** The name of the period that a moment is in: a day of UTC, or the Monday that its week began with. */
export function periodOf(schedule: Schedule, at: Instant): string {
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  const time = Date.parse(at);
  if (schedule === "daily") return day(time);
  const sinceMonday = (new Date(time).getUTCDay() + 6) % 7;
  return `week-${day(time - sinceMonday * millisecondsOfDay)}`;
}

/** Begins the run of this period, once, however many processes ask and however often. */
export async function beginScheduledRun(
  queue: Pick<JobQueue, "add">,
  place: { readonly installation: number; readonly owner: string; readonly repository: string },
  period: string,
): Promise<"added" | "duplicate"> {
  const request: CommandRequest = { ...place, login: "schedule", command: "run", scheduled: period };
  return queue.add({ name: runJobName, key: requestKey(request), payload: asJson(request) });
}
