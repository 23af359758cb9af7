import { evaluationEvent, evaluationOf } from "../../domain/evaluation.ts";
import type { Feedback, Span, Trace } from "../../domain/span.ts";

/** Judgements that came with the traces: beside the spans, as `gen_ai.evaluation.result` events, and as the `agent.outcome` attribute. */
export function feedbackOf(trace: Trace): readonly Feedback[] {
  return [
    ...trace.feedback,
    ...trace.spans.flatMap((span) => [
      ...outcomeOf(span),
      ...span.events.flatMap((event) => (event.name === evaluationEvent ? (evaluationOf(event.attributes, span.spanId) ?? []) : [])),
    ]),
    ...trace.logs.flatMap((log) => (log.name === evaluationEvent ? (evaluationOf(log.attributes, log.spanId ?? "") ?? []) : [])),
  ];
}

function outcomeOf(span: Span): readonly Feedback[] {
  const outcome = span.attributes["agent.outcome"] ?? span.attributes["session.outcome"];
  if (typeof outcome !== "string" && typeof outcome !== "boolean") return [];
  const label = typeof outcome === "boolean" ? (outcome ? "success" : "failure") : outcome.slice(0, 200);
  return [{ spanId: span.spanId, name: "agent.outcome", label, by: "agent" }];
}
