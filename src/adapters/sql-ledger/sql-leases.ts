import { type Instant, later } from "../../domain/ids.ts";
import type { Lease, Leases } from "../../ports/leases.ts";
import type { Tables } from "./tables.ts";

/** Leases in SQL; each call is one statement. */
export class SqlLeases implements Leases {
  readonly #tables: Tables;
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async acquire(name: string, holder: string, at: Instant, milliseconds: number): Promise<Lease | undefined> {
    const row = await this.#tables.first(
      `INSERT INTO leases (name, holder, token, ends_at) VALUES (?, ?, 1, ?)
       ON CONFLICT (name) DO UPDATE SET
         token = CASE WHEN leases.holder = excluded.holder AND leases.ends_at > ? THEN leases.token ELSE leases.token + 1 END,
         holder = excluded.holder, ends_at = excluded.ends_at
       WHERE leases.ends_at <= ? OR leases.holder = excluded.holder
       RETURNING token`,
      name,
      holder,
      later(at, milliseconds),
      at,
      at,
    );
    return row === undefined ? undefined : { name, token: Number(row["token"]) };
  }

  async renew(lease: Lease, at: Instant, milliseconds: number): Promise<boolean> {
    const changed = await this.#tables.run(
      "UPDATE leases SET ends_at = ? WHERE name = ? AND token = ? AND ends_at > ?",
      later(at, milliseconds),
      lease.name,
      lease.token,
      at,
    );
    return changed > 0;
  }

  async holds(lease: Lease, at: Instant): Promise<boolean> {
    const sql = "SELECT 1 AS one FROM leases WHERE name = ? AND token = ? AND ends_at > ?";
    return (await this.#tables.first(sql, lease.name, lease.token, at)) !== undefined;
  }

  async release(lease: Lease): Promise<void> {
    await this.#tables.run("UPDATE leases SET ends_at = '', holder = '' WHERE name = ? AND token = ?", lease.name, lease.token);
  }
}
