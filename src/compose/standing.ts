import type { OperatorSettings } from "../config/operator-file.ts";
import type { ScanDocument } from "../domain/documents.ts";
import { type ClusterId, type Instant, instant, projectId, type RepositoryId } from "../domain/ids.ts";
import type { Usage } from "../domain/message.ts";
import { defaultLimits, type Hindrance, hindranceOf, type Publishable, type PublishingLimits } from "../domain/publishing/limits.ts";
import { defaultLifetimes, type Lifetimes } from "../domain/publishing/lifetimes.ts";
import { lastSeen, missedScans, modelNow } from "../pipeline/standing/missed-scans.ts";
import { ignoredFailure, pauses } from "../pipeline/standing/people.ts";
import { knownPulls } from "../pipeline/standing/pulls.ts";
import type { Documents, Spending } from "../ports/ledger.ts";
import { boundProject } from "./app-service.ts";

/** The limits of publishing: the operator's, else the defaults. */
export const limitsOf = (operator: OperatorSettings): PublishingLimits => ({ ...defaultLimits, ...operator.limits });

/** How long what nobody looks at stays: the operator's wishes, else the defaults. */
export const lifetimesOf = (operator: OperatorSettings): Lifetimes => ({ ...defaultLifetimes, ...operator.limits });

interface Scope {
  readonly repository: RepositoryId;
  readonly ledger: Pick<Documents, "get" | "keys">;
  readonly operator: OperatorSettings;
  readonly now: Instant;
  /** Whether the limits hold, not only what people decided: a branch in a local repository bothers nobody. */
  readonly limited: boolean;
}

const unlimited: PublishingLimits = { openPullRequests: Infinity, openPerFile: Infinity, newPerDay: Infinity, cooldownDays: 0 };

/** What stands against publishing at this moment, read from the ledger. */
export async function hindranceNow(proposal: Publishable, scope: Scope): Promise<Hindrance | undefined> {
  const { ledger, limited, now, operator, repository } = scope;
  const ignored = await ignoredFailure(ledger, repository, proposal.cluster);
  return hindranceOf(proposal, {
    pulls: await knownPulls(ledger, repository),
    pauses: await pauses(ledger, repository),
    ...(ignored === undefined ? {} : { ignored }),
    limits: limited ? limitsOf(operator) : unlimited,
    now,
  });
}

/** What scans tell of a failure: whether it is still found, when it was last seen, and what the agent runs on now. */
export async function failureNow(
  { name, owner }: RepositoryId,
  cluster: ClusterId,
  ledger: Pick<Documents, "get">,
  operator: OperatorSettings,
): Promise<{ readonly missedScans: number; readonly lastSeen?: Instant; readonly model?: string }> {
  const project = boundProject(`${owner}/${name}`, operator);
  if (project === undefined) return { missedScans: 0 };
  const seen = await lastSeen(ledger, project, cluster);
  // Where the operator chose what replays run on, what the agent runs on says nothing about the test.
  const model = operator.models?.agent === undefined ? await modelNow(ledger, project) : undefined;
  return {
    missedScans: await missedScans(ledger, project, cluster),
    ...(seen === undefined ? {} : { lastSeen: seen }),
    ...(model === undefined ? {} : { model }),
  };
}

/** The clusters of the last scan of a repository's trace project; empty before the first. */
export async function lastClusters(
  repository: string,
  ledger: Pick<Documents, "get">,
  operator: OperatorSettings,
): Promise<ScanDocument["clusters"]> {
  const project = boundProject(repository, operator);
  const stored = project === undefined ? undefined : await ledger.get(`scan/${project}`);
  return stored === undefined ? [] : (stored as unknown as ScanDocument).clusters;
}

const day = 24 * 60 * 60 * 1000;

/** What models cost for a repository's trace project, in all and within 24 hours; `undefined` when it is bound to none. */
export async function spentFor(
  repository: string,
  ledger: Pick<Spending, "spent">,
  operator: OperatorSettings,
  now: Instant,
): Promise<{ readonly all: Usage; readonly today: Usage } | undefined> {
  const bound = boundProject(repository, operator);
  if (bound === undefined) return undefined;
  const project = projectId(bound);
  return {
    all: await ledger.spent(project, instant("1970-01-01T00:00:00.000Z")),
    today: await ledger.spent(project, instant(new Date(Date.parse(now) - day).toISOString())),
  };
}

/** Why no job may begin for a repository because of what was spent within 24 hours; `undefined` when one may. */
export async function overspent(
  repository: string,
  ledger: Pick<Spending, "spent">,
  operator: OperatorSettings,
  now: Instant,
): Promise<string | undefined> {
  const { dollarsPerDay } = limitsOf(operator);
  if (dollarsPerDay === undefined) return undefined;
  const dollars = (await spentFor(repository, ledger, operator, now))?.today.dollars ?? 0;
  if (dollars < dollarsPerDay) return undefined;
  return `Nothing was run: ${dollars.toFixed(2)} of ${dollarsPerDay} US dollars were spent within 24 hours. Wait, or the operator raises limits.dollarsPerDay.`;
}

/** Why no job may begin because people paused Tuneup in this repository or at this pull request; `undefined` when one may. */
export async function paused(
  repository: RepositoryId,
  pull: number | undefined,
  ledger: Pick<Documents, "get" | "keys">,
): Promise<string | undefined> {
  const pause = (await pauses(ledger, repository)).find((one) => one.pull === undefined || one.pull === pull);
  if (pause === undefined) return undefined;
  return `Nothing was run: ${pause.pull === undefined ? "this repository" : "this pull request"} is paused by ${pause.by}. /tuneup resume ends the pause.`;
}
