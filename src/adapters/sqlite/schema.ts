import type { DatabaseSync } from "node:sqlite";
import { convertSpans, noteTracesOfLogs, tallyAll } from "./convert-spans.ts";

/** Calls of each model and tool on each day; made first, for the conversion of older stores adds to it. */
const dayTallies = `CREATE TABLE IF NOT EXISTS day_tallies (
     project TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, calls INTEGER NOT NULL, failed INTEGER NOT NULL,
     input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, PRIMARY KEY (project, kind, day, name)
   ) WITHOUT ROWID;`;

/** Which sessions hold log records of a trace; made first for the same reason. */
const traceLogs = `CREATE TABLE IF NOT EXISTS trace_logs (trace INTEGER NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (trace, session)) WITHOUT ROWID;
   CREATE INDEX IF NOT EXISTS trace_logs_by_session ON trace_logs (session);`;

/** Each entry runs once, in order, inside one transaction; never edit one that has been released. */
const migrations: readonly string[] = [
  `CREATE TABLE spans (
     id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL,
     started_at TEXT NOT NULL, document BLOB NOT NULL, UNIQUE (project, trace, span)
   );
   CREATE INDEX spans_by_session ON spans (project, session, started_at);
   CREATE TABLE traces (project TEXT NOT NULL, trace TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY (project, trace)) WITHOUT ROWID;
   CREATE TABLE bodies (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, content BLOB NOT NULL);
   CREATE TABLE body_uses (body INTEGER NOT NULL, span INTEGER NOT NULL, PRIMARY KEY (body, span)) WITHOUT ROWID;
   CREATE INDEX body_uses_by_span ON body_uses (span);
   CREATE TABLE feedback (project TEXT NOT NULL, trace TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (project, trace, document)) WITHOUT ROWID;
   CREATE TABLE clusters (project TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (project, id)) WITHOUT ROWID;`,
  `CREATE TABLE logs (
     id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, trace TEXT NOT NULL, digest BLOB NOT NULL,
     at TEXT NOT NULL, document BLOB NOT NULL, UNIQUE (project, digest)
   );
   CREATE INDEX logs_by_session ON logs (project, session, at);`,
  `CREATE TABLE sessions (
     id INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, key TEXT NOT NULL, started_at TEXT NOT NULL DEFAULT '~', ended_at TEXT NOT NULL DEFAULT '',
     blocks INTEGER NOT NULL DEFAULT 0, spans INTEGER NOT NULL DEFAULT 0, outcome TEXT, tool_errors INTEGER NOT NULL DEFAULT 0, UNIQUE (project, key)
   );
   CREATE INDEX sessions_by_time ON sessions (project, started_at);
   CREATE INDEX sessions_by_outcome ON sessions (project, outcome, started_at);
   CREATE INDEX sessions_by_tool_errors ON sessions (project, started_at) WHERE tool_errors > 0;
   CREATE TABLE session_users (project TEXT NOT NULL, user TEXT NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (project, user, session)) WITHOUT ROWID;
   CREATE INDEX session_users_by_session ON session_users (session);
   CREATE TABLE trace_ids (id INTEGER PRIMARY KEY, project TEXT NOT NULL, trace BLOB NOT NULL, session INTEGER, UNIQUE (project, trace));
   CREATE TABLE span_ids (trace INTEGER NOT NULL, span BLOB NOT NULL, PRIMARY KEY (trace, span)) WITHOUT ROWID;
   CREATE TABLE log_ids (session INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (session, digest)) WITHOUT ROWID;
   CREATE TABLE blocks (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, content BLOB NOT NULL);
   CREATE INDEX blocks_by_session ON blocks (session);
   CREATE TABLE shared_bodies (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, content BLOB NOT NULL);
   CREATE TABLE body_owners (body INTEGER NOT NULL, session INTEGER NOT NULL, PRIMARY KEY (body, session)) WITHOUT ROWID;
   CREATE INDEX body_owners_by_session ON body_owners (session);`,
  dayTallies,
  traceLogs,
];

/** What a migration does besides its SQL: moving what was there. */
const moves: ReadonlyMap<number, (database: DatabaseSync) => void> = new Map([
  [
    2,
    (database) => {
      database.exec(dayTallies);
      database.exec(traceLogs);
      convertSpans(database);
    },
  ],
  [3, tallyAll],
  [4, noteTracesOfLogs],
]);

/** Brings the database to the current schema. Several processes may start at once. */
export function migrate(database: DatabaseSync): void {
  database.exec("CREATE TABLE IF NOT EXISTS trace_migrations (version INTEGER PRIMARY KEY)");
  for (const [version, sql] of migrations.entries()) {
    // IMMEDIATE takes the write lock before looking, so that two first starts do not both migrate.
    database.exec("BEGIN IMMEDIATE");
    try {
      if (database.prepare("SELECT 1 FROM trace_migrations WHERE version = ?").get(version) === undefined) {
        database.exec(sql);
        moves.get(version)?.(database);
        database.prepare("INSERT INTO trace_migrations (version) VALUES (?)").run(version);
      }
      database.exec("COMMIT");
    } catch (error) {
      // SQLite ends some transactions itself; a second end would hide why.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
}
