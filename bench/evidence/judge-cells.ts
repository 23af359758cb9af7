import type { Random } from "../../src/domain/random.ts";
import { defaultPlan, type DecisionPlan, type GuardBand } from "../../src/domain/verdict.ts";
import { guardedNull } from "../../src/stages/decide.ts";
import { type ContextFigure, type Figure, round, wilsonUpper } from "../report.ts";
import { good } from "./false-improves.ts";
import { accepted, type Flip, outcomeOf, type Outcome, times, type World } from "./worlds.ts";

const sensitivity = 0.9;
const bias = 0.05;

const cells: readonly GuardBand[] = [0.8, 0.9, 0.95, 0.98].flatMap((specificity) =>
  [0.05, 0.1, 0.3].map((basePassRate) => ({ bias, sensitivity, specificity, basePassRate })),
);

/** What the judge makes of a replay: `lenience` is added to its chance of passing a bad one. */
const judged = (isGood: boolean, { specificity }: GuardBand, lenience: number, random: Random): boolean =>
  random() < (isGood ? sensitivity : 1 - specificity + lenience);

/** Edits without effect under a judge that likes their style. `alike`: every session passes always or never, the worst case; else each with luck. */
const useless = (band: GuardBand, candidates: number, alike: boolean): World["failing"] => {
  return (random): readonly Outcome[] => {
    const always = random() < band.basePassRate;
    const isGood = (): boolean => (alike ? always : random() < band.basePassRate);
    const before = judged(isGood(), band, 0, random);
    return times(candidates, 0).map((): Outcome => [before, judged(isGood(), band, band.bias, random)]);
  };
};

/** A real effect as the judge sees it. */
const improving = (flip: Flip, band: GuardBand): World["failing"] => {
  return (random): readonly Outcome[] => {
    const [before, after] = outcomeOf(flip, random);
    return [[judged(before, band, 0, random), judged(after, band, 0, random)]];
  };
};

const untouched = (candidates: number): World["control"] => {
  return () => times(candidates, [true, true]);
};

const worldOf = (failing: World["failing"], candidates: number, theta0: number): World => {
  const plan: Partial<DecisionPlan> = { theta0 };
  return { candidates, failing, control: untouched(candidates), plan };
};

const worst = (values: readonly number[]): number => Math.max(...values);

/**
 * What a judge's leniency of 5 points on bad replays of the edited agent can do to the improvement test, cell by cell: with the null share that
 * follows from the judge's errors, beside a null share of one half and a fixed one of .57.
 */
export function judgeCells(
  jobs: number,
  say: (line: string) => void,
): { readonly figures: readonly Figure[]; readonly context: readonly ContextFigure[] } {
  const figures = cells.map((band): Figure => {
    const name = `judge-bias-specificity-${band.specificity}-base-${band.basePassRate}`;
    const guard = guardedNull(band);
    const share = (candidates: number, alike: boolean, theta0: number): number =>
      accepted(worldOf(useless(band, candidates, alike), candidates, theta0), jobs, `${name} ${candidates} ${alike}`).count;
    const guarded = worst([share(1, true, guard), share(1, false, guard), share(4, true, guard)]);
    const value = round(guarded / jobs);
    say(`${name}: ${value} at a null share of ${guard}`);
    return {
      name,
      value,
      upper: wilsonUpper(guarded, jobs),
      bar: "<= 0.06",
      holds: value <= 0.06,
      beside: { nullShareHalf: round(share(1, true, 0.5) / jobs), nullShare57: round(share(1, true, 0.57) / jobs) },
      setting: {
        jobs,
        K: "1 and 4, the worse",
        cap: `${defaultPlan.failingCap} failing`,
        churn: "none but the judge's",
        tested: "improvement test alone, edits without effect, the worse of sessions that pass always or never and sessions alike",
        bias,
        sensitivity,
        nullShare: guard,
      },
    };
  });
  return { figures, context: cells.filter((band) => band.basePassRate === 0.1).map((band) => powerUnder(band, jobs)) };
}

function powerUnder(band: GuardBand, jobs: number): ContextFigure {
  const theta0 = guardedNull(band);
  const { count, replays } = accepted(worldOf(improving(good, band), 1, theta0), jobs, `judge-power ${band.specificity}`);
  return {
    name: `judge-power-40-5-specificity-${band.specificity}`,
    value: round(count / jobs),
    setting: {
      jobs,
      K: 1,
      cap: `${defaultPlan.failingCap} failing`,
      churn: ".40/.05 in truth",
      tested: "improvement test alone",
      nullShare: theta0,
      replays: Math.round(replays),
    },
  };
}
