import { createHash } from "node:crypto";
import { z } from "zod";
import { asJson, canonicalJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import { itemFactsOf } from "../../domain/receiving/item-facts.ts";
import type { LogRecord, Span, TraceFeedback } from "../../domain/span.ts";
import type { Row } from "./clickhouse-database.ts";
import { withinRange } from "./collector-rows.ts";

/** Stands for the trace of a log record that has none. */
export const noTrace = "00000000-0000-0000-0000-000000000000";

/** A trace id as the index keeps it. */
export const uuidOf = (trace: string): string =>
  `${trace.slice(0, 8)}-${trace.slice(8, 12)}-${trace.slice(12, 16)}-${trace.slice(16, 20)}-${trace.slice(20)}`;
/** A trace id as spans have it. */
export const hexOf = (uuid: string): string => uuid.replaceAll("-", "");

/** A span, log record or feedback as the index knows it: by trace, kind and id. */
export interface IndexKey {
  readonly trace: string;
  readonly kind: "span" | "log" | "feedback";
  readonly id: string;
}
export const keyText = ({ trace, kind, id }: IndexKey): string => `${trace} ${kind} ${id}`;

const digestOfItem = (value: Json): string => createHash("sha256").update(canonicalJson(value), "utf8").digest("hex").slice(0, 32);

export const keyOfSpan = (span: Span): IndexKey => ({ trace: uuidOf(span.traceId), kind: "span", id: span.spanId });
export const keyOfLog = (log: LogRecord): IndexKey => ({
  trace: log.traceId === undefined ? noTrace : uuidOf(log.traceId),
  kind: "log",
  id: digestOfItem(asJson(log)),
});
export const keyOfFeedback = (one: TraceFeedback): IndexKey => ({
  trace: uuidOf(one.traceId),
  kind: "feedback",
  id: digestOfItem(asJson(one.feedback)),
});

/** What every row of one batch has in common, and where in it the row stands. */
export interface IndexPlace {
  readonly project: string;
  readonly at: string;
  readonly place: number;
}

const keyColumns = ({ trace, kind, id }: IndexKey, { project, at, place }: IndexPlace): Row => ({
  Project: project,
  Trace: trace,
  Kind: kind,
  Id: id,
  AddedAt: at,
  Place: place,
});

/** The index's row of a span or log record. */
export function indexRowOf(item: Span | LogRecord, key: IndexKey, place: IndexPlace): Row {
  const facts = itemFactsOf(item);
  const [started, ended] = "startedAt" in item ? [item.startedAt, item.endedAt ?? item.startedAt] : [item.at, item.at];
  return {
    ...keyColumns(key, place),
    Session: (facts.session ?? "").toWellFormed(),
    StartedAt: withinRange(started),
    EndedAt: withinRange(ended),
    User: (facts.user ?? "").toWellFormed(),
    Outcome: (facts.outcome ?? "").toWellFormed(),
    Tool: (facts.tool ?? "").toWellFormed(),
    ToolFailed: facts.toolFailed ? 1 : 0,
    Model: (facts.model ?? "").toWellFormed(),
    InputTokens: facts.inputTokens,
    OutputTokens: facts.outputTokens,
  };
}

/** The index's row of feedback, which is kept there as a whole. */
export const indexRowOfFeedback = (one: TraceFeedback, key: IndexKey, place: IndexPlace): Row => ({
  ...keyColumns(key, place),
  Document: canonicalJson(asJson(one.feedback)),
});

const indexRow = z.object({
  trace: z.string(),
  Kind: z.enum(["span", "log", "feedback"]),
  Id: z.string(),
  Session: z.string(),
  addedAt: z.string(),
  Place: z.number(),
  Document: z.string(),
});
export const indexColumns = "toString(Trace) AS trace, Kind, Id, Session, toString(AddedAt) AS addedAt, Place, Document";

interface Entry extends IndexKey {
  readonly session: string;
  readonly at: bigint;
  readonly place: number;
  readonly document: string;
}

/** What the index holds of one session. */
export interface IndexedSession {
  readonly spans: ReadonlySet<string>;
  readonly logs: ReadonlySet<string>;
  /** As UUIDs, without `noTrace`. */
  readonly traces: ReadonlySet<string>;
  /** Those that have items without a session of their own, which belong here. */
  readonly ownTraces: ReadonlySet<string>;
  /** Canonical JSON, sorted by trace and text. */
  readonly feedback: readonly string[];
}

const isBefore = (left: Pick<Entry, "at" | "place">, right: Pick<Entry, "at" | "place">): boolean =>
  left.at < right.at || (left.at === right.at && left.place < right.place);

/** The session that items of each trace go to that name none: the first that one of its items names. */
function firstSessions(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const first = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.kind === "feedback" || entry.session === "" || entry.trace === noTrace) continue;
    const known = first.get(entry.trace);
    if (known === undefined || isBefore(entry, known)) first.set(entry.trace, entry);
  }
  return first;
}

/**
 * Sorts rows of the index into these sessions. The rows must hold everything of each trace that has to do with them. `traces` of the answer are those
 * that no session but these has a part in.
 */
export function sessionsIn(
  rows: readonly Row[],
  keys: ReadonlySet<string>,
): { readonly sessions: ReadonlyMap<string, IndexedSession>; readonly wholeTraces: ReadonlySet<string> } {
  const entries = rows.map((row): Entry => {
    const { addedAt, Document, Id, Kind, Place, Session, trace } = indexRow.parse(row);
    return { trace, kind: Kind, id: Id, session: Session, at: BigInt(addedAt), place: Place, document: Document };
  });
  const first = firstSessions(entries);
  const sessions = new Map<string, { spans: Set<string>; logs: Set<string>; traces: Set<string>; ownTraces: Set<string> }>();
  const shared = new Set<string>();
  // A span that two processes added at the same moment with different sessions belongs where the first one says.
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.kind === "feedback") continue;
    const known = seen.get(keyText(entry));
    if (known === undefined || isBefore(entry, known)) seen.set(keyText(entry), entry);
  }
  for (const entry of seen.values()) {
    const fallsTo = first.get(entry.trace)?.session ?? hexOf(entry.trace);
    const key = entry.session === "" ? fallsTo : entry.session;
    if (!keys.has(key)) {
      shared.add(entry.trace);
      continue;
    }
    const session = sessions.get(key) ?? { spans: new Set(), logs: new Set(), traces: new Set(), ownTraces: new Set() };
    sessions.set(key, session);
    (entry.kind === "span" ? session.spans : session.logs).add(entry.kind === "span" ? keyText(entry) : entry.id);
    if (entry.trace === noTrace) continue;
    session.traces.add(entry.trace);
    if (entry.session === "") session.ownTraces.add(entry.trace);
  }
  const feedback = Map.groupBy(
    entries.filter(({ kind }) => kind === "feedback"),
    ({ trace }) => trace,
  );
  const saidOf = (traces: ReadonlySet<string>): readonly string[] => [
    ...new Set([...traces].toSorted().flatMap((trace) => (feedback.get(trace) ?? []).map(({ document }) => document).toSorted())),
  ];
  const traces = new Set([...sessions.values()].flatMap((one) => [...one.traces]));
  return {
    sessions: new Map([...sessions].map(([key, session]) => [key, { ...session, feedback: saidOf(session.traces) }])),
    wholeTraces: traces.difference(shared),
  };
}

/** Whether a session's key may be the id of the trace that it is made of. */
export const isTraceId = (key: string): boolean => /^[0-9a-f]{32}$/.test(key);
