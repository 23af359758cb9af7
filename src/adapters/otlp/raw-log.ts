import { sessionKeyOf } from "../../domain/session-key.ts";
import type { Attributes, Json } from "../../domain/ids.ts";
import { evaluationEvent, evaluationOf } from "../../domain/evaluation.ts";
import type { LogRecord, TraceFeedback } from "../../domain/span.ts";
import { instantOf, type RawScope } from "./raw-span.ts";

/** A log record as either encoding gives it, before it is checked. */
export interface RawLog {
  readonly traceId: string;
  readonly spanId: string;
  /** Unix time in nanoseconds, decimal; `observed` stands in when the time is not set (logs.proto). */
  readonly time: string;
  readonly observed: string;
  readonly eventName: string;
  readonly body: Json | undefined;
  readonly attributes: Attributes;
}

export type CheckedLog =
  | { readonly kind: "log"; readonly log: LogRecord }
  | { readonly kind: "feedback"; readonly feedback: TraceFeedback }
  | { readonly kind: "refused"; readonly reason: string };

const isId = (id: string, digits: number): boolean => id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id);

const nameOf = (raw: RawLog): string => {
  const named = raw.eventName === "" ? raw.attributes["event.name"] : raw.eventName;
  return typeof named === "string" ? named.slice(0, 1000) : "";
};

/**
 * A log record of ours, or why it is none: it needs a time, and a trace or a session that it belongs to. An evaluation result that names its
 * trace is feedback; one that names only a session stays a log record.
 */
export function checkLog(raw: RawLog, { resource, scope }: RawScope): CheckedLog {
  const traceId = raw.traceId.toLowerCase();
  const spanId = raw.spanId.toLowerCase();
  const hasTrace = isId(traceId, 32);
  const name = nameOf(raw);
  const judged = hasTrace && name === evaluationEvent ? evaluationOf(raw.attributes, isId(spanId, 16) ? spanId : "") : undefined;
  if (judged !== undefined) return { kind: "feedback", feedback: { traceId, feedback: judged } };
  const at = instantOf(raw.time) ?? instantOf(raw.observed);
  if (at === undefined) return { kind: "refused", reason: "a log record has no valid time" };
  if (!hasTrace && sessionKeyOf({ attributes: raw.attributes, resource }) === undefined)
    return { kind: "refused", reason: "a log record carries neither a trace id nor a session id" };
  return {
    kind: "log",
    log: {
      ...(hasTrace ? { traceId } : {}),
      ...(hasTrace && isId(spanId, 16) ? { spanId } : {}),
      at,
      name,
      ...(raw.body === undefined ? {} : { body: raw.body }),
      ...(scope === "" ? {} : { scope }),
      attributes: raw.attributes,
      resource,
    },
  };
}
