import type { FailedOutcome, FailureSignature, Outcome } from "../domain/outcome.ts";
import type { Session } from "../domain/session.ts";
import type { Feedback } from "../domain/span.ts";
import { visible } from "../domain/text/safe-text.ts";
import type { Runtime } from "../ports/runtime.ts";
import { causeNamed, failingWord, isGeneric, type Ruling, rule } from "./label/feedback.ts";
import { type Labeller, labelByModel } from "./label/model-label.ts";
import { endedWell, errorMark, failureByRules } from "./label/rules.ts";

const longestName = 100;
const longestSummary = 300;

/**
 * In: one session. Out: how it ended and who says so. Labels that came with the traces decide first (reviewers before the program before
 * evaluators before users; a contradiction is unclear), then deterministic rules, then, where one is given, a model. Without a model an
 * ordinary ending counts as success with a confidence of .5: working sessions are needed as controls. Never writes anything; throws only
 * what the model client throws for a broken environment.
 */
export async function label(session: Session, labeller: Labeller | undefined, runtime: Runtime): Promise<Outcome> {
  const ruling = rule(session.feedback);
  if (ruling.result !== "silent") return byLabels(session, ruling);
  const hit = failureByRules(session);
  if (hit !== undefined) return { result: "failed", sessionId: session.id, decidedBy: "rule", confidence: 0.8, ...hit };
  if (labeller !== undefined) return labelByModel(session, labeller, runtime);
  if (endedWell(session)) return { result: "succeeded", sessionId: session.id, decidedBy: "rule", confidence: 0.5 };
  return { result: "unclear", sessionId: session.id, why: "no label came with the traces and no rule is sure" };
}

function byLabels(session: Session, ruling: Exclude<Ruling, { result: "silent" }>): Outcome {
  switch (ruling.result) {
    case "succeeded":
      return { result: "succeeded", sessionId: session.id, decidedBy: "feedback", confidence: ruling.confidence };
    case "contradiction":
      return { result: "unclear", sessionId: session.id, why: ruling.why };
    case "failed":
      return failedBy(session, ruling);
  }
}

function failedBy(session: Session, { confidence, label: given, mark }: Extract<Ruling, { result: "failed" }>): FailedOutcome {
  const error = errorMark(session);
  const name = nameOf(mark);
  const word = failingWord(mark);
  const comment = given.comment ?? mark.comment;
  return {
    result: "failed",
    sessionId: session.id,
    decidedBy: "feedback",
    confidence,
    cause: causeNamed(mark) ?? causeNamed(given) ?? (error.tool === undefined ? "unknown" : "unhandled-tool-error"),
    signature: { rule: ruleOf(mark), ...error } satisfies FailureSignature,
    summary: visible(comment ?? `${name}: ${word}`).slice(0, longestSummary),
    evidence: [{ at: placeOf(session, mark), note: `labelled ${word} by ${name}` }],
  };
}

const nameOf = ({ name }: Feedback): string => visible(name).trim().slice(0, longestName) || "unnamed";

/** `agent.outcome:failed` for a label that says no more, `evaluation:<name>:<label>` for one that has a name of its own. */
const ruleOf = (mark: Feedback): string =>
  isGeneric(mark.name) ? `${nameOf(mark)}:${failingWord(mark)}` : `evaluation:${nameOf(mark)}:${failingWord(mark)}`;

/** Where the labelled span stands in the conversation; the end for a label on the whole session. */
function placeOf(session: Session, { spanId }: Feedback): number {
  const call = spanId === undefined ? undefined : session.calls.find((one) => one.spanId === spanId);
  return call?.at ?? Math.max(0, session.messages.length - 1);
}
