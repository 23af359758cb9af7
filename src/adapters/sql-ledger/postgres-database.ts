import { TuneupError } from "../../domain/errors.ts";
import { describeAddress, makePool, type Pool } from "./postgres-connection.ts";
import { postgresMigrations, postgresSchema } from "./postgres-schema.ts";
import { inTransaction, PostgresTables } from "./postgres-tables.ts";
import type { Row } from "./tables.ts";

export interface PostgresOptions {
  readonly url: string;
  /** The clock that leases go by in this process, in milliseconds. */
  readonly clock: () => number;
  /** How long a statement is tried again while the database is away; 15 s where absent. */
  readonly patienceMilliseconds?: number;
  /** A statement that takes longer is ended; 30 s where absent. */
  readonly statementMilliseconds?: number;
  /** Without any answer for so long a statement counts as lost; five seconds more than a statement may take where absent. */
  readonly silentMilliseconds?: number;
  /** Most connections for the ledger; as many again for jobs. */
  readonly connections?: number;
}

/** What can be said of a database without its credentials. */
export interface DatabaseFacts {
  /** Host and name. */
  readonly address: string;
  /** `18.4`. */
  readonly version: string;
  readonly migrations: { readonly made: number; readonly known: number };
  /** Whether the connection is encrypted. */
  readonly encrypted: boolean;
  /** How far this process's clock is ahead of the database's, in milliseconds; negative when behind. */
  readonly clockAhead: number;
}

/** Oldest major version with everything that the ledger and the job queue use. */
const oldestVersion = 14;
const usualStatementMilliseconds = 30_000;
/** Leases of several machines are compared by their clocks; a lease is 45 s long. */
export const mostClockDifference = 5000;
/** Any number: the same in all processes, and nobody else's. Migrations are made by who holds it. */
const migrationLock = 7_290_513_846;

/** One installation's database: pools, schema, and what a doctor asks. */
export class PostgresDatabase {
  readonly address: string;
  /** Patient with a database that is away: for work that has time. */
  readonly tables: PostgresTables;
  /** For what somebody waits for: GitHub gives a webhook ten seconds. */
  readonly promptTables: PostgresTables;
  readonly #options: PostgresOptions;
  readonly #pool: Pool;
  #jobs: Pool | undefined;

  private constructor(options: PostgresOptions) {
    this.#options = options;
    this.address = describeAddress(options.url);
    const statementMilliseconds = options.statementMilliseconds ?? usualStatementMilliseconds;
    this.#pool = makePool(options.url, { connections: options.connections ?? 6, statementMilliseconds });
    const tables = (away: number, silent: number): PostgresTables => new PostgresTables(this.#pool, this.address, { away, silent });
    this.tables = tables(options.patienceMilliseconds ?? 15_000, options.silentMilliseconds ?? statementMilliseconds + 5000);
    this.promptTables = tables(4000, 8000);
  }

  /**
   * Connects and brings the schema up to date; of many processes that start at once one does it and the others wait. Throws `database-unavailable` or
   * `config-invalid` that says what is wrong.
   */
  static async open(options: PostgresOptions): Promise<PostgresDatabase> {
    const database = new PostgresDatabase(options);
    try {
      await database.#prepare();
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Connections for the job queue's library: its many questions must not keep a webhook waiting. */
  jobPool(): Pool {
    const { connections = 6, statementMilliseconds = usualStatementMilliseconds, url } = this.#options;
    this.#jobs ??= makePool(url, { connections, statementMilliseconds, camelCase: true });
    return this.#jobs;
  }

  /** Does work that changes the schema while no other process does. */
  async alone<T>(work: (connection: Pool) => Promise<T>): Promise<T> {
    return this.tables.patiently("reads", () =>
      inTransaction(this.#pool, async (connection) => {
        await connection.unsafe(
          "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        );
        await connection.unsafe(`SELECT pg_advisory_xact_lock(${migrationLock})`);
        return work(connection);
      }),
    );
  }

  /** Asks the database how it is. */
  async facts(): Promise<DatabaseFacts> {
    const { here, row } = await this.tables.patiently("reads", () =>
      inTransaction(this.#pool, async (connection) => {
        // Both clocks on a connection that is there: waiting for a database that is away would look like a clock that is off.
        const before = this.#options.clock();
        const [found] = await connection.unsafe<Row[]>(
          `SELECT current_setting('server_version') AS version, extract(epoch FROM clock_timestamp()) * 1000 AS clock,
                  (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted`,
        );
        return { row: found, here: (before + this.#options.clock()) / 2 };
      }),
    );
    const version = row?.["version"];
    return {
      address: this.address,
      version: typeof version === "string" ? (version.split(" ")[0] ?? version) : "unknown",
      migrations: { made: await this.#migrationsMade(), known: postgresMigrations.length },
      encrypted: row?.["encrypted"] === true,
      clockAhead: Math.round(here - Number(row?.["clock"] ?? here)),
    };
  }

  /** Throws when nothing can be written at this moment, or when this process's clock has gone astray. */
  async check(): Promise<void> {
    await this.promptTables.run("UPDATE leases SET name = name WHERE name = ''");
    agreeOnTime(await this.facts());
  }

  /** Lets what is under way end, for five seconds. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.end({ timeout: 5 }), this.#jobs?.end({ timeout: 5 })]);
  }

  async #prepare(): Promise<void> {
    const { clockAhead, migrations, version } = await this.facts();
    if (Number.parseInt(version, 10) < oldestVersion) {
      throw new TuneupError(
        "config-invalid",
        `The database ${this.address} is PostgreSQL ${version}; Tuneup needs ${oldestVersion} or newer.`,
        {
          remedy: "Use a newer server; docs/operations.md says which are tested.",
        },
      );
    }
    agreeOnTime({ address: this.address, clockAhead });
    if (migrations.made < migrations.known) await this.#migrate();
    if (migrations.made > migrations.known) {
      throw new TuneupError("config-invalid", `The database ${this.address} was written by a newer Tuneup.`, {
        remedy: "Update this process too: several versions may share a database only while the newer ones add nothing to its schema.",
      });
    }
  }

  async #migrate(): Promise<void> {
    await this.alone(async (connection) => {
      await connection.unsafe(`CREATE SCHEMA IF NOT EXISTS ${postgresSchema}`);
      await connection.unsafe(`CREATE TABLE IF NOT EXISTS ${postgresSchema}.migrations (version INTEGER PRIMARY KEY)`);
      const made = new Set(
        (await connection.unsafe(`SELECT version FROM ${postgresSchema}.migrations`)).map((row) => Number(row["version"])),
      );
      for (const [version, sql] of postgresMigrations.entries()) {
        if (made.has(version)) continue;
        await connection.unsafe(sql);
        await connection.unsafe(`INSERT INTO ${postgresSchema}.migrations (version) VALUES ($1)`, [version]);
      }
    });
  }

  async #migrationsMade(): Promise<number> {
    const there = await this.tables.first("SELECT to_regclass(?) IS NOT NULL AS there", `${postgresSchema}.migrations`);
    if (there?.["there"] !== true) return 0;
    return Number((await this.tables.first(`SELECT count(*) AS made FROM ${postgresSchema}.migrations`))?.["made"] ?? 0);
  }
}

/** Throws `config-invalid` when leases would mean different things in different processes. */
function agreeOnTime({ address, clockAhead }: Pick<DatabaseFacts, "address" | "clockAhead">): void {
  if (Math.abs(clockAhead) <= mostClockDifference) return;
  const seconds = Math.round(Math.abs(clockAhead) / 1000);
  throw new TuneupError(
    "config-invalid",
    `This machine's clock is ${seconds} s ${clockAhead > 0 ? "ahead of" : "behind"} that of the database ${address}.`,
    {
      remedy: "Set both by NTP: processes on several machines decide by the clock whose turn it is.",
    },
  );
}
