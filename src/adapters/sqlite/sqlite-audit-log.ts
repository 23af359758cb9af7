import { type Attributes, instant } from "../../domain/ids.ts";
import type { AuditEntry, AuditLog } from "../../ports/audit-log.ts";
import type { Tables } from "./service-database.ts";

/** The audit log in SQLite: triggers refuse to change or remove an entry. */
export class SqliteAuditLog implements AuditLog {
  readonly #tables: Tables;
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async record({ action, actor, at, details, repository }: AuditEntry): Promise<void> {
    this.#tables.run(
      "INSERT INTO audit (at, action, repository, actor, details) VALUES (?, ?, ?, ?, ?)",
      at,
      action,
      repository ?? null,
      actor,
      JSON.stringify(details),
    );
  }

  async counts(): Promise<Readonly<Record<string, number>>> {
    const rows = this.#tables.all("SELECT action, count(*) AS count FROM audit GROUP BY action ORDER BY action");
    return Object.fromEntries(rows.map((row) => [String(row["action"]), Number(row["count"])]));
  }

  async entries(most: number, repository?: string): Promise<readonly AuditEntry[]> {
    return this.#tables
      .all(
        "SELECT at, action, repository, actor, details FROM audit WHERE ? IS NULL OR repository = ? ORDER BY number DESC LIMIT ?",
        repository ?? null,
        repository ?? null,
        most,
      )
      .map((row) => ({
        at: instant(String(row["at"])),
        action: String(row["action"]),
        actor: String(row["actor"]),
        details: JSON.parse(String(row["details"])) as Attributes,
        ...(typeof row["repository"] === "string" ? { repository: row["repository"] } : {}),
      }));
  }
}
