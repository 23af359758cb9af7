import { type Attributes, instant, type Instant, type Json } from "../../domain/ids.ts";
import type { Span, SpanEvent } from "../../domain/span.ts";

/** A span as either encoding gives it, before it is checked. */
export interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  /** Unix time in nanoseconds, decimal. */
  readonly start: string;
  readonly end: string;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly time: string; readonly attributes: Attributes }[];
}

export interface RawScope {
  readonly resource: Attributes;
  readonly scope: string;
}

export type Checked = { readonly ok: true; readonly span: Span } | { readonly ok: false; readonly reason: string };

const traceIdForm = /^(?!0{32})[0-9a-f]{32}$/;
const spanIdForm = /^(?!0{16})[0-9a-f]{16}$/;
const statuses: readonly Span["status"][] = ["unset", "ok", "error"];

/** Nanoseconds since the epoch as an instant; `undefined` for zero, for what is no number and for times outside four-digit years. */
export function instantOf(nanoseconds: string): Instant | undefined {
  if (!/^\d{1,20}$/.test(nanoseconds)) return undefined;
  const milliseconds = Number(nanoseconds.slice(0, -6));
  if (milliseconds <= 0 || milliseconds > 253_402_300_799_999) return undefined;
  return instant(new Date(milliseconds).toISOString());
}

/** A span of ours, or why it is none: ids must be whole and not zero, and there must be a beginning. */
export function checkSpan(raw: RawSpan, { resource, scope }: RawScope): Checked {
  const traceId = raw.traceId.toLowerCase();
  const spanId = raw.spanId.toLowerCase();
  const parentId = raw.parentId.toLowerCase();
  const startedAt = instantOf(raw.start);
  const endedAt = instantOf(raw.end);
  if (!traceIdForm.test(traceId)) return { ok: false, reason: "a span has no valid trace id" };
  if (!spanIdForm.test(spanId)) return { ok: false, reason: `a span of trace ${traceId} has no valid span id` };
  if (startedAt === undefined) return { ok: false, reason: `span ${spanId} has no valid start time` };
  const span: { -readonly [K in keyof Span]: Span[K] } = {
    traceId,
    spanId,
    name: raw.name.slice(0, 1000),
    startedAt,
    status: statuses[raw.statusCode] ?? "unset",
    attributes: raw.attributes,
    events: raw.events.map((event): SpanEvent => ({
      name: event.name,
      at: instantOf(event.time) ?? startedAt,
      attributes: event.attributes,
    })),
    resource,
  };
  if (spanIdForm.test(parentId)) span.parentId = parentId;
  if (endedAt !== undefined) span.endedAt = endedAt;
  if (raw.statusMessage !== "") span.statusMessage = raw.statusMessage.slice(0, 4000);
  if (scope !== "") span.scope = scope;
  return { ok: true, span };
}

const mostAttributes = 4000;
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Attributes from key-value pairs: the last value of a key wins, keys that reach into prototypes are dropped, the count is bounded. */
export function attributesOf<P>(pairs: Iterable<P>, keyOf: (pair: P) => string, valueOf: (pair: P) => Json | undefined): Attributes {
  const attributes: Record<string, Json> = {};
  let count = 0;
  for (const pair of pairs) {
    const key = keyOf(pair);
    if (key.length > 500 || forbidden.has(key)) continue;
    const value = valueOf(pair);
    if (value === undefined) continue;
    count += 1;
    if (count > mostAttributes) break;
    attributes[key] = value;
  }
  return attributes;
}

/** Deeper values are cut: no real message nests like this. */
export const deepestValue = 24;
