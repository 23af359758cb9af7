import type { Calibration } from "../../domain/replaying/calibration.ts";
import type { Fidelity } from "../../domain/replaying/fidelity.ts";
import type { GuardBand } from "../../domain/verdict.ts";

/** A model judge may be so much more lenient to the style of an edit, on bad replays, as a share. */
const assumedBias = 0.05;

/** The guard band that follows from a judge's calibration and from how often failing sessions pass when they are only run again; both are needed. */
export function guardBandOf(
  calibration: Pick<Calibration, "sensitivity" | "specificity"> | undefined,
  fidelity: Pick<Fidelity, "failsAgain"> | undefined,
): GuardBand | undefined {
  if (calibration === undefined || fidelity === undefined) return undefined;
  const { sensitivity, specificity } = calibration;
  return { bias: assumedBias, sensitivity, specificity, basePassRate: truePassRate(1 - fidelity.failsAgain, { sensitivity, specificity }) };
}

/**
 * Whether the evidence will rest on a model judge: there is nothing else that judges, or it was the model that failed at least half of the
 * failing sessions that were only run again, whatever rules there are for other kinds of sessions.
 */
export const restsOnModel = (theta0: number, fidelity: Pick<Fidelity, "failing" | "failedByModel"> | undefined): boolean =>
  theta0 > 0.5 || (fidelity !== undefined && fidelity.failedByModel > 0 && 2 * fidelity.failedByModel >= fidelity.failing.reproduced);

/** The smallest null share where only a model judges: absorbs a bias of 5 points at common rates (bench `evidence`, judge cells). */
export const leastGuard = 0.57;
/** No null share above this: nothing that the test could reach would be left. */
const mostGuard = 0.99;

/**
 * θ0 for outcomes that only a model judges: the largest share of fixed among changed pairs that an edit without any effect can show, when the
 * judge passes bad replays of the edited agent with a chance higher by `bias`; never below .57.
 *
 * With π the chance that a session truly passes (in either arm, each with its own luck), the judge passes a `before` with
 * q_b = π·se + (1 − π)(1 − sp) and an `after` with q_a = q_b + (1 − π)·bias, so p₊ = (1 − q_b)·q_a and p₋ = q_b·(1 − q_a). Both are concave in π
 * with the same second derivative, so for a given mean π the share p₊/(p₊ + p₋) is largest when every session passes always or never:
 * p₊ = (1 − π)·sp·(1 − sp + bias) + π·se(1 − se), p₋ = (1 − π)(1 − sp)(sp − bias) + π·se(1 − se). How much sessions differ is not observed, so
 * that case is taken.
 */
export function guardedNull({ basePassRate, bias, sensitivity, specificity }: GuardBand): number {
  const passing = basePassRate * sensitivity * (1 - sensitivity);
  const lenient = Math.min(1, 1 - specificity + bias);
  const fixed = (1 - basePassRate) * specificity * lenient + passing;
  const broken = (1 - basePassRate) * (1 - specificity) * (1 - lenient) + passing;
  const theta = fixed + broken === 0 ? leastGuard : fixed / (fixed + broken);
  return Math.min(mostGuard, Math.max(leastGuard, Math.round(theta * 10_000) / 10_000));
}

/**
 * The share of sessions that truly pass, from the share that the judge passes (Rogan & Gladen 1978): (q + sp − 1)/(se + sp − 1), kept in [0, 1].
 * 0 for a judge that is no better than a coin: the worst case for the guard band.
 */
export function truePassRate(judged: number, { sensitivity, specificity }: Pick<GuardBand, "sensitivity" | "specificity">): number {
  const youden = sensitivity + specificity - 1;
  return youden <= 0 ? 0 : Math.min(1, Math.max(0, (judged + specificity - 1) / youden));
}
