import { evaluationEvent, scored } from "../../domain/evaluation.ts";
import type { Instant, Json } from "../../domain/ids.ts";
import type { Feedback, LogRecord, TraceFeedback } from "../../domain/span.ts";
import { attributesFrom } from "./attributes.ts";
import { spanIdOf, traceIdOf } from "./foreign-ids.ts";

/** A score, annotation, feedback or assessment as stores hold it. */
export interface Judgement {
  readonly name: string;
  readonly value?: Json | undefined;
  readonly label?: string | undefined;
  readonly comment?: string | null | undefined;
  readonly by: Feedback["by"];
}

/** A judgement on a trace, or on one of its spans; ids as the store writes them. */
export function judgementOnTrace(judgement: Judgement, trace: string, span?: string | null): TraceFeedback {
  const { by, comment, label, name, value } = judgement;
  return {
    traceId: traceIdOf(trace),
    feedback: {
      ...(span === undefined || span === null || span === "" ? {} : { spanId: spanIdOf(span) }),
      name: name.slice(0, 200),
      ...scored(value, label),
      ...(comment === undefined || comment === null || comment === "" ? {} : { comment: comment.slice(0, 4000) }),
      by,
    },
  };
}

/** A judgement on a whole session, which no trace id names: an evaluation result that carries the session's id. */
export function judgementOnSession({ comment, label, name, value }: Judgement, session: string, at: Instant): LogRecord {
  const { label: named, score } = scored(value, label);
  return {
    at,
    name: evaluationEvent,
    attributes: attributesFrom([
      ["session.id", session],
      ["gen_ai.evaluation.name", name],
      ["gen_ai.evaluation.score.value", score],
      ["gen_ai.evaluation.score.label", named],
      ["gen_ai.evaluation.explanation", comment ?? undefined],
    ]),
    resource: {},
  };
}
