import type { Evidence } from "../../domain/evidence.ts";
import type { ArmRecord, Pair } from "../../domain/replay.ts";
import type { Calibration } from "../../domain/replaying/calibration.ts";
import type { CorrectedEffect, EffectEstimate, LabelledEffect } from "../../domain/replaying/corrected-effect.ts";
import type { Verdict } from "../../domain/verdict.ts";

/** A judge's error rates, and on how many labelled sessions of each kind they were measured. */
export interface JudgeRates {
  /** P(passes | good). */
  readonly sensitivity: number;
  readonly good: number;
  /** P(does not pass | bad). */
  readonly specificity: number;
  readonly bad: number;
}

const twoSided95 = 1.959964;

/** As the figures stand in the evidence. */
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

const possible = (effect: number): number => rounded(Math.min(1, Math.max(-1, effect)));

function estimate(effect: number, variance: number): EffectEstimate {
  const spread = twoSided95 * Math.sqrt(variance);
  // Taking out the judge's errors can carry a sum past what any effect can be.
  return { effect: possible(effect), interval: [possible(effect - spread), possible(effect + spread)] };
}

/** What a calibration says of passing: a bad session of which the judge could not tell is not passed, so it is no error here. */
export const ratesOf = ({ bad, good }: Pick<Calibration, "bad" | "good">): JudgeRates => ({
  sensitivity: good.sessions === 0 ? 0 : good.agreed / good.sessions,
  good: good.sessions,
  specificity: bad.sessions === 0 ? 0 : (bad.agreed + bad.cannotTell) / bad.sessions,
  bad: bad.sessions,
});

/** One arm as it enters an estimate: judged by the model or not, passed or not, and its sign in the sum. */
interface Term {
  readonly byModel: boolean;
  readonly passed: boolean;
  readonly sign: 1 | -1;
}

const byModel = (arm: ArmRecord): boolean => arm.decidedBy === "model";

/** Where no model judged, a doubtful arm counts against the edit as in the test. */
const before = ({ before: arm }: Pair): Term => ({
  byModel: byModel(arm),
  passed: byModel(arm) ? arm.outcome === "passed" : arm.outcome !== "failed",
  sign: -1,
});
const after = ({ after: arm }: Pair): Term => ({ byModel: byModel(arm), passed: arm.outcome === "passed", sign: 1 });

/**
 * Mean over sessions of a signed sum of arms with the judge's error taken out, and its variance. With J = se + sp − 1 a judged arm f ∈ {0, 1}
 * becomes T = (f + sp − 1)/J, whose mean is the true share. The variance is that of the sums over n, plus what is not known of se (n₁ good
 * labels) and sp (n₀ bad ones) by the delta method: ∂T/∂se = −T/J, ∂T/∂sp = (1 − T)/J. Where a model judged everything, this is
 * [q(1 − q)/n + p²·se(1 − se)/n₁ + (1 − p)²·sp(1 − sp)/n₀]/J² for one arm, and Var(δ)/J² + δ²·Var(J)/J² for a difference.
 */
function correctedMean(
  sums: readonly (readonly Term[])[],
  { bad, good, sensitivity, specificity }: JudgeRates,
): { readonly mean: number; readonly variance: number } {
  const youden = sensitivity + specificity - 1;
  const truth = ({ byModel: isJudged, passed }: Term): number => (isJudged ? (Number(passed) + specificity - 1) / youden : Number(passed));
  const meanOf = (value: (term: Term) => number): number =>
    sums.reduce((sum, terms) => sum + terms.reduce((inner, term) => inner + term.sign * value(term), 0), 0) / sums.length;
  const mean = meanOf(truth);
  const squares = sums.reduce((sum, terms) => sum + terms.reduce((inner, term) => inner + term.sign * truth(term), 0) ** 2, 0);
  const bySensitivity = meanOf((term) => (term.byModel ? -truth(term) / youden : 0));
  const bySpecificity = meanOf((term) => (term.byModel ? (1 - truth(term)) / youden : 0));
  const variance =
    (squares / sums.length - mean ** 2) / sums.length +
    (bySensitivity ** 2 * sensitivity * (1 - sensitivity)) / good +
    (bySpecificity ** 2 * specificity * (1 - specificity)) / bad;
  return { mean, variance };
}

/**
 * Fixed minus broken over pairs, freed of the judge's error; `undefined` without a judged arm, where no pair changed (a plain interval would have no
 * width and claim to know), or for a judge no better than a coin.
 */
export function correctedEffect(pairs: readonly Pair[], rates: JudgeRates): Omit<CorrectedEffect, "candidate" | "group"> | undefined {
  const judgedByModel = pairs.flatMap((pair) => [pair.before, pair.after]).filter((arm) => byModel(arm)).length;
  if (pairs.every((pair) => before(pair).passed === after(pair).passed)) return undefined;
  if (judgedByModel === 0 || rates.good === 0 || rates.bad === 0 || rates.sensitivity + rates.specificity <= 1) return undefined;
  const difference = correctedMean(
    pairs.map((pair) => [after(pair), before(pair)]),
    rates,
  );
  const share = (arm: (pair: Pair) => Term): number =>
    rounded(
      correctedMean(
        pairs.map((pair) => [{ ...arm(pair), sign: 1 as const }]),
        rates,
      ).mean,
    );
  return {
    pairs: pairs.length,
    judgedByModel,
    before: share(before),
    after: share(after),
    ...estimate(difference.mean, difference.variance),
  };
}

/** The pairs that entered a verdict's test, in its order. */
export const enteredPairs = (pairs: readonly Pair[], verdict: Verdict, group: Pair["group"]): readonly Pair[] =>
  pairs
    .filter((pair) => pair.candidate === verdict.candidate && pair.group === group && pair.dropped === undefined)
    .toSorted((left, right) => left.index - right.index)
    .slice(0, verdict[group].pairs);

/** Every corrected effect that evidence with a calibration holds, verdict by verdict; empty where no model judged or nothing was calibrated. */
export function correctedEffects({
  calibration,
  pairs,
  verdicts,
}: Pick<Evidence, "calibration" | "pairs" | "verdicts">): readonly CorrectedEffect[] {
  if (calibration === undefined) return [];
  const rates = ratesOf(calibration);
  return verdicts.flatMap((verdict) =>
    (["failing", "control"] as const).flatMap((group) => {
      const corrected = correctedEffect(enteredPairs(pairs, verdict, group), rates);
      return corrected === undefined ? [] : [{ candidate: verdict.candidate, group, ...corrected }];
    }),
  );
}

/** What people and the judge say of pairs: −1 broken, 0 unchanged, 1 fixed. */
export interface LabelledDifferences {
  readonly labelled: readonly { readonly label: number; readonly judged: number }[];
  readonly unlabelled: readonly number[];
}

/** Fewer labelled pairs do not carry the normal interval. */
export const fewestLabelledPairs = 30;

/**
 * PPI++ for a mean: θ = w·mean_N(f) + mean_n(y − w·f) with w = Cov(y, f)/[(1 + n/N)·Var(f)] kept in [0, 1], and
 * Var = w²·Var(f)/N + Var(y − w·f)/n (Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453). The labelled pairs must be chosen without looking at
 * what came of them. `undefined` below thirty of them, and where people gave all of them the same label: an interval without width would claim to
 * know.
 */
export function labelledEffect({ labelled, unlabelled }: LabelledDifferences): LabelledEffect | undefined {
  const [n, more] = [labelled.length, unlabelled.length];
  if (n < fewestLabelledPairs) return undefined;
  const labels = labelled.map((one) => one.label);
  if (new Set(labels).size === 1) return undefined;
  const judged = labelled.map((one) => one.judged);
  const spread = covariance([...judged, ...unlabelled], [...judged, ...unlabelled]);
  const best = more === 0 || spread === 0 ? 0 : covariance(labels, judged) / ((1 + n / more) * spread);
  const weight = Math.min(1, Math.max(0, best));
  const rest = labelled.map((one) => one.label - weight * one.judged);
  const effect = (more === 0 ? 0 : weight * mean(unlabelled)) + mean(rest);
  const variance = (more === 0 ? 0 : (weight ** 2 * spread) / more) + covariance(rest, rest) / n;
  return { labelled: n, unlabelled: more, weight: rounded(weight), ...estimate(effect, variance) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function covariance(left: readonly number[], right: readonly number[]): number {
  const [first, second] = [mean(left), mean(right)];
  return left.reduce((sum, value, index) => sum + (value - first) * ((right[index] ?? 0) - second), 0) / left.length;
}
