import type { FailureCluster } from "../../domain/cluster.ts";
import type { Instant, RepositoryId } from "../../domain/ids.ts";
import { limitsLeft, type PublishingLimits } from "../../domain/publishing/limits.ts";
import { ignoredFailures, pauses } from "../../pipeline/standing/people.ts";
import { knownPulls } from "../../pipeline/standing/pulls.ts";
import { lastEndOf, runningJobs } from "../../pipeline/standing/runs.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { DashboardState, ShownFailure } from "./dashboard-page.ts";

export interface DashboardStateParts {
  readonly documents: Pick<Documents, "get" | "keys">;
  /** Clusters of the last scan of the repository's trace project. */
  readonly clusters: (repository: string) => Promise<readonly FailureCluster[]>;
  readonly limits: PublishingLimits;
  /** Why nothing may begin because of what was spent; `undefined` when something may. */
  readonly overspent: (repository: string) => Promise<string | undefined>;
  readonly now: () => Instant;
}

/** More failures than this are not looked up for a page that lists a dozen. */
const mostFailures = 40;

/** Where a repository stands, from what is remembered: asks no forge and no model. */
export async function dashboardState(repository: RepositoryId, parts: DashboardStateParts): Promise<DashboardState> {
  const { documents } = parts;
  const all = await knownPulls(documents, repository);
  const pulls = all.filter((pull) => pull.life === "open");
  const ignored = await ignoredFailures(documents, repository);
  const settled = new Set<string>([...pulls, ...ignored].map((one) => one.cluster));
  const name = `${repository.owner}/${repository.name}`;
  const clusters = (await parts.clusters(name)).filter((one) => one.nature === "cause" && !settled.has(one.id));
  const failures: ShownFailure[] = [];
  for (const { id, members, title, users } of clusters.slice(0, mostFailures)) {
    const last = await lastEndOf(documents, repository, id);
    failures.push({ id, title, users, sessions: members.length, ...(last === undefined ? {} : { last }) });
  }
  const spent = await parts.overspent(name);
  return {
    pulls,
    running: await runningJobs(documents, repository),
    failures,
    ignored,
    pauses: await pauses(documents, repository),
    limits: [
      ...reached(limitsLeft({ limits: parts.limits, now: parts.now(), pulls: all }), parts.limits),
      ...(spent === undefined ? [] : [spent]),
    ],
  };
}

const reached = (left: ReturnType<typeof limitsLeft>, limits: PublishingLimits): readonly string[] => [
  ...(left.open > 0
    ? []
    : [
        `${limits.openPullRequests} pull requests are open, so no other is opened: merge or close one, or the operator raises limits.openPullRequests.`,
      ]),
  ...(left.today > 0
    ? []
    : [
        `${limits.newPerDay} pull requests were opened within 24 hours, so no other is opened today: wait, or the operator raises limits.newPerDay.`,
      ]),
];
