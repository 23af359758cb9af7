import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Probot } from "probot";
import { type ApprovalParts, keepApprovals } from "../../app/approval/approvals.ts";
import { settlePulls } from "../../app/upkeep/settle-pulls.ts";
import { Upkeep } from "../../app/upkeep/upkeep.ts";
import type { ServiceRecords } from "../../compose/service.ts";
import { failureNow, lifetimesOf } from "../../compose/standing.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import type { Instant } from "../../domain/ids.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Ledger } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import type { Stoppable } from "../store/retention-upkeep.ts";

/** Keeps this service in step with GitHub for the repositories that the operator bound. */
export function startUpkeep(
  probot: Probot,
  parts: {
    readonly records: ServiceRecords;
    readonly ledger: Ledger;
    readonly queue: JobQueue;
    readonly operator: OperatorSettings;
    readonly now: () => Instant;
    readonly log: Log;
    readonly approvals: ApprovalParts;
    /** Already running; ended together with the rest. */
    readonly retention: Stoppable;
  },
): Stoppable {
  const { approvals, ledger, log, now, operator, queue, records, retention } = parts;
  const upkeep = new Upkeep({
    octokit: (installation) => (installation === undefined ? probot.auth() : probot.auth(installation)),
    repositories: Object.keys(operator.repositories ?? {}),
    scheduleOf: (repository) => operator.repositories?.[repository]?.schedule,
    settle: (octokit, repository) =>
      settlePulls({
        octokit,
        app: approvals.app,
        repository,
        documents: ledger,
        lifetimes: lifetimesOf(operator),
        failureNow: (pull) => failureNow(repository, pull.cluster, ledger, operator),
        now: now(),
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
