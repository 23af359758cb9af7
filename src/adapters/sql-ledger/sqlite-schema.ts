import type { Migration } from "./tables.ts";

/** What one SQLite file of the ledger holds. */
export interface SqliteSchema {
  /** Its name in errors, as a sentence begins. */
  readonly what: string;
  /** The table that remembers which migrations were made. */
  readonly versions: string;
  readonly migrations: readonly Migration[];
}

/** Documents, proposals, spending and remembered deliveries. */
export const sqliteLedger: SqliteSchema = {
  what: "The ledger",
  versions: "ledger_migrations",
  migrations: [
    `CREATE TABLE deliveries (key TEXT PRIMARY KEY) WITHOUT ROWID;
     CREATE TABLE documents (key TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE proposals (id TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE spending (
       project TEXT NOT NULL, purpose TEXT NOT NULL, at TEXT NOT NULL,
       input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cache_read_tokens INTEGER, cache_write_tokens INTEGER, dollars REAL
     );
     CREATE INDEX spending_by_project ON spending (project, at);`,
  ],
};

/** What a service keeps beside it, in the same file: the inbox, leases, the audit log. */
export const sqliteRecords: SqliteSchema = {
  what: "The service's records",
  versions: "service_migrations",
  migrations: [
    `CREATE TABLE inbox (
       id TEXT PRIMARY KEY, natural_key TEXT UNIQUE, event TEXT NOT NULL, body TEXT, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
       received_at TEXT NOT NULL, due_at TEXT NOT NULL, leased_until TEXT NOT NULL DEFAULT '', token INTEGER NOT NULL DEFAULT 0, reason TEXT
     );
     CREATE INDEX inbox_due ON inbox (state, due_at);
     CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL, ends_at TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE audit (
       number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, repository TEXT, actor TEXT NOT NULL, details TEXT NOT NULL
     );
     CREATE INDEX audit_by_repository ON audit (repository, number);
     CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
     CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;`,
  ],
};

/** Trace projects and the hashes of their tokens, in a file of their own. */
export const sqliteProjects: SqliteSchema = {
  what: "The trace projects",
  versions: "project_migrations",
  // Files of before had these tables and no table of versions.
  migrations: [
    `CREATE TABLE IF NOT EXISTS projects (
       name TEXT PRIMARY KEY, created_at TEXT NOT NULL, last_received_at TEXT, spans INTEGER NOT NULL DEFAULT 0, log_records INTEGER NOT NULL DEFAULT 0
     ) WITHOUT ROWID;
     CREATE TABLE IF NOT EXISTS project_tokens (
       hash TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE, created_at TEXT NOT NULL, until TEXT
     ) WITHOUT ROWID;
     CREATE INDEX IF NOT EXISTS project_tokens_by_project ON project_tokens (project);`,
  ],
};
