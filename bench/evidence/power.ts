import { defaultPlan } from "../../src/domain/verdict.ts";
import { type ContextFigure, type Figure, round } from "../report.ts";
import { calm, candidates, good } from "./false-improves.ts";
import { accepted, type Flip, flips, times, type World } from "./worlds.ts";

const weak: Flip = { plus: 0.3, minus: 0.05 };
const useless: Flip = { plus: 0.08, minus: 0.08 };

/** The improvement test alone: a control test that cannot fail is the same as none. */
const alone = (flip: Flip): World => ({ candidates: 1, failing: flips([flip]), control: flips([{ plus: 0, minus: 0 }]) });
const wholeJob = (flip: Flip): World => ({
  candidates,
  failing: flips([flip, ...times(3, useless)]),
  control: flips(times(candidates, calm)),
});
const harmful: World = {
  candidates,
  failing: flips(times(candidates, good)),
  control: flips(times(candidates, { plus: 0.02, minus: 0.07 })),
};

/** How often a real improvement is found, for one candidate alone and for whole jobs. */
export function power(jobs: number): { readonly figures: readonly Figure[]; readonly context: readonly ContextFigure[] } {
  const measure = (world: World, name: string, setting: Figure["setting"], counted?: readonly number[]): ContextFigure => {
    const { count, replays } = accepted(world, jobs, name, counted);
    return { name, value: round(count / jobs), setting: { jobs, K: world.candidates, replays: Math.round(replays), ...setting } };
  };
  const bar = (figure: ContextFigure, least: number): Figure => ({ ...figure, bar: `>= ${least}`, holds: figure.value >= least });
  const cap = `${defaultPlan.failingCap} failing`;
  const whole = {
    cap: `${cap}, ${defaultPlan.controlCap} working`,
    churn: `others .08 each way, control ${calm.plus}`,
    tested: "whole rule, one good candidate",
  };
  return {
    figures: [
      bar(measure(alone(good), "power-40-5", { cap, churn: ".40/.05", tested: "improvement test alone" }), 0.95),
      bar(measure(alone(weak), "power-30-5", { cap, churn: ".30/.05", tested: "improvement test alone" }), 0.9),
      bar(measure(wholeJob(good), "job-power-40-5", whole, [0]), 0.8),
    ],
    context: [
      measure(wholeJob(weak), "job-power-30-5", whole, [0]),
      measure(harmful, "harmful-5-accepted", {
        ...whole,
        tested: "all candidates help the cluster and break 5 of 100 working sessions, which the margin of 10 allows",
      }),
    ],
  };
}
