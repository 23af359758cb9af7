import type { Migration } from "./tables.ts";

/** Where everything of an installation lives in its database: the ledger's tables and the job queue's. */
export const postgresSchema = "tuneup";

/**
 * The tables of the ledger in PostgreSQL, one schema for all. Their columns are those of SQLite. Text is compared by its bytes ("C"), as SQLite does,
 * whatever the database's own collation. Documents are text, not `jsonb`: that would refuse a NUL or half a surrogate pair in what an agent said.
 */
export const postgresMigrations: readonly Migration[] = [
  `CREATE TABLE deliveries (key TEXT COLLATE "C" PRIMARY KEY);
   CREATE TABLE documents (key TEXT COLLATE "C" PRIMARY KEY, document TEXT NOT NULL);
   CREATE TABLE proposals (id TEXT COLLATE "C" PRIMARY KEY, state TEXT COLLATE "C" NOT NULL, document TEXT NOT NULL);
   CREATE TABLE spending (
     project TEXT COLLATE "C" NOT NULL, purpose TEXT NOT NULL, at TEXT COLLATE "C" NOT NULL,
     input_tokens BIGINT NOT NULL, output_tokens BIGINT NOT NULL, cache_read_tokens BIGINT, cache_write_tokens BIGINT, dollars DOUBLE PRECISION
   );
   CREATE INDEX spending_by_project ON spending (project, at);
   CREATE TABLE inbox (
     id TEXT COLLATE "C" PRIMARY KEY, natural_key TEXT COLLATE "C" UNIQUE, event TEXT NOT NULL, body TEXT, state TEXT COLLATE "C" NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0, received_at TEXT COLLATE "C" NOT NULL, due_at TEXT COLLATE "C" NOT NULL,
     leased_until TEXT COLLATE "C" NOT NULL DEFAULT '', token INTEGER NOT NULL DEFAULT 0, reason TEXT
   );
   CREATE INDEX inbox_due ON inbox (state, due_at);
   CREATE TABLE leases (name TEXT COLLATE "C" PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL, ends_at TEXT COLLATE "C" NOT NULL);
   CREATE TABLE audit (
     number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at TEXT COLLATE "C" NOT NULL, action TEXT COLLATE "C" NOT NULL,
     repository TEXT COLLATE "C", actor TEXT NOT NULL, details TEXT NOT NULL
   );
   CREATE INDEX audit_by_repository ON audit (repository, number);
   CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
   CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_is_append_only();
   CREATE TABLE projects (
     name TEXT COLLATE "C" PRIMARY KEY, created_at TEXT COLLATE "C" NOT NULL, last_received_at TEXT COLLATE "C",
     spans BIGINT NOT NULL DEFAULT 0, log_records BIGINT NOT NULL DEFAULT 0
   );
   CREATE TABLE project_tokens (
     hash TEXT COLLATE "C" PRIMARY KEY, project TEXT COLLATE "C" NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
     created_at TEXT COLLATE "C" NOT NULL, until TEXT COLLATE "C"
   );
   CREATE INDEX project_tokens_by_project ON project_tokens (project);`,
];
