import { type Attributes, instant } from "../../domain/ids.ts";
import type { AuditEntry, AuditLog } from "../../ports/audit-log.ts";
import type { Tables } from "./tables.ts";

/** The audit log in SQL: triggers refuse to change or remove an entry. */
export class SqlAuditLog implements AuditLog {
  readonly #tables: Tables;
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async record({ action, actor, at, details, repository }: AuditEntry): Promise<void> {
    await this.#tables.run(
      "INSERT INTO audit (at, action, repository, actor, details) VALUES (?, ?, ?, ?, ?)",
      at,
      action,
      repository ?? null,
      actor,
      JSON.stringify(details),
    );
  }

  async counts(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.#tables.all("SELECT action, count(*) AS count FROM audit GROUP BY action ORDER BY action");
    return Object.fromEntries(rows.map((row) => [String(row["action"]), Number(row["count"])]));
  }

  async entries(most: number, repository?: string): Promise<readonly AuditEntry[]> {
    const columns = "SELECT at, action, repository, actor, details FROM audit";
    const rows =
      repository === undefined
        ? await this.#tables.all(`${columns} ORDER BY number DESC LIMIT ?`, most)
        : await this.#tables.all(`${columns} WHERE repository = ? ORDER BY number DESC LIMIT ?`, repository, most);
    return rows.map((row) => ({
      at: instant(String(row["at"])),
      action: String(row["action"]),
      actor: String(row["actor"]),
      details: JSON.parse(String(row["details"])) as Attributes,
      ...(typeof row["repository"] === "string" ? { repository: row["repository"] } : {}),
    }));
  }
}
