import { setTimeout as pause } from "node:timers/promises";
import type { FailureCluster } from "../../domain/cluster.ts";
import { asJson, canonicalJson } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type ProjectId, projectId, type SessionId, sessionId } from "../../domain/ids.ts";
import type { OverviewQuery, ProjectOverview } from "../../domain/receiving/project-overview.ts";
import type { Feedback, Trace, TraceBatch } from "../../domain/span.ts";
import type { AddResult, Erased, ErasureSelection, RetentionLimits, TraceQuery, TraceStore } from "../../ports/trace-store.ts";
import { readOverview } from "./day-tallies.ts";
import { expiredSessions } from "./expired-sessions.ts";
import { openDatabase } from "./open-database.ts";
import { migrate } from "./schema.ts";
import { SessionBodies } from "./session-bodies.ts";
import { eraseSession, readSession, SessionRows } from "./session-rows.ts";
import { Statements } from "./statements.ts";

const sessionsTogether = 20;
/** Milliseconds between two transactions of a long removal, so that writers who wait get their turn. */
const pauseBetween = 50;

/** `dryRun` only counts; the signal ends it between two transactions. */
export interface ExpireOptions {
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
}

/** The embedded trace store: one SQLite file in WAL mode, safe for several processes, every `add` on disk when it resolves. */
export class SqliteTraceStore implements TraceStore {
  readonly #statements: Statements;
  readonly #bodies: SessionBodies;
  readonly #path: string;

  private constructor(statements: Statements, path: string) {
    this.#statements = statements;
    this.#bodies = new SessionBodies(statements);
    this.#path = path;
  }

  /** Opens or creates the file. Throws `trace-store-unavailable` or `trace-store-corrupt`, naming the path. */
  static open(path: string): SqliteTraceStore {
    try {
      const database = openDatabase(path, 15000);
      // What is erased is overwritten, not only forgotten.
      database.exec("PRAGMA secure_delete = ON");
      migrate(database);
      return new SqliteTraceStore(new Statements(database), path);
    } catch (cause) {
      throw storeError(path, "opened", cause);
    }
  }

  async add(project: ProjectId, { spans, logs = [], feedback = [] }: TraceBatch): Promise<AddResult> {
    const result = this.#transaction(() => {
      const rows = new SessionRows(this.#statements, this.#bodies, project);
      let added = 0;
      for (const span of spans) if (rows.addSpan(span)) added += 1;
      for (const log of logs) if (rows.addLog(log)) added += 1;
      rows.write();
      const keep = this.#statements.sql("INSERT OR IGNORE INTO feedback (project, trace, document) VALUES (?, ?, ?)");
      for (const one of feedback) keep.run(project, one.traceId, canonicalJson(asJson(one.feedback)));
      return { added, known: spans.length + logs.length - added };
    });
    this.#bodies.trim();
    return result;
  }

  async *read(query: TraceQuery): AsyncIterable<Trace> {
    const rows = this.#attempt("read", () =>
      this.#statements
        .sql(
          "SELECT key FROM sessions WHERE project = ?1 AND started_at >= ?2 AND started_at < ?3 ORDER BY started_at DESC, key DESC LIMIT ?4",
        )
        .all(query.project, query.from ?? "", query.to ?? "~", query.limit ?? -1),
    );
    for (const row of rows.toReversed()) {
      const trace = await this.session(query.project, sessionId(String(row["key"])));
      // Another process may have erased it meanwhile.
      if (trace !== undefined) yield trace;
    }
  }

  async session(project: ProjectId, key: SessionId): Promise<Trace | undefined> {
    return this.#attempt("read", () => {
      // One snapshot: another process may write or erase between two statements.
      this.#statements.database.exec("BEGIN");
      try {
        const row = this.#statements.sql("SELECT id FROM sessions WHERE project = ? AND key = ?").get(project, key);
        return row === undefined ? undefined : this.#trace(project, key, Number(row["id"]));
      } finally {
        this.#statements.database.exec("COMMIT");
      }
    });
  }

  async clusters(project: ProjectId): Promise<readonly FailureCluster[]> {
    const rows = this.#attempt("read", () =>
      this.#statements.sql("SELECT document FROM clusters WHERE project = ? ORDER BY id").all(project),
    );
    return rows.map((row) => JSON.parse(String(row["document"])) as FailureCluster);
  }

  async overview(query: OverviewQuery): Promise<ProjectOverview> {
    return this.#attempt("read", () => readOverview(this.#statements, query));
  }

  async erase(project: ProjectId, selection: ErasureSelection): Promise<Erased> {
    const sessions = this.#transaction(() => {
      const ids = this.#selected(project, selection);
      for (const id of ids) eraseSession(this.#statements, project, id);
      if ("everything" in selection)
        for (const table of ["feedback", "trace_ids", "clusters", "day_tallies"])
          this.#statements.sql(`DELETE FROM ${table} WHERE project = ?`).run(project);
      this.#bodies.forget(ids);
      return ids.length;
    });
    // The log still holds the pages as they were; readers of other processes may keep it a little longer.
    if (sessions > 0) this.#attempt("written", () => this.#statements.database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    return { sessions };
  }

  /** Erases what is too old in every project, some sessions at a time so that writers need not wait for long; ends early when the signal aborts. */
  async expire(limits: RetentionLimits, { dryRun, signal = AbortSignal.any([]) }: ExpireOptions): Promise<Erased> {
    const expired = this.#attempt("read", () => expiredSessions(this.#statements, limits));
    if (dryRun || expired.length === 0) return { sessions: expired.length };
    let sessions = 0;
    while (sessions < expired.length && !signal.aborted) {
      if (sessions > 0) await pause(pauseBetween, undefined, { signal }).catch(() => undefined);
      const some = expired.slice(sessions, sessions + sessionsTogether);
      this.#transaction(() => {
        for (const { id, project } of some) eraseSession(this.#statements, projectId(project), id);
        this.#bodies.forget(some.map(({ id }) => id));
      });
      sessions += some.length;
    }
    this.#attempt("written", () => this.#statements.database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    return { sessions };
  }

  async close(): Promise<void> {
    this.#statements.forget();
    this.#bodies.forgetAll();
    if (this.#statements.database.isOpen) this.#statements.database.close();
  }

  #trace(project: ProjectId, key: SessionId, id: number): Trace {
    const { logs, spans } = readSession(this.#statements, id);
    const traces = new Set([...spans, ...logs].flatMap(({ traceId }) => (traceId === undefined ? [] : [traceId])));
    const said = this.#statements.sql("SELECT document FROM feedback WHERE project = ? AND trace = ? ORDER BY document");
    const feedback = new Set([...traces].toSorted().flatMap((trace) => said.all(project, trace).map((row) => String(row["document"]))));
    return {
      project,
      key,
      spans: spans.toSorted((left, right) => compare(left.startedAt, right.startedAt)),
      logs: logs.toSorted((left, right) => compare(left.at, right.at)),
      feedback: [...feedback].map((document) => JSON.parse(document) as Feedback),
    };
  }

  #selected(project: ProjectId, selection: ErasureSelection): readonly number[] {
    const rows =
      "everything" in selection
        ? this.#statements.sql("SELECT id FROM sessions WHERE project = ?").all(project)
        : "session" in selection
          ? this.#statements.sql("SELECT id FROM sessions WHERE project = ? AND key = ?").all(project, selection.session)
          : this.#statements.sql("SELECT session AS id FROM session_users WHERE project = ? AND user = ?").all(project, selection.user);
    return rows.map((row) => Number(row["id"]));
  }

  #transaction<T>(work: () => T): T {
    const { database } = this.#statements;
    return this.#attempt("written", () => {
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        this.#bodies.forgetAll();
        if (database.isTransaction) database.exec("ROLLBACK");
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

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

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
