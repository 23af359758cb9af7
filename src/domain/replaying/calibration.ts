import type { Usage } from "../message.ts";

/** How a model judge did on recorded sessions whose outcome is known. */
export interface Calibration {
  readonly version: 1;
  readonly good: JudgedClass;
  readonly bad: JudgedClass;
  /** P(judge passes | good) and P(judge fails | bad); what it could not tell counts as wrong. */
  readonly sensitivity: number;
  readonly specificity: number;
  /** J = sensitivity + specificity − 1, and its lower bound: the sum of two one-sided 95 % Wilson bounds − 1 (Youden 1950). */
  readonly youden: number;
  readonly youdenAtLeast: number;
  /** Cohen's κ between judge and label, at the share of good sessions in this set; shown beside J because it depends on that share. */
  readonly kappa: number;
  /** Share of sessions of which the judge could not tell. */
  readonly cannotTell: number;
  /** Present where the operator wants ties broken by a comparison. */
  readonly pairwise?: PairwiseCheck;
  /** `draft-only`: good enough to look, not to open a pull request for review. */
  readonly use: "trusted" | "draft-only" | "refused";
  readonly why: string;
  /** What would change it: which labels, or something else than labels. */
  readonly remedy: string;
  readonly usage: Usage;
}

/** Whether a judge that compares two conversations says the same in both orders; measured on pairs of labelled sessions. */
export interface PairwiseCheck {
  readonly pairs: number;
  readonly consistent: number;
}

/** Compared are conversations only by a judge that says the same in both orders in 80 of 100 pairs, of twenty at least. */
export const isPairwiseUsable = (check: PairwiseCheck | undefined): boolean =>
  check !== undefined && check.pairs >= 20 && check.consistent >= 0.8 * check.pairs;

export interface JudgedClass {
  readonly sessions: number;
  /** Judged as labelled. */
  readonly agreed: number;
  readonly cannotTell: number;
}
