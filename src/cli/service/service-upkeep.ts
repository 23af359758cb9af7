import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { keepApprovals } from "../../app/approval/approvals.ts";
import { keepDashboard } from "../../app/dashboard/dashboard.ts";
import { settlePulls } from "../../app/upkeep/settle-pulls.ts";
import { refreshSetUp } from "../../app/onboarding/refresh-set-up.ts";
import { answerLease } from "../../app/fenced-steps.ts";
import { Upkeep } from "../../app/upkeep/upkeep.ts";
import type { ServiceRecords } from "../../compose/service.ts";
import { failureNow, lifetimesOf } from "../../compose/standing.ts";
import { boundProject } from "../../compose/app-service.ts";
import type { ProjectDirectory } from "../../ports/project-directory.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Stoppable } from "../store/retention-upkeep.ts";
import type { AppParts } from "./app-jobs.ts";
import { dashboardParts } from "./dashboard-jobs.ts";

/** Keeps this service in step with GitHub for the repositories that the operator bound. */
export function startUpkeep(
  service: AppParts,
  parts: {
    readonly records: ServiceRecords;
    readonly queue: JobQueue;
    readonly projects: Pick<ProjectDirectory, "list">;
    /** Already running; ended together with the rest. */
    readonly retention: Stoppable;
  },
): Stoppable {
  const { projects, queue, records, retention } = parts;
  const { approvals, context, fences, ledger, log, operator, probot } = service;
  const { now } = context;
  const dashboards = dashboardParts(service);
  const upkeep = new Upkeep({
    octokit: (installation) => (installation === undefined ? probot.auth() : probot.auth(installation)),
    repositories: Object.keys(operator.repositories ?? {}),
    scheduleOf: (repository) => operator.repositories?.[repository]?.schedule,
    keepDashboard: (octokit, repository) => keepDashboard(octokit, repository, dashboards),
    settle: (octokit, repository) =>
      fences.within(answerLease(repository.owner, repository.name), () =>
        settlePulls({
          octokit,
          app: approvals.app,
          repository,
          documents: ledger,
          lifetimes: lifetimesOf(operator),
          failureNow: (pull) => failureNow(repository, pull.cluster, ledger, operator),
          now: now(),
        }),
      ),
    ...(operator.onboarding === "none"
      ? {}
      : {
          refreshSetUp: async (place) => {
            const bound = boundProject(`${place.owner}/${place.repository}`, operator);
            const project = (await projects.list(now())).find(({ name }) => name === bound);
            const received = (project?.spans ?? 0) + (project?.logRecords ?? 0);
            await refreshSetUp(queue, place, { now: now(), received });
          },
        }),
    inbox: records.inbox,
    leases: records.leases,
    audit: records.audit,
    ledger,
    queue,
    keepApprovals: (octokit, repository) => keepApprovals({ octokit, repository }, approvals),
    log,
    now,
    sleep: async (milliseconds, signal) => {
      await pause(milliseconds, undefined, { signal });
    },
    holder: randomUUID(),
  });
  upkeep.start();
  return { stop: async () => void (await Promise.all([upkeep.stop(), retention.stop()])) };
}
