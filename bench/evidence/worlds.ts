import { digest, type Digest, sessionId } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import { type Random, seededRandom } from "../../src/domain/random.ts";
import type { ArmRecord, Pair, ReplayOutcome } from "../../src/domain/replay.ts";
import { type Decision, type DecisionPlan, defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { decide } from "../../src/stages/decide.ts";

/** Chances that a pair turns from failed to passed, and from passed to failed. */
export interface Flip {
  readonly plus: number;
  readonly minus: number;
}

/** What one session brings with one candidate: whether it passes without the edit, and with it. */
export type Outcome = readonly [before: boolean, after: boolean];

/** Where jobs are drawn from: each session of each group anew, with luck of its own. */
export interface World {
  readonly candidates: number;
  readonly failing: (random: Random, index: number) => readonly Outcome[];
  readonly control: (random: Random, index: number) => readonly Outcome[];
  readonly plan?: Partial<DecisionPlan>;
}

/** Both arms with their own luck: fixed, broken, or the same on both sides. */
export function outcomeOf({ minus, plus }: Flip, random: Random): Outcome {
  const luck = random();
  if (luck < plus) return [false, true];
  if (luck < plus + minus) return [true, false];
  return random() < 0.5 ? [false, false] : [true, true];
}

/** Every candidate with luck of its own, in both arms: the hardest case for an error level that the candidates share. */
export const flips = (all: readonly Flip[]): World["failing"] => {
  return (random) => all.map((flip) => outcomeOf(flip, random));
};

export const times = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item);

const arm = (outcome: ReplayOutcome): ArmRecord => ({
  outcome,
  decidedBy: "bench",
  ended: "finished",
  tiers: { exact: 0, canonical: 0, corpus: 0, shape: 0, nearest: 0, simulated: 0, refused: 0 },
  modelCalls: 0,
  usage: noUsage,
  seed: 0,
  config: digest("bench"),
});
const arms = { passed: arm("passed"), failed: arm("failed") } as const;
const armOf = (passed: boolean): ArmRecord => (passed ? arms.passed : arms.failed);

/** Names of up to eight candidates. */
export const names: readonly Digest[] = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => digest(name));

export const planOf = (world: World): DecisionPlan => ({ ...planFor({ ...defaultPlan, ...world.plan }, world.candidates), ...world.plan });

/** The pairs of one group for all candidates, in index order. */
export function pairsOf(world: World, group: Pair["group"], count: number, random: Random): readonly Pair[] {
  const draw = world[group];
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    return draw(random, index).map(([before, after], position) => ({
      sessionId: sessionId(`${group}-${index}`),
      index,
      group,
      candidate: names[position] ?? digest("none"),
      before: armOf(before),
      after: armOf(after),
    }));
  });
}

export interface Job {
  readonly decision: Extract<Decision, { state: "decided" }>;
  /** Replays that the test looked at: shared `before`s once. */
  readonly replays: number;
}

/** One job of a world. Working sessions are drawn only when the test asks for them. */
export function runJob(world: World, plan: DecisionPlan, random: Random): Job {
  const available = { failing: plan.failingCap, control: plan.controlCap };
  const ask = (pairs: readonly Pair[]): Decision =>
    decide({ plan, candidates: names.slice(0, world.candidates), pairs, available, traffic: { failingShare: 0.2 } });
  const failing = pairsOf(world, "failing", available.failing, random);
  let decision = ask(failing);
  if (decision.state === "undecided") decision = ask([...failing, ...pairsOf(world, "control", available.control, random)]);
  if (decision.state === "undecided") throw new Error("a job with all of its pairs must end");
  return { decision, replays: replaysOf(decision) };
}

function replaysOf({ verdicts }: Extract<Decision, { state: "decided" }>): number {
  const failing = verdicts.map((verdict) => verdict.failing.pairs);
  const control = verdicts.map((verdict) => verdict.control.pairs);
  const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);
  return Math.max(...failing) + sum(failing) + Math.max(...control) + sum(control);
}

export interface Accepted {
  readonly count: number;
  readonly jobs: number;
  /** Mean replays of a job. */
  readonly replays: number;
}

/** How many jobs of a world end with an accepted candidate among `counted` (all, if not given). */
export function accepted(world: World, jobs: number, name: string, counted?: readonly number[]): Accepted {
  const plan = planOf(world);
  const wanted = new Set((counted ?? names.map((_, index) => index)).map((index) => names[index]));
  let count = 0;
  let replays = 0;
  for (let job = 0; job < jobs; job += 1) {
    const { decision, replays: used } = runJob(world, plan, seededRandom(1, name, String(job)));
    replays += used;
    if (decision.winner !== undefined && wanted.has(decision.winner)) count += 1;
  }
  return { count, jobs, replays: replays / jobs };
}
