import type { Attributes, Json } from "./ids.ts";
import type { Feedback } from "./span.ts";

/** The event that carries an evaluator's judgement, as a span event's name or a log record's (OpenTelemetry GenAI conventions, 1.38). */
export const evaluationEvent = "gen_ai.evaluation.result";

const numeric = (value: Json | undefined): number | undefined => (typeof value === "number" && Number.isFinite(value) ? value : undefined);

/**
 * A score as `Feedback` holds it. Numbers within 0..1 stay; others are put onto 0..1 when both ends of their range are known; without a range a
 * number outside 0..1 says nothing about good and bad, so it becomes the label (a label that came with it wins).
 */
export function scored(
  value: Json | undefined,
  label: string | undefined,
  range: { readonly min?: number | undefined; readonly max?: number | undefined } = {},
): Pick<Feedback, "score" | "label"> {
  const number = typeof value === "boolean" ? Number(value) : numeric(value);
  const named = label === undefined || label === "" ? {} : { label: label.slice(0, 200) };
  if (number === undefined)
    return typeof value === "string" && value !== "" && label === undefined ? { label: value.slice(0, 200) } : named;
  const { max, min } = range;
  if (min !== undefined && max !== undefined && max > min && number >= min && number <= max)
    return { score: (number - min) / (max - min), ...named };
  if (number >= 0 && number <= 1) return { score: number, ...named };
  return label === undefined || label === "" ? { label: String(number) } : named;
}

const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/**
 * The feedback in the attributes of a `gen_ai.evaluation.result`; `undefined` when it names no evaluator. The conventions give a score no range:
 * `gen_ai.evaluation.score.min` and `.max` beside it are read where a sender adds them.
 */
export function evaluationOf(values: Attributes, spanId: string): Feedback | undefined {
  const name = textOf(values["gen_ai.evaluation.name"]);
  if (name === undefined) return undefined;
  const comment = textOf(values["gen_ai.evaluation.explanation"]);
  return {
    ...(/^[0-9a-f]{16}$/i.test(spanId) ? { spanId: spanId.toLowerCase() } : {}),
    name: name.slice(0, 200),
    ...scored(values["gen_ai.evaluation.score.value"], textOf(values["gen_ai.evaluation.score.label"]), {
      min: numeric(values["gen_ai.evaluation.score.min"]),
      max: numeric(values["gen_ai.evaluation.score.max"]),
    }),
    ...(comment === undefined ? {} : { comment: comment.slice(0, 4000) }),
    by: "evaluator",
  };
}
