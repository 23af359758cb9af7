import { setTimeout as pause } from "node:timers/promises";
import type { RowList } from "postgres";
import type { Pool } from "./postgres-connection.ts";
import { silence, type Trouble, troubleOf } from "./postgres-errors.ts";
import type { Row, Statement, Tables, Value } from "./tables.ts";

export interface Patience {
  /** How long a statement is tried again while the database is away, in milliseconds. */
  readonly away: number;
  /** After so long without any answer it counts as lost, in milliseconds; longer than the database gives a statement. */
  readonly silent: number;
}

/**
 * Tables in PostgreSQL. While the database is away (restart, failover) a statement is tried again for a while; one whose end nobody knows only where it
 * reads, because writing twice is not for this place to risk: whoever asked looks again, as after a crash of its own.
 */
export class PostgresTables implements Tables {
  readonly skipLocked = "FOR UPDATE SKIP LOCKED";
  readonly #pool: Pool;
  readonly #address: string;
  readonly #patience: Patience;
  readonly #texts = new Map<string, string>();

  constructor(pool: Pool, address: string, patience: Patience) {
    this.#pool = pool;
    this.#address = address;
    this.#patience = patience;
  }

  async run(sql: string, ...values: readonly Value[]): Promise<number> {
    return (await this.#query(sql, values)).count;
  }

  async first(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    const [row] = await this.#query(sql, values);
    return row;
  }

  async all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#query(sql, values);
  }

  async together(statements: readonly Statement[]): Promise<readonly number[]> {
    return this.patiently("writes", () =>
      inTransaction(this.#pool, async (connection) => {
        const counts: number[] = [];
        for (const { sql, values } of statements) counts.push((await this.#send(connection, sql, values)).count);
        return counts;
      }),
    );
  }

  /** The pool is ended by whoever opened it. */
  async close(): Promise<void> {}

  /** Does work on the database, again while it is away. Throws `database-unavailable` that says what is wrong and what helps. */
  async patiently<T>(kind: "reads" | "writes", work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    for (let tries = 0; ; tries += 1) {
      const result = await this.#once(work);
      if ("value" in result) return result.value;
      const { error, kind: end } = result.trouble;
      const again = end === "undone" || (end === "lost" && kind === "reads");
      if (!again || performance.now() - started > this.#patience.away) throw error;
      await pause(Math.min(1000, 50 * 2 ** tries));
    }
  }

  async #once<T>(work: () => Promise<T>): Promise<{ readonly value: T } | { readonly trouble: Trouble }> {
    const over = new AbortController();
    const late = pause(this.#patience.silent, { trouble: silence(this.#address) }, { signal: over.signal, ref: false });
    try {
      return await Promise.race([work().then((value) => ({ value })), late]);
    } catch (cause) {
      return { trouble: troubleOf(cause, this.#address) };
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
  }

  async #query(sql: string, values: readonly Value[]): Promise<RowList<Row[]>> {
    return this.patiently(/^\s*SELECT\b/.test(sql) ? "reads" : "writes", () => this.#send(this.#pool, sql, values));
  }

  async #send(pool: Pool, sql: string, values: readonly Value[]): Promise<RowList<Row[]>> {
    return pool.unsafe<Row[]>(this.#numbered(sql), values.map(storable), { prepare: true });
  }

  /** PostgreSQL counts its parameters: `$1` for the first `?`. */
  #numbered(sql: string): string {
    const known = this.#texts.get(sql);
    if (known !== undefined) return known;
    let count = 0;
    const text = sql.replaceAll("?", () => `$${(count += 1)}`);
    this.#texts.set(sql, text);
    return text;
  }
}

/** PostgreSQL refuses NUL in text. No JSON has one as it is; elsewhere it is nothing that anybody wrote on purpose. */
const storable = (value: Value): Value => (typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value);

/**
 * Does work in one transaction on a connection that is reserved first: the library's own `begin` may let other statements in between on a busy pool
 * (porsager/postgres issue 823).
 */
export async function inTransaction<T>(pool: Pool, work: (connection: Pool) => Promise<T>): Promise<T> {
  const connection = await pool.reserve();
  let usable = true;
  try {
    await connection.unsafe("BEGIN");
    const result = await work(connection);
    await connection.unsafe("COMMIT");
    return result;
  } catch (error) {
    // A connection that was lost has left the pool by itself and must not come back.
    usable = await connection.unsafe("ROLLBACK").then(
      () => true,
      () => false,
    );
    throw error;
  } finally {
    if (usable) connection.release();
  }
}
