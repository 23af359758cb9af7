import { digestOf } from "../../../domain/digest.ts";
import type { LogRecord, Span } from "../../../domain/span.ts";

/** A span that stands for a log record which names none: same time, same attributes, an id made from its content. */
export function spanOfLog(log: LogRecord): Span {
  const own = digestOf(`${log.at} ${log.name} ${JSON.stringify(log.attributes)}`).slice("sha256:".length);
  return {
    traceId: log.traceId ?? own.slice(0, 32),
    spanId: log.spanId ?? own.slice(32, 48),
    name: log.name,
    startedAt: log.at,
    status: "unset",
    ...(log.scope === undefined ? {} : { scope: log.scope }),
    attributes: log.attributes,
    events: [],
    resource: log.resource,
  };
}
