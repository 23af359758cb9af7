import type { Pair } from "../../domain/replay.ts";
import type { DecisionPlan } from "../../domain/verdict.ts";
import { BettingProcess, controlBets, lowerBound, mixtureBets } from "./betting.ts";
import { shareOf } from "./race.ts";
import { differenceOf } from "./tally.ts";

export type ControlState =
  | { readonly state: "passed"; readonly pairs: readonly Pair[] }
  | { readonly state: "harmful"; readonly pairs: readonly Pair[] }
  /** `missing`: at least so many more working sessions would be needed, if none of them broke. */
  | { readonly state: "short"; readonly pairs: readonly Pair[]; readonly missing: number }
  | { readonly state: "waiting"; readonly pairs: readonly Pair[]; readonly index: number };

/**
 * The control test of one candidate: H0 says that it breaks at least a share `margin` of working sessions, net. Passes when the betting
 * e-process reaches K/α: every candidate of the job may come this far, so each is tested at α/K in both tests, and accepting needs both
 * (intersection-union), which keeps the whole job at α. Harmful when the e-process against "no harm" reaches 1/α.
 */
export function controlTest(pairs: ReadonlyMap<number, Pair>, available: number, plan: DecisionPlan): ControlState {
  const needed = 1 / shareOf(plan);
  const safe = new BettingProcess(controlBets(plan.margin), -plan.margin);
  const harm = new BettingProcess(mixtureBets(0), 0);
  const taken: Pair[] = [];
  const end = Math.min(available, plan.controlCap);
  for (let index = 0; index < end; index += 1) {
    const pair = pairs.get(index);
    if (pair === undefined) return { state: "waiting", pairs: taken, index };
    if (pair.dropped !== undefined) continue;
    taken.push(pair);
    const difference = differenceOf(pair);
    safe.add(difference);
    harm.add(-difference);
    if (safe.value >= needed) return { state: "passed", pairs: taken };
    if (harm.value >= 1 / plan.alpha) return { state: "harmful", pairs: taken };
    // Out of reach; go on only while harm is about to be shown, which is worth knowing.
    if (harm.value < worthWatching && safe.zerosNeeded(needed, mostMissing) > end - index - 1) break;
  }
  return { state: "short", pairs: taken, missing: Math.max(1, safe.zerosNeeded(needed, mostMissing)) };
}

/** Wealth of the harm process from which on it is followed to its end. */
const worthWatching = 2;

/** More further sessions than this are not counted. */
const mostMissing = 10_000;

/**
 * Up to this share of working sessions may break, net, at level α/K. Of a passed test it is the margin, for which the test was made. Else it is
 * the end of the one-sided confidence sequence: its wealth falls in the mean, so one statement about one mean carries all smaller ones; a search
 * for the smallest margin that the test's own bets would have rejected would not have that. 1 where nothing can be said.
 */
export function controlBound(control: ControlState | undefined, plan: DecisionPlan): number {
  if (control === undefined || control.pairs.length === 0) return 1;
  if (control.state === "passed") return plan.margin;
  const differences = control.pairs.map((pair) => differenceOf(pair));
  return Math.max(0, -lowerBound(differences, shareOf(plan)));
}
