import type { Digest } from "../ids.ts";
import type { Usage } from "../message.ts";

/** Candidates tried on single steps of the sessions that the drafter saw, before the test: none of these sessions is in it. */
export interface Screen {
  readonly version: 1;
  /** Sessions with a step to ask for again. */
  readonly sessions: number;
  readonly candidates: readonly ScreenedCandidate[];
  readonly usage: Usage;
}

export interface ScreenedCandidate {
  readonly candidate: Digest;
  /** Steps that became right, and such that became wrong. */
  readonly fixed: number;
  readonly broken: number;
  /**
   * `dropped`: it led to less than half as many better steps as the best one. `not-asked`: what it changes does not show in single steps, or it was not
   * tried on every session that others were tried on (its edit does not apply there, or the budget ended), so that their counts do not compare.
   */
  readonly result: "kept" | "dropped" | "not-asked";
}
