import type { Digest } from "./ids.ts";

/** How one candidate went through the two tests, step by step: for pictures, never for decisions. */
export interface Walk {
  readonly candidate: Digest;
  /** For each changed failing session that entered the test: 1 fixed, −1 broken. */
  readonly changes: readonly (1 | -1)[];
  /** Wealth of the control test after each working session that entered it. */
  readonly wealth: readonly number[];
}

/** The lines that walks are held against. */
export interface WalkLimits {
  /** `accept[m - 1]`: so many fixed among m changed sessions accept; above m where no count does. */
  readonly accept: readonly number[];
  /** `futile[m]`: with so many fixed among m changed sessions, or fewer, the boundary had become out of reach; −1 where no count stops. */
  readonly futile: readonly number[];
  /** The control test is passed at this wealth. */
  readonly wealth: number;
}

/** The walks of all candidates, in the order of the document's verdicts, with their limits. */
export interface Walks {
  readonly limits: WalkLimits;
  readonly walks: readonly Walk[];
}
