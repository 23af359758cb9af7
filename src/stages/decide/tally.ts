import type { Pair } from "../../domain/replay.ts";
import type { Counts } from "../../domain/verdict.ts";

/** What a pair says, at its worst for the edit: an inconclusive `before` counts as passed, an inconclusive `after` as failed. */
export function differenceOf(pair: Pair): -1 | 0 | 1 {
  const before = pair.before.outcome !== "failed";
  const after = pair.after.outcome === "passed";
  if (before === after) return 0;
  return after ? 1 : -1;
}

const hasInconclusive = (pair: Pair): boolean => pair.before.outcome === "inconclusive" || pair.after.outcome === "inconclusive";

/** Counts over pairs that entered the test; dropped ones are left out by the caller. */
export function countsOf(pairs: readonly Pair[]): Counts {
  const count = (holds: (pair: Pair) => boolean): number => pairs.filter(holds).length;
  return {
    pairs: pairs.length,
    fixed: count((pair) => differenceOf(pair) === 1),
    broken: count((pair) => differenceOf(pair) === -1),
    unchanged: count((pair) => differenceOf(pair) === 0),
    inconclusive: count(hasInconclusive),
    diverged: pairs.reduce(
      (sum, { before, after }) => sum + Number(before.divergedAtTurn !== undefined) + Number(after.divergedAtTurn !== undefined),
      0,
    ),
    beforePassed: count((pair) => pair.before.outcome === "passed"),
    afterPassed: count((pair) => pair.after.outcome === "passed"),
  };
}
