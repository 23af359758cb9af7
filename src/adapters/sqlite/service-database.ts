import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { TuneupError } from "../../domain/errors.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteAuditLog } from "./sqlite-audit-log.ts";
import { SqliteInbox } from "./sqlite-inbox.ts";
import { SqliteLeases } from "./sqlite-leases.ts";

/** Each entry runs once, in order, inside one transaction; never edit one that has been released. */
const migrations: readonly string[] = [
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
];

/** What a service keeps beside the ledger, in the same file: deliveries, leases, the audit log. */
export interface ServiceRecords {
  readonly inbox: SqliteInbox;
  readonly leases: SqliteLeases;
  readonly audit: SqliteAuditLog;
  /** Throws when the file cannot be written at this moment. */
  check(): void;
  close(): void;
}

/** Opens or creates the tables. Throws `trace-store-unavailable` naming the path when it cannot. */
export function openServiceRecords(path: string): ServiceRecords {
  let database: DatabaseSync;
  try {
    database = openDatabase(path, 5000);
    migrate(database);
  } catch (cause) {
    throw unavailable(`The service's records at ${path} cannot be opened`, cause);
  }
  const tables = new Tables(database);
  return {
    inbox: new SqliteInbox(tables),
    leases: new SqliteLeases(tables),
    audit: new SqliteAuditLog(tables),
    check: () => void tables.run("UPDATE leases SET name = name WHERE name = ''"),
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

export type Row = Readonly<Record<string, unknown>>;

/** Statements whose failures say what helps. */
export class Tables {
  readonly #database: DatabaseSync;
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** How many rows it changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#attempt(() => Number(this.#database.prepare(sql).run(...values).changes));
  }

  first(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#attempt(() => this.#database.prepare(sql).get(...values));
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#attempt(() => this.#database.prepare(sql).all(...values));
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw unavailable("The service's records cannot be read or written", cause);
    }
  }
}

const unavailable = (what: string, cause: unknown): TuneupError =>
  new TuneupError("trace-store-unavailable", `${what}: ${cause instanceof Error ? cause.message : String(cause)}.`, {
    remedy: "Check free disk space, and that the folder is writable.",
    retryable: true,
    cause,
  });

function migrate(database: DatabaseSync): void {
  database.exec("CREATE TABLE IF NOT EXISTS service_migrations (version INTEGER PRIMARY KEY)");
  for (const [version, sql] of migrations.entries()) {
    // IMMEDIATE takes the write lock before looking, so that two first starts do not both migrate.
    database.exec("BEGIN IMMEDIATE");
    try {
      if (database.prepare("SELECT 1 FROM service_migrations WHERE version = ?").get(version) === undefined) {
        database.exec(sql);
        database.prepare("INSERT INTO service_migrations (version) VALUES (?)").run(version);
      }
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}
