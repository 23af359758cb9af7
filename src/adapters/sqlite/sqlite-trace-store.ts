import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { FailureCluster } from "../../domain/cluster.ts";
import { asJson, canonicalJson, digestOfJson, shortDigest } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type ProjectId, type SessionId, sessionId } from "../../domain/ids.ts";
import { sessionKeyOf, userIdOf } from "../../domain/session-key.ts";
import type { Feedback, LogRecord, Span, Trace, TraceBatch } from "../../domain/span.ts";
import type { AddResult, Erased, ErasureSelection, TraceQuery, TraceStore } from "../../ports/trace-store.ts";
import { type Bodies, compress, decompress, type Stored, withBodies, withoutBodies } from "./bodies.ts";
import { migrate } from "./schema.ts";
import { openDatabase } from "./open-database.ts";

/** The embedded trace store: one SQLite file in WAL mode, safe for several processes, every `add` on disk when it resolves. */
export class SqliteTraceStore implements TraceStore {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  /** Opens or creates the file. Throws `trace-store-unavailable` or `trace-store-corrupt`, naming the path. */
  static open(path: string): SqliteTraceStore {
    try {
      const database = openDatabase(path, 15000);
      // What is erased is overwritten, not only forgotten.
      database.exec("PRAGMA secure_delete = ON");
      migrate(database);
      return new SqliteTraceStore(database, path);
    } catch (cause) {
      throw storeError(path, "opened", cause);
    }
  }

  async add(project: ProjectId, { spans, logs = [], feedback = [] }: TraceBatch): Promise<AddResult> {
    return this.#transaction("written", () => {
      let added = 0;
      for (const span of spans) if (this.#addSpan(project, span)) added += 1;
      for (const log of logs) if (this.#addLog(project, log)) added += 1;
      for (const one of feedback) {
        this.#sql("INSERT OR IGNORE INTO feedback (project, trace, document) VALUES (?, ?, ?)").run(
          project,
          one.traceId,
          canonicalJson(asJson(one.feedback)),
        );
      }
      return { added, known: spans.length + logs.length - added };
    });
  }

  async *read(query: TraceQuery): AsyncIterable<Trace> {
    const keys = this.#attempt("read", () =>
      this.#sql(
        `SELECT session, min(started) AS started FROM (
           SELECT session, min(started_at) AS started FROM spans WHERE project = ?1 GROUP BY session
           UNION ALL SELECT session, min(at) FROM logs WHERE project = ?1 GROUP BY session
         ) GROUP BY session HAVING started >= ?2 AND started < ?3 ORDER BY started DESC, session DESC LIMIT ?4`,
      ).all(query.project, query.from ?? "", query.to ?? "~", query.limit ?? -1),
    );
    for (const row of keys.toReversed()) {
      const trace = await this.session(query.project, sessionId(String(row["session"])));
      // Another process may have erased it meanwhile.
      if (trace !== undefined) yield trace;
    }
  }

  async session(project: ProjectId, key: SessionId): Promise<Trace | undefined> {
    return this.#attempt("read", () => this.#session(project, key));
  }

  #session(project: ProjectId, key: SessionId): Trace | undefined {
    const rows = this.#sql("SELECT document FROM spans WHERE project = ? AND session = ? ORDER BY started_at, id").all(project, key);
    const logs = this.#sql("SELECT document FROM logs WHERE project = ? AND session = ? ORDER BY at, id").all(project, key);
    if (rows.length + logs.length === 0) return undefined;
    const spans = rows.map((row) => this.#restore(row["document"]));
    const feedback = this.#sql(
      `SELECT DISTINCT document FROM feedback WHERE project = ?1 AND trace IN (
           SELECT trace FROM spans WHERE project = ?1 AND session = ?2 UNION SELECT trace FROM logs WHERE project = ?1 AND session = ?2
         ) ORDER BY trace, document`,
    ).all(project, key);
    return {
      project,
      key,
      spans,
      logs: logs.map((row) => JSON.parse(decompress(bytesOf(row["document"]))) as LogRecord),
      feedback: feedback.map((row) => JSON.parse(String(row["document"])) as Feedback),
    };
  }

  async clusters(project: ProjectId): Promise<readonly FailureCluster[]> {
    const rows = this.#attempt("read", () => this.#sql("SELECT document FROM clusters WHERE project = ? ORDER BY id").all(project));
    return rows.map((row) => JSON.parse(String(row["document"])) as FailureCluster);
  }

  async erase(project: ProjectId, selection: ErasureSelection): Promise<Erased> {
    const erased = this.#transaction("written", () => {
      const keys = this.#selected(project, selection);
      for (const key of keys) this.#eraseSession(project, key);
      if ("everything" in selection)
        for (const table of ["feedback", "traces", "clusters"]) this.#sql(`DELETE FROM ${table} WHERE project = ?`).run(project);
      return { sessions: keys.length };
    });
    // The log still holds the pages as they were; readers of other processes may keep it a little longer.
    if (erased.sessions > 0) this.#attempt("written", () => this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    return erased;
  }

  #selected(project: ProjectId, selection: ErasureSelection): readonly SessionId[] {
    const sessions = this.#sql("SELECT session FROM spans WHERE project = ?1 UNION SELECT session FROM logs WHERE project = ?1").all(
      project,
    );
    const keys = sessions.map((row) => sessionId(String(row["session"])));
    if ("everything" in selection) return keys;
    if ("session" in selection) return keys.filter((key) => key === selection.session);
    return keys.filter((key) => {
      const trace = this.#session(project, key);
      return [...(trace?.spans ?? []), ...(trace?.logs ?? [])].some((item) => userIdOf(item) === selection.user);
    });
  }

  #eraseSession(project: ProjectId, key: SessionId): void {
    const traces = this.#sql(
      "SELECT trace FROM spans WHERE project = ?1 AND session = ?2 UNION SELECT trace FROM logs WHERE project = ?1 AND session = ?2",
    ).all(project, key);
    this.#sql("DELETE FROM body_uses WHERE span IN (SELECT id FROM spans WHERE project = ? AND session = ?)").run(project, key);
    this.#sql("DELETE FROM spans WHERE project = ? AND session = ?").run(project, key);
    this.#sql("DELETE FROM logs WHERE project = ? AND session = ?").run(project, key);
    this.#sql("DELETE FROM bodies WHERE id NOT IN (SELECT body FROM body_uses)").run();
    for (const { trace } of traces) {
      if (this.#sql("SELECT 1 FROM spans WHERE project = ? AND trace = ?").get(project, String(trace)) !== undefined) continue;
      this.#sql("DELETE FROM feedback WHERE project = ? AND trace = ?").run(project, String(trace));
      this.#sql("DELETE FROM traces WHERE project = ? AND trace = ?").run(project, String(trace));
    }
  }

  async close(): Promise<void> {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #addSpan(project: ProjectId, span: Span): boolean {
    const session = this.#sessionFor(project, span);
    const bodies: Bodies = new Map();
    const stored = withoutBodies(span, bodies);
    const { changes, lastInsertRowid } = this.#sql(
      "INSERT OR IGNORE INTO spans (project, session, trace, span, started_at, document) VALUES (?, ?, ?, ?, ?, ?)",
    ).run(project, session, span.traceId, span.spanId, span.startedAt, compress(JSON.stringify(stored)));
    if (Number(changes) === 0) return false;
    for (const [digest, text] of bodies) this.#addBody(Buffer.from(digest, "hex"), text, Number(lastInsertRowid));
    return true;
  }

  #addLog(project: ProjectId, log: LogRecord): boolean {
    const session = this.#sessionFor(project, log);
    if (session === undefined) return false;
    const { changes } = this.#sql(
      "INSERT OR IGNORE INTO logs (project, session, trace, digest, at, document) VALUES (?, ?, ?, ?, ?, ?)",
    ).run(
      project,
      session,
      log.traceId ?? "",
      Buffer.from(shortDigest(digestOfJson(asJson(log)), 64), "hex"),
      log.at,
      compress(JSON.stringify(log)),
    );
    return Number(changes) > 0;
  }

  #addBody(digest: Uint8Array, text: string, span: number): void {
    const find = this.#sql("SELECT id FROM bodies WHERE digest = ?");
    if (find.get(digest) === undefined) this.#sql("INSERT INTO bodies (digest, content) VALUES (?, ?)").run(digest, compress(text));
    this.#sql("INSERT OR IGNORE INTO body_uses (body, span) SELECT id, ? FROM bodies WHERE digest = ?").run(span, digest);
  }

  /** The session a span or log record goes to. A trace that learns its session late takes along what came before. */
  #sessionFor(project: ProjectId, span: Span): string;
  #sessionFor(project: ProjectId, log: LogRecord): string | undefined;
  #sessionFor(project: ProjectId, span: Span | LogRecord): string | undefined {
    const own = sessionKeyOf(span);
    if (span.traceId === undefined) return own;
    const known = this.#sql("SELECT session FROM traces WHERE project = ? AND trace = ?").get(project, span.traceId)?.["session"];
    if (own !== undefined && (known === undefined || known === span.traceId)) {
      this.#sql("INSERT INTO traces (project, trace, session) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET session = excluded.session").run(
        project,
        span.traceId,
        own,
      );
      this.#sql("UPDATE spans SET session = ? WHERE project = ? AND trace = ? AND session = trace").run(own, project, span.traceId);
      this.#sql("UPDATE logs SET session = ? WHERE project = ? AND trace = ? AND session = trace").run(own, project, span.traceId);
    } else if (known === undefined) {
      this.#sql("INSERT INTO traces (project, trace, session) VALUES (?, ?, ?)").run(project, span.traceId, span.traceId);
    }
    return own ?? (known === undefined ? span.traceId : String(known));
  }

  #restore(document: unknown): Span {
    const stored = JSON.parse(decompress(bytesOf(document))) as Stored;
    return withBodies(stored, (digest) => {
      const row = this.#sql("SELECT content FROM bodies WHERE digest = ?").get(Buffer.from(digest, "hex"));
      if (row === undefined) throw new Error(`body ${digest} is missing`);
      return decompress(bytesOf(row["content"]));
    });
  }

  #sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  #transaction<T>(what: "written", work: () => T): T {
    return this.#attempt(what, () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #attempt<T>(what: "read" | "written", work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw storeError(this.#path, what, cause);
    }
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error("a stored span is no bytes");
}

/** SQLite's primary result codes that mean damage rather than circumstances: corrupt (11), no database (26). */
const damaged: ReadonlySet<number> = new Set([11, 26]);

function storeError(path: string, what: "opened" | "read" | "written", cause: unknown): TuneupError {
  const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) & 0xff : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code !== undefined && damaged.has(code)) {
    return new TuneupError("trace-store-corrupt", `The trace store at ${path} is damaged: ${message}.`, {
      remedy: "Put it aside and ingest the traces again, or restore a backup.",
      fields: { path },
      cause,
    });
  }
  const remedy =
    code === 5
      ? "Another process holds it for long; try again."
      : "Check that the folder is writable and has free space, or choose another with --data or TUNEUP_DATA. What was written before is kept.";
  return new TuneupError("trace-store-unavailable", `The trace store at ${path} cannot be ${what}: ${message}.`, {
    remedy,
    retryable: true,
    fields: { path },
    cause,
  });
}
