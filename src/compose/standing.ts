import type { OperatorSettings } from "../config/operator-file.ts";
import type { ScanDocument } from "../domain/documents.ts";
import { type Instant, instant, projectId, type RepositoryId } from "../domain/ids.ts";
import type { Usage } from "../domain/message.ts";
import { defaultLimits, type Hindrance, hindranceOf, type Publishable, type PublishingLimits } from "../domain/publishing/limits.ts";
import { ignoredFailure, pauses } from "../pipeline/standing/people.ts";
import { knownPulls } from "../pipeline/standing/pulls.ts";
import type { Documents, Spending } from "../ports/ledger.ts";
import { boundProject } from "./app-service.ts";

/** The limits of publishing: the operator's, else the defaults. */
export const limitsOf = (operator: OperatorSettings): PublishingLimits => ({ ...defaultLimits, ...operator.limits });

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
