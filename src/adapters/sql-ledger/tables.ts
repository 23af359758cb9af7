/** What a statement's `?` may stand for. */
export type Value = string | number | null;

/** A row by the names of its columns. Whole numbers of PostgreSQL may come as text: `Number()` reads both. */
export type Row = Readonly<Record<string, unknown>>;

/** One statement with what its `?` stand for, in order. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/**
 * A database of tables as the ledger sees it: SQLite or PostgreSQL. Texts are written once for both, in the SQL that both understand, with `?` for
 * values. Each call is atomic over processes and durable when it resolves. Throws a retryable error that says what helps when the database is away.
 */
export interface Tables {
  /** Runs a statement that changes rows; resolves to how many it changed. */
  run(sql: string, ...values: readonly Value[]): Promise<number>;
  /** The first row of a statement, which may also change rows and return them. */
  first(sql: string, ...values: readonly Value[]): Promise<Row | undefined>;
  /** All rows of a statement that only reads. */
  all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** All of the statements or none, in order; resolves to how many rows each changed. */
  together(statements: readonly Statement[]): Promise<readonly number[]>;
  /** What ends a sub-select that picks a row to change, so that two processes pick two: nothing where writers wait for each other anyway. */
  readonly skipLocked: "" | "FOR UPDATE SKIP LOCKED";
  close(): Promise<void>;
}

/** One step of a schema, run once and in order inside a transaction. One that has been released is never edited. */
export type Migration = string;
