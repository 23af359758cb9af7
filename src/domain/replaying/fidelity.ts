import type { Usage } from "../message.ts";

/** Self-replays of one kind of sessions: the unchanged agent, run again. */
export interface SelfReplays {
  readonly replayed: number;
  /** Ended as recorded: failed again, or passed again. */
  readonly reproduced: number;
  readonly inconclusive: number;
}

/** Whether replaying may be trusted for a job, and if not, why and what would change it. */
export type FidelityGate =
  | { readonly result: "passed" }
  | {
      readonly result: "failed";
      readonly why: string;
      readonly remedy: string;
      /** The budget ended before the replays could be trusted or not: no other kind of test would have money either. */
      readonly outOfBudget?: true;
    };

/**
 * How true replays of the unchanged agent are to its recordings, measured before any candidate exists. Failing sessions are those the
 * drafter sees and others outside the test's order, so that this measurement cannot favour the test; working ones may be in the order,
 * which can only make the test stricter. All shares lie in [0, 1].
 */
export interface Fidelity {
  readonly version: 1;
  readonly failing: SelfReplays;
  readonly working: SelfReplays;
  /** Failing sessions that fail again because the model judge says so, and no rule, signature or evaluator. */
  readonly failedByModel: number;
  /** Share of failing sessions that fail again, with its lower 95 % bound (one-sided Wilson). */
  readonly failsAgain: number;
  readonly failsAgainAtLeast: number;
  /** Share of working sessions that pass again. */
  readonly passesAgain: number;
  /** J_r = failsAgain + passesAgain − 1: an effect is seen smaller by about this factor; 0 is chance. */
  readonly chanceCorrected: number;
  /** Share of replays that could not be judged. */
  readonly inconclusive: number;
  /** Mean over replays: 1 − edit distance of the tool sequences ÷ the longer one; share of calls with equal input; share of user turns before the first divergence. */
  readonly sameTools: number;
  readonly sameCalls: number;
  readonly heldTurns: number;
  /** Share of tool answers that came from recordings: exact, canonical or corpus. */
  readonly grounded: number;
  /** Share of user turns that were generated, and of recorded ones given although they did not fit. */
  readonly generatedTurns: number;
  readonly unfitTurns: number;
  /** Errors of the simulated user found, by kind. */
  readonly userErrors: Readonly<Record<string, number>>;
  /** Share of single decisions that two samples of the same request take alike: the model's own noise. Absent where none was sampled. */
  readonly sameDecision?: number;
  readonly world: "recorded" | "simulated";
  readonly gate: FidelityGate;
  readonly usage: Usage;
}
