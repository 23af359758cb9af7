import type { Pair } from "../../domain/replay.ts";
import type { DecisionPlan } from "../../domain/verdict.ts";
import { BettingProcess, controlBets, mixtureBets } from "./betting.ts";
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
  const bets = controlBets(plan.margin);
  const safe = new BettingProcess(bets, -plan.margin);
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
    if (harm.value < worthWatching && unbrokenNeeded(taken, bets, plan, needed) > end - index - 1) break;
  }
  return { state: "short", pairs: taken, missing: Math.max(1, unbrokenNeeded(taken, bets, plan, needed)) };
}

/** Wealth of the harm process from which on it is followed to its end. */
const worthWatching = 2;

/** How many further sessions, all unchanged, would bring the e-process over the bar. */
function unbrokenNeeded(taken: readonly Pair[], bets: readonly number[], plan: DecisionPlan, needed: number): number {
  const process = new BettingProcess(bets, -plan.margin);
  for (const pair of taken) process.add(differenceOf(pair));
  let count = 0;
  while (process.value < needed && count < 10_000) {
    process.add(0);
    count += 1;
  }
  return count;
}

/**
 * Up to this share of working sessions may break, net: the smallest margin on a grid of .01 that the same e-process would have rejected at
 * α/K by the last pair. 1 where nothing can be said.
 */
export function controlBound(pairs: readonly Pair[], plan: DecisionPlan): number {
  if (pairs.length === 0) return 1;
  const differences = pairs.map((pair) => differenceOf(pair));
  for (let hundredths = 1; hundredths < 100; hundredths += 1) {
    const margin = hundredths / 100;
    const process = new BettingProcess(controlBets(margin), -margin);
    for (const difference of differences) process.add(difference);
    if (process.value >= 1 / shareOf(plan)) return margin;
  }
  return 1;
}
