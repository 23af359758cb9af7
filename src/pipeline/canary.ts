import type { Digest } from "../domain/ids.ts";
import { shortDigest } from "../domain/digest.ts";
import { addUsage, noUsage } from "../domain/message.ts";
import type { Pair } from "../domain/replay.ts";
import type { Canary } from "../domain/replaying/canary.ts";
import type { DecisionPlan } from "../domain/verdict.ts";
import { chosenAlpha, planFor } from "../domain/verdict.ts";
import type { Runtime } from "../ports/runtime.ts";
import { acceptBoundary } from "../stages/decide.ts";
import { concurrently } from "./concurrently.ts";
import type { Place, Rehearsal } from "./rehearse.ts";

/** One job in so many runs a canary. */
const oneIn = 20;
/** Sessions at most: each costs one replay, its other arm is measured already. */
const most = 20;

export type CanarySetting = "never" | "sometimes" | "always";

/** Whether a job runs a canary: by its own digest, so that the same job always decides alike. */
export function canaryIsDue(job: string, setting: CanarySetting): boolean {
  if (setting !== "sometimes") return setting === "always";
  return Number.parseInt(shortDigest(job as Digest, 8), 16) % oneIn === 0;
}

/**
 * Runs an edit without meaning on failing sessions whose unchanged arm the test has measured, in the test's order, and says whether it would
 * have been accepted. `undefined` where the prompts hold no phrase to put in other words, or the budget has ended.
 */
export async function runCanary(
  places: readonly Place[],
  plan: DecisionPlan,
  rehearsal: Rehearsal,
  inFlight: number,
  runtime: Runtime,
): Promise<Canary | undefined> {
  runtime.progress({ stage: "canary", state: "started", total: Math.min(most, places.length), unit: "sessions" });
  const measured = await concurrently(places.slice(0, most), inFlight, (place) => rehearsal.shamPair(place));
  const known = measured.flatMap((one) => (one === undefined || one.pair.dropped !== undefined ? [] : [one]));
  if (known.length === 0) return undefined;
  const pairs = known.map((one) => one.pair);
  const outcome = walk(pairs, acceptBoundary(planFor({ ...plan, alpha: chosenAlpha(plan) }, 1)));
  const canary: Canary = {
    version: 1,
    rephrased: Math.max(...known.map((one) => one.rephrased)),
    pairs: pairs.length,
    ...outcome,
    usage: pairs.reduce((sum, pair) => addUsage(sum, pair.after.usage), noUsage),
  };
  const note = `${canary.fixed} fixed, ${canary.broken} broken in ${canary.pairs} sessions by an edit without meaning`;
  runtime.progress({ stage: "canary", state: "finished", note });
  return canary;
}

/** The improvement test's walk: worst case for what could not be judged, as in the test itself. */
function walk(pairs: readonly Pair[], boundary: readonly number[]): Pick<Canary, "accepted" | "broken" | "fixed"> {
  let fixed = 0;
  let broken = 0;
  let accepted = false;
  for (const { after, before } of pairs) {
    const passedBefore = before.outcome !== "failed";
    const passedAfter = after.outcome === "passed";
    if (passedBefore === passedAfter) continue;
    if (passedAfter) fixed += 1;
    else broken += 1;
    const needed = boundary[fixed + broken - 1];
    if (needed !== undefined && fixed >= needed) accepted = true;
  }
  return { fixed, broken, accepted };
}
