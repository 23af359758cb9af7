import { type Instant, instant, type ProjectId, projectId } from "../../domain/ids.ts";
import { sameHash, type TokenHash } from "../../domain/receiving/project-token.ts";
import type { ProjectDirectory, Received, TraceProject } from "../../ports/project-directory.ts";
import type { Row, Statement, Tables } from "./tables.ts";

/** Trace projects in SQL. A project has at least one token from its first moment to its last. */
export class SqlProjectDirectory implements ProjectDirectory {
  readonly #tables: Tables;
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async create(name: ProjectId, token: TokenHash, at: Instant): Promise<"created" | "exists"> {
    const [made = 0] = await this.#tables.together([
      { sql: "INSERT INTO projects (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING", values: [name, at] },
      addToken(name, token, at, "AND NOT EXISTS (SELECT 1 FROM project_tokens WHERE project = projects.name)"),
    ]);
    return made === 0 ? "exists" : "created";
  }

  async rotate(
    name: ProjectId,
    token: TokenHash,
    { at, oldUntil }: { readonly at: Instant; readonly oldUntil: Instant },
  ): Promise<"rotated" | "absent"> {
    const changed = await this.#tables.together([
      {
        sql: "UPDATE project_tokens SET until = ? WHERE project = ? AND (until IS NULL OR until > ?)",
        values: [oldUntil, name, oldUntil],
      },
      { sql: "DELETE FROM project_tokens WHERE project = ? AND until <= ?", values: [name, at] },
      addToken(name, token, at),
    ]);
    return changed.at(-1) === 0 ? "absent" : "rotated";
  }

  async list(at: Instant): Promise<readonly TraceProject[]> {
    const tokens = await this.#tables.all(
      "SELECT project, created_at, until FROM project_tokens WHERE until IS NULL OR until > ? ORDER BY created_at, hash",
      at,
    );
    const projects = await this.#tables.all("SELECT name, created_at, last_received_at, spans, log_records FROM projects ORDER BY name");
    return projects.map((row) => ({
      name: projectId(String(row["name"])),
      createdAt: instant(String(row["created_at"])),
      ...(typeof row["last_received_at"] === "string" ? { lastReceivedAt: instant(row["last_received_at"]) } : {}),
      spans: Number(row["spans"]),
      logRecords: Number(row["log_records"]),
      tokens: tokens.filter((token) => token["project"] === row["name"]).map(tokenOf),
    }));
  }

  async projectOf(token: TokenHash, at: Instant): Promise<ProjectId | undefined> {
    const row = await this.#tables.first(
      "SELECT hash, project FROM project_tokens WHERE hash = ? AND (until IS NULL OR until > ?)",
      token,
      at,
    );
    // The index has compared digests, which nobody can choose; the last word is a comparison in constant time all the same.
    return row === undefined || !sameHash(String(row["hash"]) as TokenHash, token) ? undefined : projectId(String(row["project"]));
  }

  async noteReceived(name: ProjectId, { at, spans, logRecords }: Received): Promise<void> {
    await this.#tables.run(
      "UPDATE projects SET last_received_at = ?, spans = spans + ?, log_records = log_records + ? WHERE name = ?",
      at,
      spans,
      logRecords,
      name,
    );
  }

  async remove(name: ProjectId): Promise<"removed" | "absent"> {
    return (await this.#tables.run("DELETE FROM projects WHERE name = ?", name)) === 0 ? "absent" : "removed";
  }

  async close(): Promise<void> {
    await this.#tables.close();
  }
}

/** Adds a token to a project that there is, under a condition; changes nothing otherwise. */
const addToken = (name: ProjectId, token: TokenHash, at: Instant, condition = ""): Statement => ({
  // Without a type PostgreSQL takes a bare value in a list of columns for text, which is what these are.
  sql: `INSERT INTO project_tokens (hash, project, created_at) SELECT ?, name, ? FROM projects WHERE name = ? ${condition}`,
  values: [token, at, name],
});

const tokenOf = (token: Row): TraceProject["tokens"][number] => ({
  createdAt: instant(String(token["created_at"])),
  ...(typeof token["until"] === "string" ? { until: instant(token["until"]) } : {}),
});
