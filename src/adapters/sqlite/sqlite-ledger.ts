import type { DatabaseSync } from "node:sqlite";
import { TuneupError } from "../../domain/errors.ts";
import type { Instant, Json, ProjectId, ProposalId } from "../../domain/ids.ts";
import type { Usage } from "../../domain/message.ts";
import type { Proposal, ProposalState } from "../../domain/proposal.ts";
import type { Ledger } from "../../ports/ledger.ts";
import { openDatabase } from "./open-database.ts";

/** Each entry runs once, in order, inside one transaction; never edit one that has been released. */
const migrations: readonly string[] = [
  `CREATE TABLE deliveries (key TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE documents (key TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE proposals (id TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE spending (
     project TEXT NOT NULL, purpose TEXT NOT NULL, at TEXT NOT NULL,
     input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cache_read_tokens INTEGER, cache_write_tokens INTEGER, dollars REAL
   );
   CREATE INDEX spending_by_project ON spending (project, at);`,
];

/** The embedded ledger: one SQLite file, safe for several processes, every call on disk when it resolves. */
export class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or creates the file. Throws `trace-store-unavailable` naming the path when it cannot. */
  static open(path: string): SqliteLedger {
    try {
      const database = openDatabase(path, 5000);
      migrate(database);
      return new SqliteLedger(database);
    } catch (cause) {
      throw new TuneupError(
        "trace-store-unavailable",
        `The ledger at ${path} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}.`,
        {
          remedy: "Check that the folder is writable and has free space, or choose another with --data or TUNEUP_DATA.",
          retryable: true,
          fields: { path },
          cause,
        },
      );
    }
  }

  async delivery(key: string): Promise<"new" | "seen"> {
    const result = this.#run("INSERT OR IGNORE INTO deliveries (key) VALUES (?)", key);
    return Number(result.changes) === 1 ? "new" : "seen";
  }

  async put(key: string, document: Json): Promise<void> {
    this.#run(
      "INSERT INTO documents (key, document) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET document = excluded.document",
      key,
      JSON.stringify(document),
    );
  }

  async get(key: string): Promise<Json | undefined> {
    const row = this.#database.prepare("SELECT document FROM documents WHERE key = ?").get(key);
    return row === undefined ? undefined : (JSON.parse(String(row["document"])) as Json);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const rows = this.#database.prepare("SELECT key FROM documents WHERE substr(key, 1, ?) = ? ORDER BY key").all(prefix.length, prefix);
    return rows.map((row) => String(row["key"]));
  }

  async save(proposal: Proposal, expected: ProposalState | undefined): Promise<"saved" | "conflict"> {
    const document = JSON.stringify(proposal);
    const result =
      expected === undefined
        ? this.#run("INSERT OR IGNORE INTO proposals (id, state, document) VALUES (?, ?, ?)", proposal.id, proposal.state, document)
        : this.#run(
            "UPDATE proposals SET state = ?, document = ? WHERE id = ? AND state = ?",
            proposal.state,
            document,
            proposal.id,
            expected,
          );
    return Number(result.changes) === 1 ? "saved" : "conflict";
  }

  async find(id: ProposalId): Promise<Proposal | undefined> {
    const row = this.#database.prepare("SELECT document FROM proposals WHERE id = ?").get(id);
    return row === undefined ? undefined : (JSON.parse(String(row["document"])) as Proposal);
  }

  async spend(project: ProjectId, purpose: string, usage: Usage, at: Instant): Promise<void> {
    this.#run(
      "INSERT INTO spending (project, purpose, at, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, dollars) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      project,
      purpose,
      at,
      usage.inputTokens,
      usage.outputTokens,
      usage.cacheReadTokens ?? null,
      usage.cacheWriteTokens ?? null,
      usage.dollars ?? null,
    );
  }

  async spent(project: ProjectId, since: Instant): Promise<Usage> {
    const row = this.#database
      .prepare(
        `SELECT coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output,
                sum(cache_read_tokens) AS cacheRead, sum(cache_write_tokens) AS cacheWrite, sum(dollars) AS dollars
         FROM spending WHERE project = ? AND at >= ?`,
      )
      .get(project, since);
    const optional = (key: string, name: string): Record<string, number> => (typeof row?.[key] === "number" ? { [name]: row[key] } : {});
    return {
      inputTokens: Number(row?.["input"] ?? 0),
      outputTokens: Number(row?.["output"] ?? 0),
      ...optional("cacheRead", "cacheReadTokens"),
      ...optional("cacheWrite", "cacheWriteTokens"),
      ...optional("dollars", "dollars"),
    };
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #run(sql: string, ...values: (string | number | null)[]): { readonly changes: number | bigint } {
    try {
      return this.#database.prepare(sql).run(...values);
    } catch (cause) {
      throw new TuneupError(
        "trace-store-unavailable",
        `The ledger could not be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
        {
          remedy: "Check free disk space and that no other program holds the file; what was written before is kept.",
          retryable: true,
          cause,
        },
      );
    }
  }
}

function migrate(database: DatabaseSync): void {
  database.exec("CREATE TABLE IF NOT EXISTS ledger_migrations (version INTEGER PRIMARY KEY)");
  for (const [version, sql] of migrations.entries()) {
    // IMMEDIATE takes the write lock before looking, so that two first starts do not both migrate.
    database.exec("BEGIN IMMEDIATE");
    try {
      if (database.prepare("SELECT 1 FROM ledger_migrations WHERE version = ?").get(version) === undefined) {
        database.exec(sql);
        database.prepare("INSERT INTO ledger_migrations (version) VALUES (?)").run(version);
      }
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}
