import type { Feedback } from "../../domain/span.ts";

/** Whether a piece of feedback calls the session good; `undefined` when it says neither. */
export interface Verdict {
  readonly good: boolean;
  /** Lower decides first: a person, the program's own word, an evaluator, a user's reaction. */
  readonly rank: number;
  readonly feedback: Feedback;
}

const goodLabels: ReadonlySet<string> = new Set([
  "pass",
  "passed",
  "success",
  "succeeded",
  "successful",
  "good",
  "ok",
  "true",
  "yes",
  "correct",
  "resolved",
  "completed",
  "positive",
  "thumbs_up",
  "thumbs-up",
]);
const badLabels: ReadonlySet<string> = new Set([
  "fail",
  "failed",
  "failure",
  "failing",
  "bad",
  "error",
  "false",
  "no",
  "incorrect",
  "wrong",
  "unresolved",
  "aborted",
  "gave_up",
  "negative",
  "thumbs_down",
  "thumbs-down",
]);

const rankOf: Readonly<Record<Feedback["by"], number>> = { reviewer: 0, agent: 1, evaluator: 2, user: 3 };

/** Reads one feedback: its label first, then its score (≥ .5 is good). */
export function verdictOf(feedback: Feedback): Verdict | undefined {
  const label = feedback.label?.trim().toLowerCase();
  const rank = rankOf[feedback.by];
  if (label !== undefined && goodLabels.has(label)) return { good: true, rank, feedback };
  if (label !== undefined && badLabels.has(label)) return { good: false, rank, feedback };
  if (feedback.score === undefined || !Number.isFinite(feedback.score)) return undefined;
  return { good: feedback.score >= 0.5, rank, feedback };
}
