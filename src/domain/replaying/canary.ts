import type { Usage } from "../message.ts";

/** An edit that changes words and no meaning, run through the same replays and judges as a real one: the meter of false accepts. */
export interface Canary {
  readonly version: 1;
  /** Phrases that were put in other words. */
  readonly rephrased: number;
  readonly pairs: number;
  readonly fixed: number;
  readonly broken: number;
  /** Whether it would have passed the improvement test of a single candidate at the job's α: of 100 canaries about α · 100 may. */
  readonly accepted: boolean;
  readonly usage: Usage;
}
