import { asJson, digestOfJson } from "../domain/digest.ts";
import { noUsage, type Usage } from "../domain/message.ts";
import type { Replay, ReplayOutcome } from "../domain/replay.ts";
import type { Rubric } from "../domain/rubric.ts";
import type { Evaluator } from "../ports/evaluator.ts";
import type { Runtime } from "../ports/runtime.ts";
import { judgeByModel, type ModelJudge } from "./judge/model-judge.ts";
import { judgeByRules } from "./judge/patterns.ts";
import { isVisible, showsSignature } from "./judge/signature.ts";

export { calibrate, fewestPerClass, type JudgedLabel } from "./judge/calibrate.ts";
export { judgeByModel, type ModelJudge } from "./judge/model-judge.ts";
export { type DecisionPoint, decisionPoints, type JudgedStep, judgeStep } from "./judge/step.ts";
export { type Comparison, comparePair } from "./judge/pairwise.ts";
export { shamOf } from "./judge/sham.ts";

export interface Judges {
  readonly evaluator?: Evaluator;
  readonly model?: ModelJudge;
}

export interface Judged {
  readonly outcome: ReplayOutcome;
  /** Who decided: `rule: <name>`, `signature`, `evaluator`, `model`, `ended`, `nothing`. */
  readonly decidedBy: string;
  readonly usage: Usage;
}

/** Freezes everything that decides whether a replay is good under one digest, before candidates exist. */
export function makeRubric(parts: Omit<Rubric, "digest">): Rubric {
  return { ...parts, digest: digestOfJson(asJson(parts)) };
}

/**
 * In: a replay and the frozen rubric. Out: passed, failed or inconclusive, and who decided. Blind: it learns neither the arm nor the system
 * prompt nor the edit. The ladder: how the replay ended, the operator's rules, the cluster's own mark, the operator's evaluator, the model.
 * The recorded label is never an input. Where nothing can judge, the answer is inconclusive, not a guess.
 */
export async function judge(replay: Replay, rubric: Rubric, judges: Judges, runtime: Runtime): Promise<Judged> {
  const free = (outcome: ReplayOutcome, decidedBy: string): Judged => ({ outcome, decidedBy, usage: noUsage });
  if (replay.ended === "inconclusive" || replay.ended === "infrastructure") return free("inconclusive", "ended");
  if (replay.ended === "loop" || replay.ended === "limit") return free("failed", "ended");
  const ruled = judgeByRules(rubric.rules, replay.transcript);
  const broken = ruled.find((one) => one.result === "broken");
  if (broken !== undefined) return free("failed", `rule: ${broken.rule}`);
  if (rubric.signature !== undefined && showsSignature(rubric.signature, replay.transcript)) return free("failed", "signature");
  const evaluated = await askEvaluator(replay, judges, runtime);
  if (evaluated !== undefined) return free(evaluated, "evaluator");
  if (judges.model !== undefined && rubric.items.length > 0) {
    const { result, usage } = await judgeByModel(replay.transcript, rubric, judges.model, runtime);
    return { outcome: result === "cannot-tell" ? "inconclusive" : result, decidedBy: "model", usage };
  }
  if (ruled.length > 0) return free("passed", "rules");
  // With rules that do not apply here, or with a visible mark that did not show, the session is in order as far as anything can tell.
  if (rubric.rules.length > 0) return free("passed", "rules");
  if (rubric.signature !== undefined && isVisible(rubric.signature)) return free("passed", "signature");
  return free("inconclusive", "nothing");
}

async function askEvaluator(replay: Replay, judges: Judges, runtime: Runtime): Promise<"passed" | "failed" | "inconclusive" | undefined> {
  if (judges.evaluator === undefined) return undefined;
  const evaluation = await judges.evaluator.evaluate(replay.transcript, runtime.signal);
  if (evaluation.result !== "cannot-tell") return evaluation.result;
  return judges.model === undefined ? "inconclusive" : undefined;
}
