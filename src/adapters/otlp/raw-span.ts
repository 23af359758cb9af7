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

const traceIdForm = /^[0-9a-f]{32}$/;
const spanIdForm = /^[0-9a-f]{16}$/;
const statuses: readonly Span["status"][] = ["unset", "ok", "error"];

/** Nanoseconds since the epoch as an instant; `undefined` for zero, for what is no number and for times outside four-digit years. */
export function instantOf(nanoseconds: string): Instant | undefined {
  if (!/^\d{1,20}$/.test(nanoseconds)) return undefined;
  const milliseconds = Number(BigInt(nanoseconds) / 1_000_000n);
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
  if (!traceIdForm.test(traceId) || /^0+$/.test(traceId)) return { ok: false, reason: "a span has no valid trace id" };
  if (!spanIdForm.test(spanId) || /^0+$/.test(spanId)) return { ok: false, reason: `a span of trace ${traceId} has no valid span id` };
  if (startedAt === undefined) return { ok: false, reason: `span ${spanId} has no valid start time` };
  const events = raw.events.map((event): SpanEvent => ({
    name: event.name,
    at: instantOf(event.time) ?? startedAt,
    attributes: event.attributes,
  }));
  return {
    ok: true,
    span: {
      traceId,
      spanId,
      ...(spanIdForm.test(parentId) && !/^0+$/.test(parentId) ? { parentId } : {}),
      name: raw.name.slice(0, 1000),
      startedAt,
      ...(endedAt === undefined ? {} : { endedAt }),
      status: statuses[raw.statusCode] ?? "unset",
      ...(raw.statusMessage === "" ? {} : { statusMessage: raw.statusMessage.slice(0, 4000) }),
      ...(scope === "" ? {} : { scope }),
      attributes: raw.attributes,
      events,
      resource,
    },
  };
}

const mostAttributes = 4000;
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Attributes from key-value pairs: the last value of a key wins, keys that reach into prototypes are dropped, the count is bounded. */
export function attributesOf(pairs: Iterable<readonly [key: string, value: Json | undefined]>): Attributes {
  const attributes: Record<string, Json> = {};
  let count = 0;
  for (const [key, value] of pairs) {
    if (value === undefined || forbidden.has(key) || key.length > 500) continue;
    count += 1;
    if (count > mostAttributes) break;
    attributes[key] = value;
  }
  return attributes;
}

/** Deeper values are cut: no real message nests like this. */
export const deepestValue = 24;
