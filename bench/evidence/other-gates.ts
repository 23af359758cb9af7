import { type Random, seededRandom } from "../../src/domain/random.ts";
import { defaultPlan } from "../../src/domain/verdict.ts";
import { type ContextFigure, round } from "../report.ts";
import { accepted, times, type World } from "./worlds.ts";

const passRate = 0.3;

/** A gate that is in use: how many sessions it replays, how often it starts anew on fresh ones, and what it makes of the differences. */
interface Gate {
  readonly name: string;
  readonly sessions: number;
  readonly tries?: number;
  readonly lets: (differences: readonly number[]) => boolean;
}

const total = (differences: readonly number[]): number => differences.reduce((sum, one) => sum + one, 0);

const gates: readonly Gate[] = [
  { name: "score-went-up", sessions: 20, lets: (all) => total(all) > 0 },
  { name: "minibatch-of-3", sessions: 3, lets: (all) => total(all) > 0 },
  { name: "minibatch-of-3-five-tries", sessions: 3, tries: 5, lets: (all) => total(all) > 0 },
  {
    name: "delta-over-1-standard-error",
    sessions: 50,
    lets: (all) => {
      const mean = total(all) / all.length;
      const variance = all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (all.length - 1);
      return mean > Math.sqrt(variance / all.length);
    },
  },
  { name: "mcnemar-fixed", sessions: 37, lets: (all) => significant(all) },
  { name: "mcnemar-after-every-session", sessions: 50, lets: (all) => all.some((_, index) => significant(all.slice(0, index + 1))) },
];

/** Exact one-sided McNemar test at 5 %. */
function significant(differences: readonly number[]): boolean {
  const plus = differences.filter((one) => one > 0).length;
  return exactTail(plus, plus + differences.filter((one) => one < 0).length) <= 0.05;
}

/** P(at least so many of m fair coins). */
function exactTail(count: number, m: number): number {
  let tail = 0;
  for (let k = count; k <= m; k += 1) {
    let log = -m * Math.LN2;
    for (let index = 1; index <= k; index += 1) log += Math.log((m - k + index) / index);
    tail += Math.exp(log);
  }
  return tail;
}

/** Whether any of the candidates gets through, all held against one replay without an edit for each session. */
function anyGetsThrough({ lets, sessions, tries = 1 }: Gate, candidates: number, random: Random): boolean {
  const pass = (): number => Number(random() < passRate);
  return Array.from({ length: tries }).some(() => {
    const before = Array.from({ length: sessions }, pass);
    return times(candidates, 0).some(() => lets(before.map((one) => pass() - one)));
  });
}

const ours = (candidates: number): World => {
  const pass = (random: Random): boolean => random() < passRate;
  const draw: World["failing"] = (random) => {
    const before = pass(random);
    return times(candidates, 0).map(() => [before, pass(random)] as const);
  };
  return { candidates, failing: draw, control: () => times(candidates, [true, true] as const) };
};

/**
 * How often gates that others use let an edit without any effect through, for one candidate and for the best of four, and what they replay;
 * the same for the improvement test alone, in the same world: every session passes 30 times of 100 in both arms.
 */
export function beside(jobs: number): readonly ContextFigure[] {
  const world = { churn: "0.21 each way", tested: "edits without effect, first test alone" };
  const rows = gates.flatMap((gate) =>
    [1, 4].map((candidates): ContextFigure => {
      let count = 0;
      for (let job = 0; job < jobs; job += 1)
        if (anyGetsThrough(gate, candidates, seededRandom(3, gate.name, String(candidates), String(job)))) count += 1;
      const replays = gate.sessions * (gate.tries ?? 1) * (1 + candidates);
      return {
        name: `other-gate-${gate.name}-k${candidates}`,
        value: round(count / jobs),
        setting: {
          jobs,
          K: candidates,
          cap: `${gate.sessions} sessions${gate.tries === undefined ? "" : `, ${gate.tries} tries`}`,
          replays,
          ...world,
        },
      };
    }),
  );
  const own = [1, 4].map((candidates): ContextFigure => {
    const { count, replays } = accepted(ours(candidates), jobs, `beside ${candidates}`);
    return {
      name: `this-gate-k${candidates}`,
      value: round(count / jobs),
      setting: { jobs, K: candidates, cap: `${defaultPlan.failingCap} sessions`, replays: Math.round(replays), ...world },
    };
  });
  return [...own, ...rows];
}
