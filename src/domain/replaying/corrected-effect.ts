import type { Digest } from "../ids.ts";
import type { Pair } from "../replay.ts";

/**
 * An estimate of an effect that takes account of how the model judge errs. For reading beside the counted effect: verdicts never rest on it, and
 * its interval is a plain 95 % one, which a test that stops when it wants makes a little too narrow.
 */
export interface EffectEstimate {
  /** Fixed minus broken, as a share of the sessions; within [−1, 1]. */
  readonly effect: number;
  /** 95 %, within [−1, 1]. */
  readonly interval: readonly [low: number, high: number];
}

/** The effect of one candidate on one group, freed of the judge's error rates as its calibration measured them (Rogan & Gladen 1978). */
export interface CorrectedEffect extends EffectEstimate {
  readonly candidate: Digest;
  readonly group: Pair["group"];
  readonly pairs: number;
  /** Arms that a model judged; what rules, the evaluator and the replay's end decided stays as it was counted. */
  readonly judgedByModel: number;
  /** Share that truly passes in either arm; sampling error may carry it outside [0, 1]. */
  readonly before: number;
  readonly after: number;
}

/** The effect from some pairs that people have labelled and all that were judged (PPI++, Angelopoulos, Duchi & Zrnic 2023). */
export interface LabelledEffect extends EffectEstimate {
  readonly labelled: number;
  readonly unlabelled: number;
  /** How much the judge's verdicts count, from 0 (labels alone) to 1. */
  readonly weight: number;
}
