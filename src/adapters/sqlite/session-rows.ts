import { createHash } from "node:crypto";
import { canonicalJson, asJson } from "../../domain/digest.ts";
import type { ProjectId } from "../../domain/ids.ts";
import { type CallFacts, callFactsOf } from "../../domain/receiving/item-facts.ts";
import { sessionKeyOf, userIdOf } from "../../domain/session-key.ts";
import type { LogRecord, Span } from "../../domain/span.ts";
import { packBlock } from "./block-bytes.ts";
import { tally } from "./day-tallies.ts";
import { type SessionBlock, storedLog, storedSpan, wholeLog, wholeSpan } from "./session-block.ts";
import { readBlocks, readBodies, type SessionBodies } from "./session-bodies.ts";
import type { Statements } from "./statements.ts";

/** Spans and log records of one session. */
export interface SessionItems {
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
}

interface Gathered {
  spans: Span[];
  logs: LogRecord[];
}

interface TraceRow {
  readonly id: number;
  /** The session that its items without a session of their own go to. */
  session: { readonly id: number; readonly key: string } | undefined;
}

/** Everything of a session as it is stored, in the order in which it was added. */
export function readSession(statements: Statements, session: number): SessionItems {
  const blocks = readBlocks(statements, session);
  const bodies = readBodies(statements, blocks);
  const body = (number: number): string => {
    const text = bodies[number];
    if (text === undefined) throw new Error(`text ${number} of a session is missing`);
    return text;
  };
  return {
    spans: blocks.flatMap((block) => block.spans.map((span) => wholeSpan(span, body))),
    logs: blocks.flatMap((block) => block.logs.map((log) => wholeLog(log, body))),
  };
}

/** One `add`, inside a transaction: sorts what is new into sessions and writes a block to each. */
export class SessionRows {
  readonly #statements: Statements;
  readonly #bodies: SessionBodies;
  readonly #project: ProjectId;
  readonly #traces = new Map<string, TraceRow>();
  readonly #sessions = new Map<string, number>();
  readonly #gathered = new Map<number, Gathered>();
  /** New spans, which the days' tallies do not have yet; those that only move to another session are counted already. */
  readonly #counted: Span[] = [];
  /** Read once for the tallies and for the session's row. */
  readonly #calls = new Map<Span, CallFacts>();

  constructor(statements: Statements, bodies: SessionBodies, project: ProjectId) {
    this.#statements = statements;
    this.#bodies = bodies;
    this.#project = project;
  }

  /** Whether the span is new. */
  addSpan(span: Span): boolean {
    const trace = this.#trace(span.traceId);
    const session = this.#sessionFor(trace, span.traceId, sessionKeyOf(span));
    const result = this.#sql("INSERT OR IGNORE INTO span_ids (trace, span) VALUES (?, ?)").run(trace.id, Buffer.from(span.spanId, "hex"));
    if (Number(result.changes) === 0) return false;
    this.#gather(session).spans.push(span);
    this.#counted.push(span);
    return true;
  }

  /** Whether the log record is new. One without trace and session belongs nowhere. */
  addLog(log: LogRecord): boolean {
    const own = sessionKeyOf(log);
    if (log.traceId === undefined && own === undefined) return false;
    const session = log.traceId === undefined ? this.#session(own ?? "") : this.#sessionFor(this.#trace(log.traceId), log.traceId, own);
    if (!this.#noteLog(session, log)) return false;
    this.#gather(session).logs.push(log);
    return true;
  }

  /** Items that are known to be new and of this session: what an older version of the store held. */
  addToSession(key: string, items: SessionItems): void {
    const session = this.#session(key);
    const gathered = this.#gather(session);
    for (const span of items.spans) {
      const trace = this.#trace(span.traceId);
      trace.session ??= this.#setTrace(trace.id, session, key);
      this.#sql("INSERT OR IGNORE INTO span_ids (trace, span) VALUES (?, ?)").run(trace.id, Buffer.from(span.spanId, "hex"));
      gathered.spans.push(span);
      this.#counted.push(span);
    }
    for (const log of items.logs) {
      this.#noteLog(session, log);
      gathered.logs.push(log);
    }
  }

  /** Writes what was gathered. */
  write(): void {
    tally(this.#statements, this.#project, this.#counted.splice(0), 1, (span) => this.#callOf(span));
    for (const [session, items] of this.#gathered) if (items.spans.length + items.logs.length > 0) this.#writeBlock(session, items);
  }

  #callOf(span: Span): CallFacts {
    const known = this.#calls.get(span);
    if (known !== undefined) return known;
    const facts = callFactsOf(span);
    this.#calls.set(span, facts);
    return facts;
  }

  #writeBlock(session: number, items: SessionItems): void {
    const blocks = Number(this.#sql("SELECT blocks FROM sessions WHERE id = ?").get(session)?.["blocks"] ?? 0);
    const { bodies, first, numbering } = this.#bodies.open(session, blocks);
    const block: SessionBlock = {
      first,
      spans: items.spans.map((span) => storedSpan(span, numbering)),
      logs: items.logs.map((log) => storedLog(log, numbering)),
      bodies,
    };
    this.#sql("INSERT INTO blocks (session, content) VALUES (?, ?)").run(session, packBlock(block));
    if ((blocks + 1) % mergedEvery === 0) mergeLastBlocks(this.#statements, session);
    const facts = factsOf(items, (span) => this.#callOf(span));
    this.#sql(
      `UPDATE sessions SET blocks = blocks + 1, spans = spans + ?, started_at = min(started_at, ?), ended_at = max(ended_at, ?),
         outcome = coalesce(?, outcome), tool_errors = tool_errors + ? WHERE id = ?`,
    ).run(items.spans.length, facts.from, facts.to, facts.outcome ?? null, facts.toolErrors, session);
    for (const user of facts.users)
      this.#sql("INSERT OR IGNORE INTO session_users (project, user, session) VALUES (?, ?, ?)").run(this.#project, user, session);
  }

  /** Whether the session did not hold this log record before. From now on it has a part in the record's trace. */
  #noteLog(session: number, log: LogRecord): boolean {
    const digest = createHash("sha256")
      .update(canonicalJson(asJson(log)), "utf8")
      .digest();
    const result = this.#sql("INSERT OR IGNORE INTO log_ids (session, digest) VALUES (?, ?)").run(session, digest);
    if (Number(result.changes) === 0) return false;
    if (log.traceId !== undefined) noteTraceOfLogs(this.#statements, this.#trace(log.traceId).id, session);
    return true;
  }

  #gather(session: number): Gathered {
    const known = this.#gathered.get(session);
    if (known !== undefined) return known;
    const gathered = { spans: [], logs: [] };
    this.#gathered.set(session, gathered);
    return gathered;
  }

  #trace(traceId: string): TraceRow {
    const known = this.#traces.get(traceId);
    if (known !== undefined) return known;
    const bytes = Buffer.from(traceId, "hex");
    const row = this.#sql(
      `SELECT trace_ids.id AS id, sessions.id AS session, sessions.key AS key FROM trace_ids LEFT JOIN sessions ON sessions.id = trace_ids.session
       WHERE trace_ids.project = ? AND trace_ids.trace = ?`,
    ).get(this.#project, bytes);
    const trace: TraceRow =
      row === undefined
        ? {
            id: Number(this.#sql("INSERT INTO trace_ids (project, trace) VALUES (?, ?)").run(this.#project, bytes).lastInsertRowid),
            session: undefined,
          }
        : {
            id: Number(row["id"]),
            session: row["session"] === null ? undefined : { id: Number(row["session"]), key: String(row["key"]) },
          };
    this.#traces.set(traceId, trace);
    return trace;
  }

  #session(key: string): number {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const row = this.#sql("SELECT id FROM sessions WHERE project = ? AND key = ?").get(this.#project, key);
    const id = Number(
      row?.["id"] ?? this.#sql("INSERT INTO sessions (project, key) VALUES (?, ?)").run(this.#project, key).lastInsertRowid,
    );
    this.#sessions.set(key, id);
    return id;
  }

  /** The session an item goes to. A trace that learns its session late takes along what came before. */
  #sessionFor(trace: TraceRow, traceId: string, own: string | undefined): number {
    if (own === undefined) return (trace.session ??= this.#setTrace(trace.id, this.#session(traceId), traceId)).id;
    const session = this.#session(own);
    if (trace.session === undefined) trace.session = this.#setTrace(trace.id, session, own);
    else if (trace.session.key === traceId && own !== traceId) {
      this.#move(trace.session.id, session, traceId);
      trace.session = this.#setTrace(trace.id, session, own);
    }
    return session;
  }

  #setTrace(trace: number, session: number, key: string): { readonly id: number; readonly key: string } {
    this.#sql("UPDATE trace_ids SET session = ? WHERE id = ?").run(session, trace);
    return { id: session, key };
  }

  /** Moves the items of one trace that name no session from the session of their trace into another. */
  #move(from: number, to: number, traceId: string): void {
    const stored = readSession(this.#statements, from);
    const waiting = this.#gather(from);
    const spans = [...stored.spans, ...waiting.spans];
    const logs = [...stored.logs, ...waiting.logs];
    const moves = (item: Span | LogRecord): boolean => item.traceId === traceId && sessionKeyOf(item) === undefined;
    const blocks = Number(this.#sql("SELECT blocks FROM sessions WHERE id = ?").get(from)?.["blocks"] ?? 0);
    deleteSession(this.#statements, from);
    this.#bodies.forget([from]);
    this.#gathered.delete(from);
    const target = this.#gather(to);
    target.spans.push(...spans.filter(moves));
    target.logs.push(...logs.filter((log) => moves(log) && this.#noteLog(to, log)));
    const staying = { spans: spans.filter((span) => !moves(span)), logs: logs.filter((log) => !moves(log)) };
    if (staying.spans.length + staying.logs.length === 0) return void this.#sessions.delete(traceId);
    // The count goes on, so that another process does not take the new blocks for those it knows.
    this.#sql("INSERT INTO sessions (id, project, key, blocks) VALUES (?, ?, ?, ?)").run(from, this.#project, traceId, blocks + 1);
    const again = this.#gather(from);
    again.spans.push(...staying.spans);
    again.logs.push(...staying.logs.filter((log) => this.#noteLog(from, log)));
  }

  #sql(text: string): ReturnType<Statements["sql"]> {
    return this.#statements.sql(text);
  }
}

/** Notes that log records of a session belong to this trace. Inside a transaction. */
export function noteTraceOfLogs(statements: Statements, trace: number, session: number): void {
  statements.sql("INSERT OR IGNORE INTO trace_logs (trace, session) VALUES (?, ?)").run(trace, session);
}

/** A sender that sends every span by itself makes a block of each: they are put together after so many. */
const mergedEvery = 8;
/** Bytes from which on a block stays as it is: compressing more together gains little, and merging must not write a long session again and again. */
const largeBlock = 16 * 1024;

/** Puts the small blocks at a session's end into one. Texts keep their numbers, which count through the session. Inside a transaction. */
function mergeLastBlocks(statements: Statements, session: number): void {
  const sizes = statements.sql("SELECT id, length(content) AS bytes FROM blocks WHERE session = ? ORDER BY id").all(session);
  const small = sizes.slice(sizes.findLastIndex(({ bytes }) => Number(bytes) >= largeBlock) + 1);
  if (small.length < 2) return;
  const from = Number(small[0]?.["id"]);
  const all = readBlocks(statements, session, from);
  const merged: SessionBlock = {
    first: all[0]?.first ?? 0,
    spans: all.flatMap(({ spans }) => spans),
    logs: all.flatMap(({ logs }) => logs),
    bodies: all.flatMap(({ bodies }) => bodies),
  };
  statements.sql("DELETE FROM blocks WHERE session = ? AND id >= ?").run(session, from);
  statements.sql("INSERT INTO blocks (session, content) VALUES (?, ?)").run(session, packBlock(merged));
}

/** Removes a session's rows and the shared bodies that only it used; not its span ids. Inside a transaction. */
export function deleteSession(statements: Statements, session: number): void {
  const bodies = statements.sql("SELECT body FROM body_owners WHERE session = ?").all(session);
  for (const table of ["body_owners", "blocks", "session_users", "log_ids", "trace_logs"])
    statements.sql(`DELETE FROM ${table} WHERE session = ?`).run(session);
  for (const { body } of bodies)
    statements.sql("DELETE FROM shared_bodies WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM body_owners WHERE body = ?1)").run(Number(body));
  statements.sql("DELETE FROM sessions WHERE id = ?").run(session);
}

/** Removes a session with everything that only it used. Inside a transaction. */
export function eraseSession(statements: Statements, project: ProjectId, session: number): void {
  const { logs, spans } = readSession(statements, session);
  const find = statements.sql("SELECT id FROM trace_ids WHERE project = ? AND trace = ?");
  const traces = new Map<string, number>();
  for (const { traceId } of [...spans, ...logs]) {
    if (traceId === undefined || traces.has(traceId)) continue;
    const id = find.get(project, Buffer.from(traceId, "hex"))?.["id"];
    if (id !== undefined) traces.set(traceId, Number(id));
  }
  tally(statements, project, spans, -1);
  const remove = statements.sql("DELETE FROM span_ids WHERE trace = ? AND span = ?");
  for (const span of spans) remove.run(traces.get(span.traceId) ?? -1, Buffer.from(span.spanId, "hex"));
  deleteSession(statements, session);
  for (const [traceId, id] of traces) {
    // Other sessions may hold spans or log records of the trace; it is theirs, then.
    if (
      statements.sql("SELECT 1 FROM span_ids WHERE trace = ?1 UNION ALL SELECT 1 FROM trace_logs WHERE trace = ?1").get(id) !== undefined
    ) {
      statements.sql("UPDATE trace_ids SET session = NULL WHERE id = ? AND session = ?").run(id, session);
      continue;
    }
    statements.sql("DELETE FROM feedback WHERE project = ? AND trace = ?").run(project, traceId);
    statements.sql("DELETE FROM trace_ids WHERE id = ?").run(id);
  }
}

interface SessionFacts {
  readonly from: string;
  readonly to: string;
  readonly outcome: string | undefined;
  readonly toolErrors: number;
  readonly users: ReadonlySet<string>;
}

/** What the store's indexes say of these items. */
function factsOf({ logs, spans }: SessionItems, callOf: (span: Span) => CallFacts): SessionFacts {
  let [from, to] = ["~", ""];
  let outcome: string | undefined;
  let toolErrors = 0;
  const users = new Set<string>();
  for (const span of spans) {
    if (span.startedAt < from) from = span.startedAt;
    if ((span.endedAt ?? span.startedAt) > to) to = span.endedAt ?? span.startedAt;
    const call = callOf(span);
    outcome = call.outcome ?? outcome;
    if (call.toolFailed) toolErrors += 1;
    const user = userIdOf(span);
    if (user !== undefined) users.add(user);
  }
  for (const log of logs) {
    if (log.at < from) from = log.at;
    if (log.at > to) to = log.at;
    const user = userIdOf(log);
    if (user !== undefined) users.add(user);
  }
  return { from, to, outcome, toolErrors, users };
}
