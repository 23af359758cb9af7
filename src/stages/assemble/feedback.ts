import { evaluationEvent, evaluationOf, scored } from "../../domain/evaluation.ts";
import type { Attributes } from "../../domain/ids.ts";
import type { Feedback, Span, Trace } from "../../domain/span.ts";
import { textAt } from "./reading/attributes.ts";

/**
 * Judgements that came with the traces: beside the spans, as `gen_ai.evaluation.result` events or log records, as OpenInference's annotations, as traceAI's
 * evaluation attributes, and as the `agent.outcome` attribute.
 */
export function feedbackOf(trace: Trace): readonly Feedback[] {
  return [
    ...trace.feedback,
    ...trace.spans.flatMap((span) => [
      ...outcomeOf(span),
      ...annotationsOf(span),
      ...evaluationAt(span),
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

/** traceAI judges in attributes of a span of its own, which names the judged one. */
function evaluationAt({ attributes, spanId }: Span): readonly Feedback[] {
  if (attributes["gen_ai.evaluation.name"] === undefined) return [];
  return [evaluationOf(attributes, textAt(attributes, "gen_ai.evaluation.target_span_id") ?? spanId)].flatMap((one) => one ?? []);
}

const mostAnnotations = 100;
const annotated: readonly (readonly [list: string, item: string])[] = [
  ["annotations", "annotation"],
  ["trace.annotations", "annotation"],
  ["session.annotations", "annotation"],
  ["evaluations", "evaluation"],
];

/** OpenInference (spec/annotations.md): `annotations.N.annotation.{name,label,score,explanation,annotator_kind}`, `evaluations.N.evaluation.*`. */
function annotationsOf({ attributes, spanId }: Span): readonly Feedback[] {
  return annotated.flatMap(([list, item]) => {
    const found: Feedback[] = [];
    for (let index = 0; index < mostAnnotations; index += 1) {
      const one = annotationAt(attributes, `${list}.${index}.${item}`, spanId);
      if (one === undefined) break;
      found.push(one);
    }
    return found;
  });
}

function annotationAt(attributes: Attributes, at: string, spanId: string): Feedback | undefined {
  const name = textAt(attributes, `${at}.name`);
  if (name === undefined) return undefined;
  const comment = textAt(attributes, `${at}.explanation`);
  return {
    ...(/^[0-9a-f]{16}$/.test(spanId) ? { spanId } : {}),
    name: name.slice(0, 200),
    ...scored(attributes[`${at}.score`], textAt(attributes, `${at}.label`)),
    ...(comment === undefined ? {} : { comment: comment.slice(0, 4000) }),
    by: textAt(attributes, `${at}.annotator_kind`)?.toUpperCase() === "HUMAN" ? "reviewer" : "evaluator",
  };
}
