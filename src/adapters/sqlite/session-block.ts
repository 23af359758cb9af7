import type { Attributes, Json } from "../../domain/ids.ts";
import type { LogRecord, Span } from "../../domain/span.ts";
import type { ListSplitter } from "../../domain/text/list-splitter.ts";

/**
 * Part of a session as it is stored: what one `add` brought. Texts that repeat (an agent sends its whole conversation with every call) stand once in
 * `bodies` of the session's first block that has them and are numbered through the session; spans refer to the numbers. Texts that
 * sessions share stand in a table of their own.
 */
export interface SessionBlock {
  /** The number of this block's first body. */
  readonly first: number;
  /** Texts, or the row of a shared body. */
  readonly bodies: readonly (string | number)[];
  readonly spans: readonly StoredItem<Span>[];
  readonly logs: readonly StoredItem<LogRecord>[];
}

/** A span or log record without its long values, and where they belong. */
export interface StoredItem<T> {
  readonly item: T;
  readonly refs?: readonly Reference[];
}

/** One text, one JSON value, or a list kept item by item: as a list, or as the text of a list with this separator. */
type Form = "text" | "json" | "list" | "," | ", ";

/** `[path, form, numbers]`: the path is an attribute's key, or an event's index and a key; `resource` and `body` stand for themselves. */
type Reference = readonly [path: readonly (string | number)[], form: Form, of: readonly number[]];

/** Shorter values stay where they are: a number would save nothing. */
const shortestBody = 100;

/** Gives a text's number in its session, a new one where it is new; and takes lists apart. */
export interface Numbering {
  readonly number: (text: string) => number;
  /** The number of a resource's JSON; spans of one sender share the resource. */
  readonly resource: (resource: Attributes) => number;
  readonly lists: ListSplitter;
}

/** Takes the long values out of a span. */
export function storedSpan(span: Span, numbering: Numbering): StoredItem<Span> {
  const refs: Reference[] = [];
  const attributes = withoutLong(span.attributes, [], refs, numbering);
  const events =
    span.events.length === 0
      ? span.events
      : span.events.map((event, index) => ({ ...event, attributes: withoutLong(event.attributes, [index], refs, numbering) }));
  refs.push([["resource"], "json", [numbering.resource(span.resource)]]);
  return { item: { ...span, attributes, events, resource: {} }, refs };
}

/** Takes the long values out of a log record. */
export function storedLog(log: LogRecord, numbering: Numbering): StoredItem<LogRecord> {
  const refs: Reference[] = [];
  const attributes = withoutLong(log.attributes, [], refs, numbering);
  refs.push([["resource"], "json", [numbering.resource(log.resource)]]);
  const body = log.body === undefined ? undefined : takenOut(log.body, numbering);
  if (body !== undefined) refs.push([["body"], ...body]);
  return { item: { ...log, attributes, resource: {}, ...(body === undefined ? {} : { body: null }) }, refs };
}

function withoutLong(attributes: Attributes, path: readonly number[], refs: Reference[], numbering: Numbering): Attributes {
  let left: Record<string, Json> | undefined;
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    const taken = value === undefined ? undefined : takenOut(value, numbering);
    if (taken === undefined) continue;
    // An attribute of its own path: two elements, so that it is never taken for `resource` or `body`.
    refs.push([path.length === 0 ? ["", key] : [...path, key], ...taken]);
    left ??= { ...attributes };
    left[key] = null;
  }
  return left ?? attributes;
}

function takenOut(value: Json, numbering: Numbering): readonly [Form, readonly number[]] | undefined {
  if (typeof value === "string") {
    if (value.length < shortestBody) return undefined;
    const list = numbering.lists.split(value);
    if (list === undefined) return ["text", [numbering.number(value)]];
    return [list.separator === "," ? "," : ", ", list.items.map(numbering.number)];
  }
  if (value === null || typeof value !== "object") return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => JSON.stringify(item));
    return items.reduce((sum, item) => sum + item.length, 0) < shortestBody ? undefined : ["list", items.map(numbering.number)];
  }
  const text = JSON.stringify(value);
  return text.length < shortestBody ? undefined : ["json", [numbering.number(text)]];
}

/** A span as it was added. */
export function wholeSpan({ item, refs = [] }: StoredItem<Span>, body: (number: number) => string): Span {
  const attributes: Record<string, Json> = { ...item.attributes };
  const events = item.events.map((event) => ({ ...event, attributes: { ...event.attributes } as Record<string, Json> }));
  let { resource } = item;
  for (const [path, form, of] of refs) {
    const value = putTogether(form, of, body);
    const [at, key] = path;
    if (key === undefined) resource = value as Attributes;
    else if (typeof at === "number") (events[at]?.attributes ?? {})[key] = value;
    else attributes[key] = value;
  }
  return { ...item, attributes, events, resource };
}

/** A log record as it was added. */
export function wholeLog({ item, refs = [] }: StoredItem<LogRecord>, body: (number: number) => string): LogRecord {
  const attributes: Record<string, Json> = { ...item.attributes };
  let whole: LogRecord = item;
  for (const [[at, key], form, of] of refs) {
    const value = putTogether(form, of, body);
    if (key !== undefined) attributes[key] = value;
    else whole = at === "resource" ? { ...whole, resource: value as Attributes } : { ...whole, body: value };
  }
  return { ...whole, attributes };
}

function putTogether(form: Form, of: readonly number[], body: (number: number) => string): Json {
  const texts = of.map((number) => body(number));
  if (form === "text") return texts[0] ?? "";
  if (form === "json") return JSON.parse(texts[0] ?? "null") as Json;
  if (form === "list") return texts.map((text) => JSON.parse(text) as Json);
  return `[${texts.join(form)}]`;
}
