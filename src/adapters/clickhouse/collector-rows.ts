import { z } from "zod";
import { type Attributes, instant, type Instant, type Json } from "../../domain/ids.ts";
import type { LogRecord, Span } from "../../domain/span.ts";
import type { Row } from "./clickhouse-database.ts";

/** Who added an item to what, and when: columns that Tuneup adds to the Collector's. */
export interface Added {
  readonly project: string;
  /** The session that it names itself; empty where it names none. */
  readonly session: string;
  /** Microseconds since the epoch by the server's clock, as text. */
  readonly at: string;
  /** Its place within its batch. */
  readonly place: number;
}

/** An item as it was read, with what says which of two came first. */
export interface Stored<T> {
  readonly item: T;
  readonly at: bigint;
  readonly place: number;
}

const earliest = Date.UTC(1970, 0, 1);
/** `DateTime64(9)` ends in April 2262. */
const latest = Date.UTC(2262, 0, 1);

/** A time as the tables can hold it. */
export function withinRange(time: Instant): Instant {
  const milliseconds = Date.parse(time);
  return milliseconds >= earliest && milliseconds < latest
    ? time
    : instant(new Date(milliseconds < earliest ? earliest : latest - 1).toISOString());
}

const wellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed());

/** Attributes as the Collector writes them: every value as text. What is no text that a row can hold is noted, so that it comes back as it was. */
function texts(attributes: Attributes, where: string, notes: string[]): Readonly<Record<string, string>> {
  const held = new Map<string, string>();
  for (const [name, value] of Object.entries(attributes)) {
    let key = wellFormed(name);
    if (key !== name) {
      // Two names may differ only in the halves that no row can hold.
      while (held.has(key) || Object.hasOwn(attributes, key)) key = `${key}\ufffd`;
      notes.push(`${where}: ${JSON.stringify([key, name])}`);
    }
    const isText = typeof value === "string" && value.isWellFormed();
    if (!isText) notes.push(`${where} ${key}`);
    held.set(key, isText ? value : JSON.stringify(value));
  }
  return Object.fromEntries(held);
}

/** A text as a row can hold it; one with half a character is noted as it was. */
function noted(text: string, about: string, notes: string[]): string {
  if (text.isWellFormed()) return text;
  notes.push(`${about} was ${JSON.stringify(text)}`);
  return text.toWellFormed();
}

const serviceOf = (resource: Attributes): string =>
  typeof resource["service.name"] === "string" ? wellFormed(resource["service.name"]) : "";
const ownColumns = ({ project, session, at, place }: Added, notes: readonly string[]): Row => ({
  TuneupProject: project,
  TuneupSession: wellFormed(session),
  TuneupNotes: notes,
  TuneupAddedAt: at,
  TuneupPlace: place,
});

const statusCodes = { unset: "Unset", ok: "Ok", error: "Error" } as const;

/** A span as a row of `otel_traces`. Notes say what the Collector's columns cannot: types, absent ends, times that they cannot hold. */
export function rowOfSpan(span: Span, added: Added): Row {
  const notes: string[] = [];
  const started = withinRange(span.startedAt);
  if (started !== span.startedAt) notes.push(`start ${span.startedAt}`);
  const duration = span.endedAt === undefined ? 0 : Date.parse(span.endedAt) - Date.parse(started);
  if (span.endedAt === undefined) notes.push("no end");
  else if (duration < 0 || started !== span.startedAt) notes.push(`end ${span.endedAt}`);
  if (span.statusMessage === "") notes.push("empty message");
  if (span.scope === "") notes.push("empty scope");
  const events = span.events.map((event, index) => {
    const at = withinRange(event.at);
    if (at !== event.at) notes.push(`event ${index} at ${event.at}`);
    return { at, name: noted(event.name, `event ${index}`, notes), attributes: texts(event.attributes, `e${index}`, notes) };
  });
  return {
    Timestamp: started,
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentId ?? "",
    SpanName: noted(span.name, "name", notes),
    ServiceName: serviceOf(span.resource),
    ResourceAttributes: texts(span.resource, "r", notes),
    ScopeName: noted(span.scope ?? "", "scope", notes),
    SpanAttributes: texts(span.attributes, "a", notes),
    Duration: String(BigInt(Math.max(0, duration)) * 1_000_000n),
    StatusCode: statusCodes[span.status],
    StatusMessage: noted(span.statusMessage ?? "", "message", notes),
    "Events.Timestamp": events.map(({ at }) => at),
    "Events.Name": events.map(({ name }) => name),
    "Events.Attributes": events.map(({ attributes }) => attributes),
    ...ownColumns(added, notes),
  };
}

/** A log record as a row of `otel_logs`. */
export function rowOfLog(log: LogRecord, added: Added): Row {
  const notes: string[] = [];
  const at = withinRange(log.at);
  if (at !== log.at) notes.push(`start ${log.at}`);
  if (log.body === undefined) notes.push("no body");
  const isText = typeof log.body === "string" && log.body.isWellFormed();
  if (log.body !== undefined && !isText) notes.push("body");
  if (log.scope === "") notes.push("empty scope");
  return {
    Timestamp: at,
    TraceId: log.traceId ?? "",
    SpanId: log.spanId ?? "",
    ServiceName: serviceOf(log.resource),
    Body: log.body === undefined ? "" : typeof log.body === "string" && isText ? log.body : JSON.stringify(log.body),
    ResourceAttributes: texts(log.resource, "r", notes),
    ScopeName: noted(log.scope ?? "", "scope", notes),
    LogAttributes: texts(log.attributes, "a", notes),
    EventName: noted(log.name, "name", notes),
    ...ownColumns(added, notes),
  };
}

const textMap = z.record(z.string(), z.string());
const addedColumns = { TuneupNotes: z.array(z.string()), addedAt: z.string(), TuneupPlace: z.number() };
const addedSelect = "TuneupNotes, toString(TuneupAddedAt) AS addedAt, TuneupPlace";

const spanRow = z.object({
  ...addedColumns,
  started: z.string(),
  TraceId: z.string(),
  SpanId: z.string(),
  ParentSpanId: z.string(),
  SpanName: z.string(),
  ScopeName: z.string(),
  Duration: z.string(),
  StatusCode: z.string(),
  StatusMessage: z.string(),
  ResourceAttributes: textMap,
  SpanAttributes: textMap,
  eventTimes: z.array(z.string()),
  eventNames: z.array(z.string()),
  eventAttributes: z.array(textMap),
});

const logRow = z.object({
  ...addedColumns,
  started: z.string(),
  TraceId: z.string(),
  SpanId: z.string(),
  Body: z.string(),
  ScopeName: z.string(),
  EventName: z.string(),
  ResourceAttributes: textMap,
  LogAttributes: textMap,
});

/** What `spanOfRow` reads. */
export const spanColumns = `toString(toUnixTimestamp64Milli(Timestamp)) AS started, TraceId, SpanId, ParentSpanId, SpanName, ScopeName, toString(Duration) AS Duration, StatusCode,
 StatusMessage, ResourceAttributes, SpanAttributes, arrayMap(t -> toString(toUnixTimestamp64Milli(t)), \`Events.Timestamp\`) AS eventTimes,
 \`Events.Name\` AS eventNames, \`Events.Attributes\` AS eventAttributes, ${addedSelect}`;

/** What `logOfRow` reads. */
export const logColumns = `toString(toUnixTimestamp64Milli(Timestamp)) AS started, TraceId, SpanId, Body, ScopeName, EventName, ResourceAttributes, LogAttributes, ${addedSelect}`;

const timeOf = (milliseconds: string | number): Instant => instant(new Date(Number(milliseconds)).toISOString());

/** The notes of one row, by what they are about. */
class Notes {
  readonly #notes: ReadonlySet<string>;
  constructor(notes: readonly string[]) {
    this.#notes = new Set(notes);
  }
  has(note: string): boolean {
    return this.#notes.has(note);
  }
  time(about: string): Instant | undefined {
    const [found] = this.#after(`${about} `);
    return found === undefined ? undefined : instant(found);
  }
  text(held: string, about: string): string {
    const found = this.#after(`${about} was `)[0];
    return found === undefined ? held : (JSON.parse(found) as string);
  }
  attributes(values: Readonly<Record<string, string>>, where: string): Attributes {
    const names = new Map(this.#after(`${where}: `).map((note) => JSON.parse(note) as [string, string]));
    return Object.fromEntries(
      Object.entries(values).map(([key, text]) => [
        names.get(key) ?? key,
        this.#notes.has(`${where} ${key}`) ? (JSON.parse(text) as Json) : text,
      ]),
    );
  }
  #after(beginning: string): readonly string[] {
    return [...this.#notes].filter((note) => note.startsWith(beginning)).map((note) => note.slice(beginning.length));
  }
}

/** The span that a row holds. Throws where the row is not one that `rowOfSpan` made. */
export function spanOfRow(value: Row): Stored<Span> {
  const row = spanRow.parse(value);
  const notes = new Notes(row.TuneupNotes);
  const endedAt = notes.time("end") ?? timeOf(Number(row.started) + Number(BigInt(row.Duration) / 1_000_000n));
  const status = row.StatusCode.toLowerCase();
  return {
    at: BigInt(row.addedAt),
    place: row.TuneupPlace,
    item: {
      traceId: row.TraceId,
      spanId: row.SpanId,
      ...(row.ParentSpanId === "" ? {} : { parentId: row.ParentSpanId }),
      name: notes.text(row.SpanName, "name"),
      startedAt: notes.time("start") ?? timeOf(row.started),
      ...(notes.has("no end") ? {} : { endedAt }),
      status: status === "ok" || status === "error" ? status : "unset",
      ...(row.StatusMessage === "" && !notes.has("empty message") ? {} : { statusMessage: notes.text(row.StatusMessage, "message") }),
      ...(row.ScopeName === "" && !notes.has("empty scope") ? {} : { scope: notes.text(row.ScopeName, "scope") }),
      attributes: notes.attributes(row.SpanAttributes, "a"),
      events: row.eventNames.map((name, index) => ({
        name: notes.text(name, `event ${index}`),
        at: notes.time(`event ${index} at`) ?? timeOf(row.eventTimes[index] ?? row.started),
        attributes: notes.attributes(row.eventAttributes[index] ?? {}, `e${index}`),
      })),
      resource: notes.attributes(row.ResourceAttributes, "r"),
    },
  };
}

/** The log record that a row holds. Throws where the row is not one that `rowOfLog` made. */
export function logOfRow(value: Row): Stored<LogRecord> {
  const row = logRow.parse(value);
  const notes = new Notes(row.TuneupNotes);
  return {
    at: BigInt(row.addedAt),
    place: row.TuneupPlace,
    item: {
      ...(row.TraceId === "" ? {} : { traceId: row.TraceId }),
      ...(row.SpanId === "" ? {} : { spanId: row.SpanId }),
      at: notes.time("start") ?? timeOf(row.started),
      name: notes.text(row.EventName, "name"),
      ...(notes.has("no body") ? {} : { body: notes.has("body") ? (JSON.parse(row.Body) as Json) : row.Body }),
      ...(row.ScopeName === "" && !notes.has("empty scope") ? {} : { scope: notes.text(row.ScopeName, "scope") }),
      attributes: notes.attributes(row.LogAttributes, "a"),
      resource: notes.attributes(row.ResourceAttributes, "r"),
    },
  };
}
