import type { DecisionPlan } from "../../domain/verdict.ts";

/** Shares of a level for jobs 1, 2, 3 …: 6/(π²j²), which add up to 1 however many there are. */
const shareOfJob = (job: number): number => 6 / (Math.PI * Math.PI * job * job);

/**
 * What is left of α for the job of this number, counted among the jobs on one cluster that look at some of the same failing sessions (1: none
 * before). The first has the whole α; job j ≥ 2 has α·6/(π²j²), so that all later ones together add at most (1 − 6/π²)·α = .3921·α, however many there are.
 */
export const spentAlpha = (alpha: number, job: number): number => (job <= 1 ? alpha : (alpha * 6) / (Math.PI * Math.PI * job * job));

/**
 * LOND (Javanmard & Montanari 2015): α_t = α·γ_t·(D_{t−1} + 1), with γ_t = 6/(π²t²) and D_{t−1} the edits accepted by earlier jobs of the
 * repository. If each useless edit is accepted with at most α_t, whatever came before, then of all edits accepted in the repository an expected
 * share of at most α is useless, after any number of jobs. Counting fewer acceptances than there were only lowers the level.
 */
export const londAlpha = (alpha: number, job: number, accepted: number): number => alpha * shareOfJob(job) * (accepted + 1);

/** The level that a plan's other jobs leave for it: the smaller one where two rules apply; `undefined` where none does. */
export function levelLeft({ lond, spending }: Pick<DecisionPlan, "lond" | "spending">): number | undefined {
  const levels = [
    ...(spending === undefined ? [] : [spentAlpha(spending.alpha, spending.job)]),
    ...(lond === undefined ? [] : [londAlpha(lond.alpha, lond.job, lond.accepted)]),
  ];
  return levels.length === 0 ? undefined : Math.min(...levels);
}
