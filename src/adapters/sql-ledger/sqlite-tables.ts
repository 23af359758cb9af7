import type { DatabaseSync, StatementSync } from "node:sqlite";
import { TuneupError } from "../../domain/errors.ts";
import type { Row, Statement, Tables, Value } from "./tables.ts";
import type { SqliteSchema } from "./sqlite-schema.ts";

export interface SqliteFile {
  readonly path: string;
  readonly schema: SqliteSchema;
  /** Opens the file, made where there is none, so that several processes may use it. */
  readonly open: (path: string) => DatabaseSync;
}

/** Tables in a SQLite file: writers wait for each other, and each statement is prepared once. */
export class SqliteTables implements Tables {
  readonly skipLocked = "";
  readonly #database: DatabaseSync;
  readonly #what: string;
  readonly #prepared = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync, what: string) {
    this.#database = database;
    this.#what = what;
  }

  /** Opens or creates the file and brings its schema up to date. Throws `trace-store-unavailable` naming the path when it cannot. */
  static open({ open, path, schema }: SqliteFile): SqliteTables {
    try {
      const database = open(path);
      // What people said is overwritten in the ledger when its time is over: then in the file, too.
      database.exec("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON");
      migrate(database, schema);
      return new SqliteTables(database, schema.what);
    } catch (cause) {
      throw new TuneupError("trace-store-unavailable", `${schema.what} at ${path} cannot be opened: ${messageOf(cause)}.`, {
        remedy: "Check that the folder is writable and has free space, or choose another with --data or TUNEUP_DATA.",
        retryable: true,
        fields: { path },
        cause,
      });
    }
  }

  async run(sql: string, ...values: readonly Value[]): Promise<number> {
    return this.#attempt(() => Number(this.#prepare(sql).run(...values).changes));
  }

  async first(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    return this.#attempt(() => this.#prepare(sql).get(...values));
  }

  async all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#attempt(() => this.#prepare(sql).all(...values));
  }

  async together(statements: readonly Statement[]): Promise<readonly number[]> {
    return this.#attempt(() =>
      inTransaction(this.#database, () => statements.map(({ sql, values }) => Number(this.#prepare(sql).run(...values).changes))),
    );
  }

  async close(): Promise<void> {
    this.#prepared.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new TuneupError("trace-store-unavailable", `${this.#what} cannot be read or written: ${messageOf(cause)}.`, {
        remedy: "Check free disk space, and that the data folder is writable; what was written before is kept.",
        retryable: true,
        cause,
      });
    }
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  // IMMEDIATE takes the write lock before looking, so that two processes do not both act on what they saw.
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite ends some transactions itself (a full disk, a trigger); a second end would hide why.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function migrate(database: DatabaseSync, { migrations, versions }: SqliteSchema): void {
  database.exec(`CREATE TABLE IF NOT EXISTS ${versions} (version INTEGER PRIMARY KEY)`);
  for (const [version, sql] of migrations.entries()) {
    inTransaction(database, () => {
      if (database.prepare(`SELECT 1 FROM ${versions} WHERE version = ?`).get(version) !== undefined) return;
      database.exec(sql);
      database.prepare(`INSERT INTO ${versions} (version) VALUES (?)`).run(version);
    });
  }
}
