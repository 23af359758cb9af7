import type { LogRecord, Span, TraceBatch, TraceFeedback } from "../../domain/span.ts";
import { checkLog, type RawLog } from "./raw-log.ts";
import { checkSpan, type RawScope, type RawSpan } from "./raw-span.ts";

/** The spans and log records of a decoded request, unchecked. */
export interface RawRequest {
  readonly spans: readonly { readonly span: RawSpan; readonly scope: RawScope }[];
  readonly logs: readonly { readonly log: RawLog; readonly scope: RawScope }[];
}

/** A request with what could not be taken: one reason for each span or log record that was left out. Reasons hold no content. */
export interface CheckedRequest {
  readonly batch: TraceBatch;
  readonly reasons: readonly string[];
}

/** Checks every span and log record by itself; evaluation results of a trace become its feedback. */
export function checkRequest(request: RawRequest): CheckedRequest {
  const spans: Span[] = [];
  const logs: LogRecord[] = [];
  const feedback: TraceFeedback[] = [];
  const reasons: string[] = [];
  for (const { scope, span } of request.spans) {
    const checked = checkSpan(span, scope);
    if (checked.ok) spans.push(checked.span);
    else reasons.push(checked.reason);
  }
  for (const { log, scope } of request.logs) {
    const checked = checkLog(log, scope);
    if (checked.kind === "log") logs.push(checked.log);
    else if (checked.kind === "feedback") feedback.push(checked.feedback);
    else reasons.push(checked.reason);
  }
  return { batch: { spans, logs, feedback }, reasons };
}
