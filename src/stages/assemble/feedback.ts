import type { Attributes } from "../../domain/ids.ts";
import type { Feedback, Span, Trace } from "../../domain/span.ts";

/** Judgements that came with the traces: beside the spans, as `gen_ai.evaluation.result` events, and as the `agent.outcome` attribute. */
export function feedbackOf(trace: Trace): readonly Feedback[] {
  return [
    ...trace.feedback,
    ...trace.spans.flatMap((span) => [
      ...outcomeOf(span),
      ...span.events.flatMap((event) => (event.name === "gen_ai.evaluation.result" ? evaluation(span, event.attributes) : [])),
    ]),
  ];
}

function outcomeOf(span: Span): readonly Feedback[] {
  const outcome = span.attributes["agent.outcome"] ?? span.attributes["session.outcome"];
  if (typeof outcome !== "string" && typeof outcome !== "boolean") return [];
  const label = typeof outcome === "boolean" ? (outcome ? "success" : "failure") : outcome.slice(0, 200);
  return [{ spanId: span.spanId, name: "agent.outcome", label, by: "agent" }];
}

function evaluation(span: Span, attributes: Attributes): readonly Feedback[] {
  const name = attributes["gen_ai.evaluation.name"];
  const score = attributes["gen_ai.evaluation.score.value"];
  const label = attributes["gen_ai.evaluation.score.label"];
  const comment = attributes["gen_ai.evaluation.explanation"];
  if (typeof name !== "string") return [];
  return [
    {
      spanId: span.spanId,
      name: name.slice(0, 200),
      ...(typeof score === "number" ? { score } : {}),
      ...(typeof label === "string" ? { label: label.slice(0, 200) } : {}),
      ...(typeof comment === "string" ? { comment: comment.slice(0, 4000) } : {}),
      by: "evaluator",
    },
  ];
}
