import { z } from "zod";
import type { AttemptDocument } from "../domain/documents.ts";
import { type DecisionPlan, planFor } from "../domain/verdict.ts";
import type { Documents } from "../ports/ledger.ts";
import { guardBandOf, guardedNull, leastGuard, restsOnModel, spentAlpha } from "../stages/decide.ts";

/** A job on a cluster as later jobs see it: its number among those that share sessions, and the failing sessions it may look at. */
const testedSchema = z.object({ version: z.literal(1), job: z.string(), number: z.number().int().min(1), failing: z.array(z.string()) });
type Tested = z.infer<typeof testedSchema>;

type Ledger = Pick<Documents, "get" | "put" | "keys">;

const folderOf = ({ cluster, project }: AttemptDocument): string => `tested/${project}/${cluster}/`;

/** The plan before the cluster's history: its caps, its null share, and what the sample says of its order. */
export function planOfSample(plan: DecisionPlan, attempt: AttemptDocument, candidates: number): DecisionPlan {
  const { looks, pool } = attempt.sample;
  return {
    ...planFor(guarded(plan, attempt), candidates),
    ...(pool === undefined ? {} : { pool }),
    ...(looks === undefined ? {} : { looks }),
  };
}

function guarded(plan: DecisionPlan, { calibration, fidelity }: AttemptDocument): DecisionPlan {
  if (!restsOnModel(plan.theta0, fidelity)) return plan;
  const guardBand = guardBandOf(calibration, fidelity);
  if (guardBand === undefined) return { ...plan, theta0: Math.max(plan.theta0, leastGuard) };
  return { ...plan, theta0: guardedNull(guardBand), guardBand };
}

/**
 * Fixes the level of a job before its first replay and remembers it in the ledger. A job on sessions that no earlier job on the cluster has
 * looked at has the whole α; one that shares some has what is left by its number, and so has one that tests an edit again, whatever its sessions:
 * each is one more chance for the same edit. A job that is run again keeps what it had.
 */
export async function commitLevel(plan: DecisionPlan, attempt: AttemptDocument, job: string, ledger: Ledger): Promise<DecisionPlan> {
  const tested = await testedBefore(attempt, ledger);
  const own = tested.find((one) => one.job === job);
  const number = own?.number ?? 1 + tested.filter((one) => attempt.later === true || shares(one, attempt)).length;
  if (own === undefined)
    await ledger.put(`${folderOf(attempt)}${job}`, { version: 1, job, number, failing: [...new Set(attempt.sample.failing)] });
  if (number === 1) return plan;
  return { ...plan, alpha: spentAlpha(plan.alpha, number), spending: { alpha: plan.alpha, job: number } };
}

/** After the test: only the sessions it looked at are used up. A job that was killed before has used all of its order. */
export async function keepLookedAt(attempt: AttemptDocument, job: string, failing: readonly string[], ledger: Ledger): Promise<void> {
  const own = (await testedBefore(attempt, ledger)).find((one) => one.job === job);
  if (own !== undefined) await ledger.put(`${folderOf(attempt)}${job}`, { ...own, failing: [...new Set(failing)] });
}

async function testedBefore(attempt: AttemptDocument, ledger: Ledger): Promise<readonly Tested[]> {
  const keys = await ledger.keys(folderOf(attempt));
  const documents = await Promise.all(keys.map((key) => ledger.get(key)));
  return documents.map((document) => testedSchema.parse(document));
}

function shares(one: Tested, attempt: AttemptDocument): boolean {
  const theirs = new Set(one.failing);
  return attempt.sample.failing.some((id) => theirs.has(id));
}
