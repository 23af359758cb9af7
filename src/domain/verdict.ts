import type { Digest } from "./ids.ts";
import type { Pair } from "./replay.ts";

/** Everything that fixes the test before the first replay. Committed to the evidence, never changed during a job. */
export interface DecisionPlan {
  /** P(a useless or harmful edit is accepted) for the whole job, all candidates counted. */
  readonly alpha: number;
  /** Present when earlier jobs on the cluster looked at some of these failing sessions: `alpha` is the share that is left for this one. */
  readonly spending?: { readonly alpha: number; readonly job: number };
  /** Present when the operator bounds the error over all jobs of the repository: this job's number among them, and how many were accepted before it. */
  readonly lond?: { readonly alpha: number; readonly job: number; readonly accepted: number };
  /** The test is about single steps of recordings, not about whole sessions: passed, it is `decision-level`. */
  readonly level?: "decision";
  /** K, the number of candidates that share alpha. */
  readonly candidates: number;
  /** Null share of fixed among changed pairs: .50 for programmatic outcomes, at least .57 when only a model judges. */
  readonly theta0: number;
  /** Where only a model judges: what `theta0` was computed from. */
  readonly guardBand?: GuardBand;
  /** Design alternative of the futility rule. */
  readonly theta1: number;
  /** M: the boundary's horizon, in discordant pairs. */
  readonly maximumDiscordant: number;
  /** Failing sessions looked at, at most. */
  readonly failingCap: number;
  /** Smallest effect worth finding: the second futility rule stops below it. */
  readonly minimumEffect: number;
  /** How many of 100 working sessions may break at most, as a share. */
  readonly margin: number;
  /** The operator chose the margin: then a net effect whose lower bound is below zero is theirs to accept, and no reason for a draft. */
  readonly marginIsChosen?: boolean;
  readonly controlCap: number;
  /** After `after` sessions keep the best `keep` candidates. */
  readonly halving: readonly { readonly after: number; readonly keep: number }[];
  /** A small cluster: so many different sessions, drawn with replacement, each draw replayed afresh in both arms. Absent: each session once. */
  readonly pool?: number;
  /** A stratified order: the improvement test is looked at only after so many sessions. Absent: after each. */
  readonly looks?: readonly number[];
}

/** What a model judge's leniency towards the style of an edit could do: shares, the judge's from its calibration on labelled sessions. */
export interface GuardBand {
  /** How much likelier the judge passes a bad replay of the edited agent than one of the unchanged agent. */
  readonly bias: number;
  /** Share of failing sessions that truly pass when the unchanged agent is replayed. */
  readonly basePassRate: number;
  /** P(judge passes | good). */
  readonly sensitivity: number;
  /** P(judge fails | bad). */
  readonly specificity: number;
}

/** The level that the operator chose, before anything was taken off for other jobs. */
export const chosenAlpha = ({ alpha, lond, spending }: DecisionPlan): number => spending?.alpha ?? lond?.alpha ?? alpha;

export const defaultPlan: DecisionPlan = {
  alpha: 0.05,
  candidates: 4,
  theta0: 0.5,
  theta1: 0.8,
  maximumDiscordant: 36,
  failingCap: 60,
  minimumEffect: 0.1,
  margin: 0.1,
  controlCap: 150,
  halving: [
    { after: 8, keep: 2 },
    { after: 16, keep: 1 },
  ],
};

/**
 * The plan for so many candidates. One candidate alone has the whole α, and its boundary is tightest with a horizon of 20 discordant pairs (23
 * above a guard band of .57); a share of α needs 36 (all by simulation at .40/.05 and .30/.05). The design alternative keeps its distance from
 * the null share, or the futility rule would end every test above a high one.
 */
export function planFor(plan: DecisionPlan, candidates: number): DecisionPlan {
  const isGuarded = plan.theta0 > 0.5;
  const alone = isGuarded ? 23 : 20;
  return {
    ...plan,
    candidates,
    theta1: isGuarded ? Math.max(plan.theta1, Math.round((1 - 0.4 * (1 - plan.theta0)) * 10_000) / 10_000) : plan.theta1,
    maximumDiscordant: candidates === 1 ? Math.min(alone, plan.maximumDiscordant) : plan.maximumDiscordant,
  };
}

export interface Counts {
  readonly pairs: number;
  readonly fixed: number;
  readonly broken: number;
  readonly unchanged: number;
  /** Pairs in which one arm was inconclusive and was counted at its worst. */
  readonly inconclusive: number;
  /** Replays that left the recording, both arms. */
  readonly diverged: number;
  readonly beforePassed: number;
  readonly afterPassed: number;
}

export type VerdictResult = "improves" | "decision-level" | "no-evidence" | "harms" | "inconclusive";

/** What the test says of one candidate. Intervals are 95 % confidence sequences: valid although the test stopped when it wanted. */
export interface Verdict {
  readonly candidate: Digest;
  readonly result: VerdictResult;
  /** One sentence: which rule ended it, at which pair. */
  readonly why: string;
  readonly failing: Counts;
  readonly control: Counts;
  readonly alpha: number;
  readonly candidates: number;
  /** Share of failing sessions fixed minus broken. */
  readonly effect: readonly [low: number, high: number];
  /** Up to this share of working sessions may break (upper bound at the control test's level). */
  readonly controlBound: number;
  /** Change of the success rate over the agent's whole traffic; `undefined` where the traffic share is unknown. */
  readonly netEffect?: readonly [low: number, high: number];
}

/** Progress of the test: either what it wants next, or the verdicts. Only pairs in index order count; others wait or are extra. */
export type Decision =
  | {
      readonly state: "undecided";
      readonly group: Pair["group"];
      /** The next index of that group's order. */
      readonly index: number;
      /** Candidates still in the race, best first. */
      readonly alive: readonly Digest[];
    }
  | { readonly state: "decided"; readonly verdicts: readonly Verdict[]; readonly winner?: Digest };
