import { digestOf } from "../domain/digest.ts";
import type { Finding } from "../domain/finding.ts";
import type { Clue, Headroom } from "../domain/replaying/headroom.ts";
import { addUsage, noUsage } from "../domain/message.ts";
import type { ArmRecord } from "../domain/replay.ts";

export { cluesOf, type HintedFailure } from "./headroom/clues.ts";
export { hintFor, hintMark } from "./headroom/hint.ts";

/** An edit worth looking for lets at least this share of the failure's sessions pass; a hint that says everything outright does no worse. */
const leastShare = 0.3;
/** P(ending a job whose failure a hint could mend in that share of sessions). */
const error = 0.05;

/**
 * So many passes among n replayed sessions show headroom: one more than the largest c with P(X ≤ c) ≤ 5 % for X binomial with n and .30.
 * 0 where even no pass at all would prove nothing (n < 9).
 */
export function passesNeeded(replayed: number): number {
  let mass = (1 - leastShare) ** replayed;
  let tail = 0;
  for (let passes = 0; passes <= replayed; passes += 1) {
    tail += mass;
    if (tail > error) return passes;
    mass *= ((replayed - passes) / (passes + 1)) * (leastShare / (1 - leastShare));
  }
  return 0;
}

/** The progress of the test: `undefined` while it may go either way. A replay that could not be judged is counted as passed. */
export function headroomSoFar(arms: readonly ArmRecord[], available: number): "some" | "none" | undefined {
  const needed = passesNeeded(available);
  const passed = arms.filter((arm) => arm.outcome !== "failed").length;
  if (passed >= needed) return "some";
  return passed + (available - arms.length) < needed ? "none" : undefined;
}

/**
 * In: the replays with the hint, of `available` sessions outside the test's order. Out: whether an edit of the prompt can mend the failure.
 * It stops as soon as the answer is clear: after few replays where the hint works. A screen before money goes into drafting, not part of the test.
 */
export function headroomOf(arms: readonly ArmRecord[], available: number, hint: string, clues: readonly Clue[] = []): Headroom {
  const needed = passesNeeded(available);
  return {
    version: 1,
    result: needed === 0 ? "unknown" : (headroomSoFar(arms, available) ?? "unknown"),
    replayed: arms.length,
    passed: arms.filter((arm) => arm.outcome === "passed").length,
    inconclusive: arms.filter((arm) => arm.outcome === "inconclusive").length,
    needed,
    available,
    clues,
    hint: digestOf(hint),
    usage: arms.reduce((sum, arm) => addUsage(sum, arm.usage), noUsage),
  };
}

/** What a job without headroom ends with: that no edit helps here, and where to look instead. */
export function notAPromptProblem({ clues, passed, replayed }: Headroom): Finding {
  const failed = replayed - passed;
  const found = clues.map(({ replays, what, where }) => `${where}: ${what} (${replays} of ${failed})`);
  return {
    end: "not-a-prompt-problem",
    why: `told outright at the end of its prompt what is required, the agent passed ${passed} of ${replayed} sessions of this failure`,
    remedy: [
      found.length === 0
        ? "Look at what its tools answer, at what they can do, or try a stronger model."
        : `Where to look: ${found.join("; ")}.`,
      "`tuneup show` prints the sessions. `plan.headroom: 0` drafts an edit all the same.",
    ].join(" "),
  };
}
