import type { Probot } from "probot";
import { checkEvents } from "./checks/check-events.ts";
import { mergeGroupEvents } from "./checks/merge-group.ts";
import { commentEvents } from "./commands/comment-events.ts";
import { dashboardEvents } from "./dashboard/dashboard-events.ts";
import { permissionLookUps } from "./commands/permission-look-ups.ts";
import { approvalEvents } from "./approval/approval-events.ts";
import { pullEvents } from "./pulls/pull-events.ts";
import { setUpEvents } from "./onboarding/set-up-events.ts";
import { configEvents } from "./configuration/config-events.ts";
import type { JobQueue } from "../ports/job-queue.ts";
import type { Documents } from "../ports/ledger.ts";
import type { Log } from "../ports/runtime.ts";

export interface GithubAppParts {
  readonly queue: Pick<JobQueue, "add">;
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly log: Log;
}

/** The App's webhook side: one file for each family of events. Each verifies, records, and adds a durable job; nothing is worked on here. */
export function githubApp(parts: GithubAppParts): (app: Probot) => void {
  const permissions = permissionLookUps(parts.clock);
  const families = [
    commentEvents({ ...parts, permissions }),
    checkEvents({ ...parts, permissions }),
    pullEvents(parts),
    approvalEvents({ ...parts, permissions }),
    setUpEvents(parts),
    configEvents(parts),
    mergeGroupEvents(parts),
    dashboardEvents({ ...parts, permissions }),
  ];
  return (app) => {
    for (const register of families) register(app);
  };
}
