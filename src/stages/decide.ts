import type { Evidence } from "../domain/evidence.ts";
import type { Digest } from "../domain/ids.ts";
import type { Pair } from "../domain/replay.ts";
import type { Decision, DecisionPlan, Verdict } from "../domain/verdict.ts";
import { controlTest, type ControlState } from "./decide/control.ts";
import { raceRules, type RaceRules, ranked, Runner } from "./decide/race.ts";
import { type Recomputed, recomputeWith } from "./decide/recompute.ts";
import { type TestResult, verdictOf } from "./decide/verdicts.ts";

export {
  correctedEffect,
  correctedEffects,
  enteredPairs,
  fewestLabelledPairs,
  labelledEffect,
  ratesOf,
} from "./decide/corrected-effects.ts";
export { evidenceSchema } from "./decide/evidence-schema.ts";
export { guardBandOf, guardedNull, leastGuard, restsOnModel, truePassRate } from "./decide/guard-band.ts";
export type { EvidenceProblem, Recomputed } from "./decide/recompute.ts";
export { bestLead, isBehind } from "./decide/screened.ts";
export { differenceOf } from "./decide/tally.ts";
export { seal } from "./decide/seal.ts";
export { walksOf } from "./decide/walk.ts";
export { levelLeft, londAlpha, spentAlpha } from "./decide/spending.ts";

export interface DecideInput {
  readonly plan: DecisionPlan;
  /** In the drafter's order. */
  readonly candidates: readonly Digest[];
  /** In any order; only what index order reaches is looked at, the rest waits or is extra. */
  readonly pairs: readonly Pair[];
  /** Sessions in each group's order. */
  readonly available: { readonly failing: number; readonly control: number };
  /** Share of all sessions that belong to the cluster; for the net effect. */
  readonly traffic: { readonly failingShare: number };
}

/** Accept boundary of each candidate's sign test: `result[m - 1]` is the count of fixed among m changed pairs that accepts. */
export const acceptBoundary = (plan: DecisionPlan): readonly number[] => raceRules(plan).boundary;

/**
 * In: the plan and the judged pairs so far. Out: which pair the test wants next, or the verdicts. Pure: the same pairs give the same
 * answer, in whatever order they were measured. Never looks at a pair beyond the first gap, and never at one of a candidate that has
 * left the race.
 *
 * The candidates race over the failing sessions, each in an exact sequential sign test at α/K; who crosses the boundary first takes the
 * control test at α/K. Only both together give `improves`. In a stratified order the boundary is looked at only where the plan says.
 */
export function decide(input: DecideInput): Decision {
  const { plan } = input;
  const rules = rulesOf(plan);
  const lookup = lookupOf(input.pairs);
  const runners = input.candidates.map((candidate) => new Runner(candidate, rules));
  const controls = new Map<Digest, ControlState>();
  const last = Math.min(input.available.failing, plan.failingCap);
  let seen = 0;
  for (let index = 0; index < last; index += 1) {
    for (const runner of runners) if (runner.ending === undefined) runner.shorten(last - index);
    const racing = runners.filter((runner) => runner.ending === undefined);
    if (racing.length === 0) break;
    if (!advance(racing, index, lookup)) return undecided("failing", index, racing);
    seen = index + 1;
    const wanted = settle(racing, index, { input, lookup, controls });
    if (wanted !== undefined) return wanted;
    if (stopsRace(controls)) break;
    halve(runners, index + 1, plan);
  }
  return decided(runners, controls, { ...input, seen });
}

/** A plan's tables are needed at every call; they depend on the plan's numbers alone. */
const knownRules = new WeakMap<DecisionPlan, RaceRules>();
function rulesOf(plan: DecisionPlan): RaceRules {
  const known = knownRules.get(plan);
  if (known !== undefined) return known;
  const rules = raceRules(plan);
  knownRules.set(plan, rules);
  return rules;
}

type Lookup = (candidate: Digest, group: Pair["group"]) => ReadonlyMap<number, Pair>;

function lookupOf(pairs: readonly Pair[]): Lookup {
  const maps = new Map<string, Map<number, Pair>>();
  for (const pair of pairs) {
    const key = `${pair.group}/${pair.candidate}`;
    const map = maps.get(key) ?? new Map<number, Pair>();
    // The first one stays: a pair that came again must not change what was decided on.
    if (!map.has(pair.index)) map.set(pair.index, pair);
    maps.set(key, map);
  }
  const empty = new Map<number, Pair>();
  return (candidate, group) => maps.get(`${group}/${candidate}`) ?? empty;
}

/** Gives every racing candidate its pair of this index; false when one is not there yet, and then nobody has taken any. */
function advance(racing: readonly Runner[], index: number, lookup: Lookup): boolean {
  const next = racing.map((runner) => lookup(runner.candidate, "failing").get(index));
  if (next.some((pair) => pair === undefined)) return false;
  for (const [position, runner] of racing.entries()) {
    const pair = next[position];
    if (pair !== undefined) runner.take(pair);
  }
  return true;
}

interface Table {
  readonly input: DecideInput;
  readonly lookup: Lookup;
  readonly controls: Map<Digest, ControlState>;
}

/** After one index: who crossed takes the control test, best first; the others may end by futility. Returns what is wanted next, if anything. */
function settle(racing: readonly Runner[], index: number, table: Table): Decision | undefined {
  const { controls, input, lookup } = table;
  const isLook = input.plan.looks?.includes(index + 1) ?? true;
  for (const runner of ranked(racing)) {
    if (!isLook || !runner.hasCrossed) continue;
    runner.ending = { kind: "crossed", at: index };
    const control = controlTest(lookup(runner.candidate, "control"), input.available.control, input.plan);
    if (control.state === "waiting") return undecided("control", control.index, [runner]);
    controls.set(runner.candidate, control);
    if (stopsRace(controls)) return undefined;
  }
  for (const runner of racing) if (runner.ending === undefined) runner.settle(index);
  return undefined;
}

/** A passed control test ends the job; one that ran short would run short for every other candidate too. Harm lets the others go on. */
const stopsRace = (controls: ReadonlyMap<Digest, ControlState>): boolean =>
  [...controls.values()].some((control) => control.state !== "harmful");

function halve(runners: readonly Runner[], sessions: number, plan: DecisionPlan): void {
  const step = plan.halving.find(({ after }) => after === sessions);
  if (step === undefined) return;
  const racing = ranked(runners.filter((runner) => runner.ending === undefined));
  for (const runner of racing.slice(step.keep)) runner.ending = { kind: "outranked", at: sessions - 1 };
}

const undecided = (group: Pair["group"], index: number, racing: readonly Runner[]): Decision => ({
  state: "undecided",
  group,
  index,
  alive: ranked(racing).map((runner) => runner.candidate),
});

function decided(
  runners: readonly Runner[],
  controls: ReadonlyMap<Digest, ControlState>,
  input: DecideInput & { readonly seen: number },
): Decision {
  const results: readonly TestResult[] = runners.map((runner) => {
    const control = controls.get(runner.candidate);
    return {
      candidate: runner.candidate,
      failing: runner.pairs,
      seen: input.seen,
      ...(runner.ending === undefined ? {} : { ending: runner.ending }),
      ...(control === undefined ? {} : { control }),
    };
  });
  const verdicts: readonly Verdict[] = results.map((result) => verdictOf(result, input));
  const winner = verdicts.find((verdict) => verdict.result === "improves" || verdict.result === "decision-level");
  return { state: "decided", verdicts, ...(winner === undefined ? {} : { winner: winner.candidate }) };
}

/** Share of all sessions that belong to the cluster. */
export const failingShareOf = (cluster: { readonly members: number; readonly sessionsInWindow: number }): number =>
  cluster.sessionsInWindow === 0 ? 0 : Math.min(1, cluster.members / cluster.sessionsInWindow);

/** Whether everything in an evidence document follows from its plan and pairs; takes any JSON, so that a damaged file is an answer too. */
export const recompute = (document: unknown): Recomputed =>
  recomputeWith(
    {
      boundary: (evidence) => acceptBoundary(evidence.plan),
      decide: (evidence: Evidence) =>
        decide({
          plan: evidence.plan,
          candidates: evidence.candidates.map((candidate) => candidate.id),
          pairs: evidence.pairs,
          available: evidence.available,
          traffic: { failingShare: failingShareOf(evidence.cluster) },
        }),
    },
    document,
  );
