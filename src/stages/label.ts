import type { Outcome } from "../domain/outcome.ts";
import type { Session } from "../domain/session.ts";
import type { Feedback } from "../domain/span.ts";
import type { Runtime } from "../ports/runtime.ts";
import { type Verdict, verdictOf } from "./label/feedback.ts";
import { type Labeller, labelByModel } from "./label/model-label.ts";
import { endedWell, errorMark, failureByRules } from "./label/rules.ts";

/**
 * In: one session. Out: how it ended and who says so. Labels that came with the traces decide first (people before programs before
 * evaluators before reactions; disagreement on one rung is unclear), then deterministic rules, then, where one is given, a model. Never
 * writes anything, never lets a session's text decide but through these.
 */
export async function label(session: Session, labeller: Labeller | undefined, runtime: Runtime): Promise<Outcome> {
  const labelled = byFeedback(session);
  if (labelled !== undefined) return labelled;
  const ruled = byRules(session);
  if (ruled !== undefined) return ruled;
  if (labeller !== undefined) return labelByModel(session, labeller, runtime);
  // Working sessions are needed as controls: an answer that nothing speaks against counts, with low confidence.
  if (endedWell(session)) return { result: "succeeded", sessionId: session.id, decidedBy: "rule", confidence: 0.5 };
  return { result: "unclear", sessionId: session.id, why: "no label came with the traces and no rule is sure" };
}

function byFeedback(session: Session): Outcome | undefined {
  const verdicts = session.feedback.flatMap((feedback) => verdictOf(feedback) ?? []);
  const strongest = Math.min(...verdicts.map((verdict) => verdict.rank));
  const deciding = verdicts.filter((verdict) => verdict.rank === strongest);
  const bad = deciding.filter((verdict) => !verdict.good);
  const [first] = bad;
  if (deciding.length === 0) return undefined;
  if (first === undefined) return { result: "succeeded", sessionId: session.id, decidedBy: "feedback", confidence: 1 };
  if (bad.length < deciding.length && sameName(deciding))
    return { result: "unclear", sessionId: session.id, why: `the labels "${first.feedback.name}" contradict each other` };
  return failedBy(session, first.feedback);
}

/** Several evaluators look at several things, and one that fails is a failure; one evaluator that says both is a contradiction. */
const sameName = (verdicts: readonly Verdict[]): boolean => new Set(verdicts.map((verdict) => verdict.feedback.name)).size === 1;

const genericLabels: ReadonlySet<string> = new Set(["outcome", "agent.outcome", "success", "task_success", "user_feedback", "thumbs"]);

/** Names that tell good from bad and nothing of the cause. */
const isGeneric = (name: string): boolean => genericLabels.has(name.toLowerCase());

function failedBy(session: Session, feedback: Feedback): Outcome {
  const name = feedback.name.slice(0, 100);
  const value = (feedback.label ?? (feedback.score === undefined ? "failed" : String(feedback.score))).toLowerCase().slice(0, 60);
  const mark = errorMark(session);
  return {
    result: "failed",
    sessionId: session.id,
    decidedBy: "feedback",
    confidence: 1,
    cause: mark.tool === undefined ? "unknown" : "unhandled-tool-error",
    signature: {
      rule: isGeneric(name)
        ? `${name}:${feedback.label === undefined ? "failed" : value}`
        : `evaluation:${name}:${feedback.label === undefined ? "failed" : value}`,
      ...mark,
    },
    summary: (feedback.comment ?? `${name}: ${value}`).slice(0, 300),
    evidence: [{ at: Math.max(0, session.messages.length - 1), note: `labelled ${value} by ${name}` }],
  };
}

function byRules(session: Session): Outcome | undefined {
  const hit = failureByRules(session);
  return hit === undefined ? undefined : { result: "failed", sessionId: session.id, decidedBy: "rule", confidence: 0.8, ...hit };
}
