import { expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { commandRequestSchema, runJobName } from "../../src/app/commands/command-request.ts";
import { beginScheduledRun, periodOf } from "../../src/app/upkeep/scheduled-runs.ts";
import { instant } from "../../src/domain/ids.ts";
import type { Job } from "../../src/ports/job-queue.ts";

const place = { installation: 99, owner: "acme", repository: "support-agent" };

test.each([
  ["daily", "2026-01-20T00:00:00.000Z", "2026-01-20"],
  ["daily", "2026-01-20T23:59:59.999Z", "2026-01-20"],
  ["weekly", "2026-01-19T00:00:00.000Z", "week-2026-01-19"],
  ["weekly", "2026-01-25T23:59:59.999Z", "week-2026-01-19"],
  ["weekly", "2026-01-26T00:00:00.000Z", "week-2026-01-26"],
] as const)("a %s schedule at %s is in the period %s", (schedule, at, period) => {
  expect(periodOf(schedule, instant(at))).toBe(period);
});

test("a period's run begins once, however often it is asked for, and names nobody as having asked", async () => {
  const queue = new MemoryJobQueue();
  const ran: Job[] = [];
  queue.work(runJobName, async (job) => void ran.push(job));
  await queue.start();
  const period = periodOf("weekly", instant("2026-01-20T12:00:00.000Z"));
  expect([await beginScheduledRun(queue, place, period), await beginScheduledRun(queue, place, period)]).toEqual(["added", "duplicate"]);
  expect(await beginScheduledRun(queue, place, periodOf("weekly", instant("2026-01-27T12:00:00.000Z")))).toBe("added");
  await queue.stop();
  expect(ran.map((job) => job.key)).toEqual([
    "acme/support-agent/scheduled-week-2026-01-19",
    "acme/support-agent/scheduled-week-2026-01-26",
  ]);
  const request = commandRequestSchema.parse(ran[0]?.payload);
  expect(request).toMatchObject({ command: "run", scheduled: "week-2026-01-19" });
  expect(request.comment).toBeUndefined();
});
