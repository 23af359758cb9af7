import type { FailureCluster } from "../../domain/cluster.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type ProjectId, projectId, type SessionId, sessionId } from "../../domain/ids.ts";
import { goodOutcomes } from "../../domain/receiving/item-facts.ts";
import type { OverviewQuery, ProjectOverview } from "../../domain/receiving/project-overview.ts";
import { sessionKeyOf } from "../../domain/session-key.ts";
import type { Feedback, LogRecord, Span, Trace, TraceBatch, TraceFeedback } from "../../domain/span.ts";
import type { AddResult, Erased, ErasureSelection, RetentionLimits, TraceQuery, TraceStore } from "../../ports/trace-store.ts";
import type { ClickhouseDatabase, Row } from "./clickhouse-database.ts";
import { withoutBodies } from "./clickhouse-errors.ts";
import { logColumns, logOfRow, rowOfLog, rowOfSpan, spanColumns, spanOfRow, type Stored } from "./collector-rows.ts";
import { type ErasedSessions, Erasing } from "./erasing.ts";
import {
  hexOf,
  type IndexedSession,
  type IndexKey,
  indexColumns,
  indexRowOf,
  indexRowOfFeedback,
  keyOfFeedback,
  keyOfLog,
  keyOfSpan,
  keyText,
  sessionsIn,
  uuidOf,
  isTraceId,
} from "./index-rows.ts";
import { readOverview } from "./overview.ts";
import { migrateClickhouse } from "./schema.ts";
import { entriesCondition, sessionsSql } from "./session-queries.ts";

/** Ids in one query. */
const idsTogether = 1000;
const sessionsTogether = 100;
const itemsTogether = 2000;
const mostLooks = 3;
/** Sessions that one step of retention removes. */
const expiredTogether = 200;
/** A label as `labelWord` writes it. */
const wordOf = (label: string): string => `replaceRegexpAll(lower(trimBoth(${label})), '[\\\\s-]+', '_')`;
/** Feedback that says good and nothing else tells no more than a session without any. */
const saysMore = `NOT ((JSONHas(Document, 'label') OR JSONHas(Document, 'score'))
  AND (NOT JSONHas(Document, 'label') OR has({good:Array(String)}, ${wordOf("JSONExtractString(Document, 'label')")}))
  AND (NOT JSONHas(Document, 'score') OR JSONExtractFloat(Document, 'score') >= 0.5))`;
const namingUser =
  "Project = {project:String} AND Trace IN (SELECT Trace FROM tuneup_index WHERE Project = {project:String} AND User = {user:String})";
/** A session is unusually long from so many times its project's mean number of items on. */
const unusual = 4;

type New = { readonly key: IndexKey } & ({ readonly span: Span } | { readonly log: LogRecord } | { readonly feedback: TraceFeedback });

/**
 * A trace store on a ClickHouse server, in the tables of the OpenTelemetry Collector's exporter beside an index of Tuneup's own. The index is written
 * last and in one insert: what is not in it does not exist, so a batch is there as a whole or not at all. Several processes may use one database.
 */
export class ClickhouseTraceStore implements TraceStore {
  readonly #database: ClickhouseDatabase;
  readonly #erasing: Erasing;
  #ready: Promise<void> | undefined;

  constructor(database: ClickhouseDatabase) {
    this.#database = database;
    this.#erasing = new Erasing(database);
  }

  async add(project: ProjectId, batch: TraceBatch): Promise<AddResult> {
    await this.#open();
    const items = [...itemsOf(batch).values()];
    for (;;) {
      const { at, known } = await this.#known(project, items);
      const fresh = items.filter(({ key }) => !known.has(keyText(key)));
      const count = await this.#write(project, at, fresh);
      // The index comes last: an erasure in between takes bodies and cannot see what is about to be in the index.
      if (fresh.length === 0 || !(await this.#erasing.wentOnSince(project, at)))
        return { added: count, known: batch.spans.length + (batch.logs?.length ?? 0) - count };
      await this.#erasing.takeBack(project, at, [...new Set(fresh.map(({ key }) => key.trace))]);
    }
  }

  async *read(query: TraceQuery): AsyncIterable<Trace> {
    await this.#open();
    const rows = await this.#database.ask(
      "the list of sessions",
      `SELECT key, items FROM (${sessionsSql("Project = {project:String}")})
       WHERE started >= fromUnixTimestamp64Milli({from:Int64}) AND started < fromUnixTimestamp64Milli({to:Int64})
       ORDER BY started DESC, key DESC ${query.limit === undefined ? "" : "LIMIT {limit:UInt32}"}`,
      {
        project: query.project,
        from: query.from === undefined ? 0 : Math.max(0, Date.parse(query.from)),
        // Later than anything that the tables can hold.
        to: query.to === undefined ? 9_300_000_000_000 : Date.parse(query.to),
        ...(query.limit === undefined ? {} : { limit: query.limit }),
      },
    );
    for (const keys of groupsOf(rows.toReversed())) {
      const traces = await this.#sessions(query.project, keys);
      for (const key of keys) {
        const trace = traces.get(key);
        // Another process may have erased it meanwhile.
        if (trace !== undefined) yield trace;
      }
    }
  }

  async session(project: ProjectId, key: SessionId): Promise<Trace | undefined> {
    await this.#open();
    return (await this.#sessions(project, [key])).get(key);
  }

  /** This store holds none natively. */
  async clusters(): Promise<readonly FailureCluster[]> {
    return [];
  }

  async overview(query: OverviewQuery): Promise<ProjectOverview> {
    await this.#open();
    return readOverview(this.#database, query);
  }

  async erase(project: ProjectId, selection: ErasureSelection): Promise<Erased> {
    await this.#open();
    await this.#erasing.finish();
    const keys = await this.#selected(project, selection);
    const named = "session" in selection ? [selection.session] : keys;
    if ("everything" in selection) await this.#erasing.everything(project);
    else await this.#erasing.sessions(project, this.#toErase(project, piecesOf(named, sessionsTogether)), { overwrite: true });
    return { sessions: keys.length };
  }

  /** Erases what is too old in every project, some hundred sessions at a time; ends early when the signal aborts. `dryRun` only counts. */
  async expire(limits: RetentionLimits, { dryRun, signal }: { readonly dryRun: boolean; readonly signal?: AbortSignal }): Promise<Erased> {
    await this.#open();
    await this.#erasing.finish();
    if (!dryRun) await this.#erasing.sweep(Date.parse(limits.before));
    let sessions = 0;
    for (const project of await this.#projects()) {
      const keys = await this.#expired(project, limits);
      for (const some of dryRun ? [keys] : piecesOf(keys, expiredTogether)) {
        if (signal?.aborted === true) return { sessions };
        if (!dryRun) await this.#erasing.sessions(project, this.#toErase(project, [some]), { overwrite: false });
        sessions += some.length;
      }
    }
    return { sessions };
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** Writes what is new of a batch, the index last and in one insert. Answers how many spans and log records it wrote. */
  async #write(project: ProjectId, at: string, fresh: readonly New[]): Promise<number> {
    const place = (index: number): { project: string; at: string; place: number } => ({ project, at, place: index });
    const added = (item: Span | LogRecord, index: number): Parameters<typeof rowOfSpan>[1] => ({
      ...place(index),
      session: sessionKeyOf(item) ?? "",
    });
    const spans = fresh.flatMap((one, index) => ("span" in one ? [rowOfSpan(one.span, added(one.span, index))] : []));
    const logs = fresh.flatMap((one, index) => ("log" in one ? [rowOfLog(one.log, added(one.log, index))] : []));
    await this.#database.insert("otel_traces", spans);
    await this.#database.insert("otel_logs", logs);
    await this.#database.insert(
      "tuneup_index",
      fresh.map((one, index) =>
        "feedback" in one
          ? indexRowOfFeedback(one.feedback, one.key, place(index))
          : indexRowOf("span" in one ? one.span : one.log, one.key, place(index)),
      ),
    );
    return spans.length + logs.length;
  }

  /** Looks at the server once; again after it could not be reached. */
  #open(): Promise<void> {
    this.#ready ??= migrateClickhouse(this.#database).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  /** Which of these the index holds, and the server's time: what is added gets it in all tables. */
  async #known(project: ProjectId, items: readonly New[]): Promise<{ readonly at: string; readonly known: ReadonlySet<string> }> {
    const known = new Set<string>();
    let at = "0";
    for (const some of piecesOf(items, idsTogether)) {
      const [row] = await this.#database.ask(
        "what it knows of a batch",
        `SELECT toString(toUnixTimestamp64Micro(now64(6))) AS at, groupArray(concat(toString(Trace), ' ', toString(Kind), ' ', Id)) AS known
         FROM tuneup_index WHERE Project = {project:String} AND Trace IN {traces:Array(UUID)} AND Id IN {ids:Array(String)}`,
        { project, traces: [...new Set(some.map(({ key }) => key.trace))], ids: some.map(({ key }) => key.id) },
      );
      at = String(row?.["at"]);
      for (const text of Array.isArray(row?.["known"]) ? row["known"] : []) known.add(String(text));
    }
    return { at, known };
  }

  async #entries(project: ProjectId, keys: readonly string[]): ReturnType<ClickhouseDatabase["ask"]> {
    const asTraces = keys.filter(isTraceId).map(uuidOf);
    return this.#database.ask("an index of sessions", `SELECT ${indexColumns} FROM tuneup_index WHERE ${entriesCondition}`, {
      project,
      keys,
      asTraces,
    });
  }

  /** What is erased or taken back between looking at the index and at the bodies is not in the index any more: then both are looked at again. */
  async #sessions(project: ProjectId, keys: readonly string[]): Promise<ReadonlyMap<string, Trace>> {
    for (let tries = 1; ; tries += 1) {
      const { missing, traces } = await this.#readSessions(project, keys);
      if (missing === 0) return traces;
      if (tries === mostLooks) throw withoutBodies(project, missing);
    }
  }

  async #readSessions(
    project: ProjectId,
    keys: readonly string[],
  ): Promise<{ readonly traces: ReadonlyMap<string, Trace>; readonly missing: number }> {
    const { sessions } = sessionsIn(await this.#entries(project, keys), new Set(keys));
    if (sessions.size === 0) return { traces: new Map(), missing: 0 };
    const traces = [...new Set([...sessions.values()].flatMap((one) => [...one.traces].map(hexOf)))];
    const spans = new Map<string, Stored<Span>[]>();
    const logs = new Map<string, Stored<LogRecord>[]>();
    const hold = [...sessions.values()];
    // Log records without a trace lie under an empty one.
    const ofLogs = hold.some(({ logs: held }) => held.size > 0) ? ["", ...traces] : [];
    const ofSpans = hold.some(({ spans: held }) => held.size > 0) ? traces : [];
    await Promise.all([
      this.#rows(project, "otel_traces", { keys, traces: ofSpans }, (row) =>
        collect(spans, whole(row, spanOfRow), (span) => keyText(keyOfSpan(span))),
      ),
      this.#rows(project, "otel_logs", { keys, traces: ofLogs }, (row) => collect(logs, whole(row, logOfRow), (log) => keyOfLog(log).id)),
    ]);
    const absent = (ids: ReadonlySet<string>, held: ReadonlyMap<string, unknown>): number => [...ids].filter((id) => !held.has(id)).length;
    return {
      traces: new Map([...sessions].map(([key, session]) => [key, traceOf(project, key, session, { spans, logs })])),
      missing: hold.reduce((sum, session) => sum + absent(session.spans, spans) + absent(session.logs, logs), 0),
    };
  }

  async #rows(
    project: ProjectId,
    table: "otel_traces" | "otel_logs",
    { keys, traces }: { readonly keys: readonly string[]; readonly traces: readonly string[] },
    take: (row: Row) => void,
  ): Promise<void> {
    for (const some of piecesOf(traces, idsTogether)) {
      const rows = await this.#database.ask(
        "sessions",
        `SELECT ${table === "otel_traces" ? spanColumns : logColumns} FROM ${table}
         WHERE TuneupProject = {project:String} AND TuneupSession IN {keys:Array(String)} AND TraceId IN {traces:Array(String)}`,
        { project, keys: ["", ...keys], traces: some },
      );
      for (const row of rows) take(row);
    }
  }

  async #selected(project: ProjectId, selection: ErasureSelection): Promise<readonly string[]> {
    if ("session" in selection) {
      const { sessions } = sessionsIn(await this.#entries(project, [selection.session]), new Set([selection.session]));
      return [...sessions.keys()];
    }
    const named = { name: "named", of: "max(User = {user:String})", over: (column: string) => `max(${column})` };
    const user = "user" in selection ? selection.user : "";
    const sql =
      "user" in selection
        ? `SELECT key FROM (${sessionsSql(namingUser, [named])}) WHERE named = 1`
        : `SELECT key FROM (${sessionsSql("Project = {project:String}")})`;
    const rows = await this.#database.ask("the sessions to erase", sql, { project, user });
    return rows.map((row) => String(row["key"]));
  }

  /** Groups of sessions with their traces, as an erasure writes them down; also sessions that the index does not have: bodies may lie there. */
  async *#toErase(project: ProjectId, groups: Iterable<readonly string[]>): AsyncIterable<ErasedSessions> {
    for (const keys of groups) {
      const entries = await this.#entries(project, keys);
      const { sessions, wholeTraces } = sessionsIn(entries, new Set(keys));
      const indexed = new Set(entries.map((row) => row["trace"]));
      const unknown = keys.filter(isTraceId).map(uuidOf);
      yield {
        sessions: keys,
        traces: [
          ...new Set([...sessions.values()].flatMap((one) => [...one.ownTraces])),
          ...unknown.filter((trace) => !indexed.has(trace)),
        ],
        orphaned: [...wholeTraces],
      };
    }
  }

  async #projects(): Promise<readonly ProjectId[]> {
    const rows = await this.#database.ask("its projects", "SELECT DISTINCT Project AS project FROM tuneup_index ORDER BY project");
    return rows.map((row) => projectId(String(row["project"])));
  }

  async #expired(project: ProjectId, limits: RetentionLimits): Promise<readonly string[]> {
    const columns = [
      { name: "failures", of: "sum(ToolFailed)", over: (column: string) => `sum(${column})` },
      {
        name: "said",
        of: `argMaxIf(${wordOf("Outcome")}, (AddedAt, Place), Outcome != '')`,
        over: (column: string) => `groupUniqArrayIf(${column}, ${column} != '')`,
      },
      {
        name: "judged",
        of: `max(Trace IN (SELECT Trace FROM tuneup_index WHERE Project = {project:String} AND Kind = 'feedback' AND ${saysMore}))`,
        over: (column: string) => `max(${column})`,
      },
    ];
    const rows = await this.#database.ask(
      "what is too old",
      `WITH found AS (${sessionsSql("Project = {project:String}", columns)})
       SELECT key FROM found WHERE ended < fromUnixTimestamp64Milli({telling:Int64}) OR (ended < fromUnixTimestamp64Milli({before:Int64})
         AND failures = 0 AND judged = 0 AND arrayAll(one -> has({good:Array(String)}, one), said) AND items <= ${unusual} * (SELECT avg(items) FROM found))
       ORDER BY ended`,
      { project, before: Date.parse(limits.before), telling: Date.parse(limits.tellingBefore), good: goodOutcomes },
    );
    return rows.map((row) => String(row["key"]));
  }
}

/** What a batch holds, each thing once. A log record without trace and session belongs nowhere. */
function itemsOf({ spans, logs = [], feedback = [] }: TraceBatch): ReadonlyMap<string, New> {
  const items = new Map<string, New>();
  const put = (one: New): void => {
    if (!items.has(keyText(one.key))) items.set(keyText(one.key), one);
  };
  for (const span of spans) put({ key: keyOfSpan(span), span });
  for (const log of logs) if (log.traceId !== undefined || sessionKeyOf(log) !== undefined) put({ key: keyOfLog(log), log });
  for (const one of feedback) put({ key: keyOfFeedback(one), feedback: one });
  return items;
}

/** Keeps the one of two that was added first. */
function collect<T>(into: Map<string, Stored<T>[]>, stored: Stored<T>, keyOf: (item: T) => string): void {
  const key = keyOf(stored.item);
  const [known] = into.get(key) ?? [];
  if (known === undefined || stored.at < known.at || (stored.at === known.at && stored.place < known.place)) into.set(key, [stored]);
}

function traceOf(
  project: ProjectId,
  key: string,
  session: IndexedSession,
  held: { readonly spans: ReadonlyMap<string, readonly Stored<Span>[]>; readonly logs: ReadonlyMap<string, readonly Stored<LogRecord>[]> },
): Trace {
  const inOrder = <T>(
    ids: ReadonlySet<string>,
    from: ReadonlyMap<string, readonly Stored<T>[]>,
    timeOf: (item: T) => string,
  ): readonly T[] =>
    [...ids]
      .flatMap((id) => from.get(id) ?? [])
      .toSorted(
        (left, right) =>
          compare(timeOf(left.item), timeOf(right.item)) || (left.at < right.at ? -1 : left.at > right.at ? 1 : left.place - right.place),
      )
      .map(({ item }) => item);
  return {
    project,
    key: sessionId(key),
    spans: inOrder(session.spans, held.spans, (span) => span.startedAt),
    logs: inOrder(session.logs, held.logs, (log) => log.at),
    feedback: session.feedback.map((document) => JSON.parse(document) as Feedback),
  };
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

function* piecesOf<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

/** Sessions that are fetched together: some hundred, fewer where they are long. */
function* groupsOf(rows: readonly Row[]): Iterable<readonly string[]> {
  let keys: string[] = [];
  let items = 0;
  for (const row of rows) {
    keys.push(String(row["key"]));
    items += Number(row["items"]);
    if (keys.length < sessionsTogether && items < itemsTogether) continue;
    yield keys;
    [keys, items] = [[], 0];
  }
  if (keys.length > 0) yield keys;
}

/** What a row holds; a row in another shape is an error that does not quote it. */
function whole<T>(row: Row, read: (row: Row) => T): T {
  try {
    return read(row);
  } catch {
    throw new TuneupError("trace-store-corrupt", "A row of the trace store in ClickHouse is in a shape that Tuneup does not write.", {
      remedy:
        "Look whether something else writes to Tuneup's columns (TuneupProject, TuneupNotes); restore a backup where they were changed.",
    });
  }
}
