import type { DatabaseSync } from "node:sqlite";
import { TuneupError } from "../../domain/errors.ts";
import { type Instant, instant, type ProjectId, projectId } from "../../domain/ids.ts";
import { sameHash, type TokenHash } from "../../domain/receiving/project-token.ts";
import type { ProjectDirectory, Received, TraceProject } from "../../ports/project-directory.ts";
import { openDatabase } from "./open-database.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS projects (
    name TEXT PRIMARY KEY, created_at TEXT NOT NULL, last_received_at TEXT, spans INTEGER NOT NULL DEFAULT 0, log_records INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS project_tokens (
    hash TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE, created_at TEXT NOT NULL, until TEXT
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS project_tokens_by_project ON project_tokens (project);`;

/** Trace projects in a SQLite file of their own. */
export class SqliteProjectDirectory implements ProjectDirectory {
  readonly #database: DatabaseSync;
  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or creates the file. Throws `trace-store-unavailable` naming the path when it cannot. */
  static open(path: string): SqliteProjectDirectory {
    try {
      const database = openDatabase(path, 5000);
      database.exec("PRAGMA foreign_keys = ON");
      database.exec(schema);
      return new SqliteProjectDirectory(database);
    } catch (cause) {
      throw unavailable(`The trace projects at ${path} cannot be opened`, cause);
    }
  }

  async create(name: ProjectId, token: TokenHash, at: Instant): Promise<"created" | "exists"> {
    return this.#transaction(() => {
      const { changes } = this.#database.prepare("INSERT OR IGNORE INTO projects (name, created_at) VALUES (?, ?)").run(name, at);
      if (Number(changes) === 0) return "exists";
      this.#addToken(name, token, at);
      return "created";
    });
  }

  async rotate(
    name: ProjectId,
    token: TokenHash,
    { at, oldUntil }: { readonly at: Instant; readonly oldUntil: Instant },
  ): Promise<"rotated" | "absent"> {
    return this.#transaction(() => {
      if (this.#database.prepare("SELECT 1 FROM projects WHERE name = ?").get(name) === undefined) return "absent";
      this.#database
        .prepare("UPDATE project_tokens SET until = ?1 WHERE project = ?2 AND (until IS NULL OR until > ?1)")
        .run(oldUntil, name);
      this.#database.prepare("DELETE FROM project_tokens WHERE project = ? AND until <= ?").run(name, at);
      this.#addToken(name, token, at);
      return "rotated";
    });
  }

  async list(at: Instant): Promise<readonly TraceProject[]> {
    return this.#attempt("read", () => {
      const tokens = this.#database
        .prepare("SELECT project, created_at, until FROM project_tokens WHERE until IS NULL OR until > ? ORDER BY created_at, hash")
        .all(at);
      return this.#database
        .prepare("SELECT name, created_at, last_received_at, spans, log_records FROM projects ORDER BY name")
        .all()
        .map((row) => ({
          name: projectId(String(row["name"])),
          createdAt: instant(String(row["created_at"])),
          ...(row["last_received_at"] === null ? {} : { lastReceivedAt: instant(String(row["last_received_at"])) }),
          spans: Number(row["spans"]),
          logRecords: Number(row["log_records"]),
          tokens: tokens
            .filter((token) => token["project"] === row["name"])
            .map((token) => ({
              createdAt: instant(String(token["created_at"])),
              ...(token["until"] === null ? {} : { until: instant(String(token["until"])) }),
            })),
        }));
    });
  }

  async projectOf(token: TokenHash, at: Instant): Promise<ProjectId | undefined> {
    const row = this.#attempt("read", () =>
      this.#database.prepare("SELECT hash, project FROM project_tokens WHERE hash = ? AND (until IS NULL OR until > ?)").get(token, at),
    );
    // The index has compared digests, which nobody can choose; the last word is a comparison in constant time all the same.
    return row === undefined || !sameHash(String(row["hash"]) as TokenHash, token) ? undefined : projectId(String(row["project"]));
  }

  async noteReceived(name: ProjectId, { at, spans, logRecords }: Received): Promise<void> {
    this.#attempt("written", () =>
      this.#database
        .prepare("UPDATE projects SET last_received_at = ?, spans = spans + ?, log_records = log_records + ? WHERE name = ?")
        .run(at, spans, logRecords, name),
    );
  }

  async remove(name: ProjectId): Promise<"removed" | "absent"> {
    const { changes } = this.#attempt("written", () => this.#database.prepare("DELETE FROM projects WHERE name = ?").run(name));
    return Number(changes) === 0 ? "absent" : "removed";
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #addToken(name: ProjectId, token: TokenHash, at: Instant): void {
    this.#database.prepare("INSERT INTO project_tokens (hash, project, created_at) VALUES (?, ?, ?)").run(token, name, at);
  }

  #transaction<T>(work: () => T): T {
    return this.#attempt("written", () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #attempt<T>(what: "read" | "written", work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw unavailable(`The trace projects cannot be ${what}`, cause);
    }
  }
}

const unavailable = (what: string, cause: unknown): TuneupError =>
  new TuneupError("trace-store-unavailable", `${what}: ${cause instanceof Error ? cause.message : String(cause)}.`, {
    remedy: "Check free disk space, and that the data folder is writable; or choose another with --data or TUNEUP_DATA.",
    retryable: true,
    cause,
  });
