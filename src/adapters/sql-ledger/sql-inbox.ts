import { type Instant, instant, later } from "../../domain/ids.ts";
import type { ClaimedDelivery, Delivery, Inbox, InboxRow } from "../../ports/inbox.ts";
import type { Row, Tables } from "./tables.ts";

/** Deliveries in SQL; each call is one statement, so that any number of processes may share them. */
export class SqlInbox implements Inbox {
  readonly #tables: Tables;
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async receive(delivery: Delivery, at: Instant): Promise<"new" | "seen"> {
    const { body, event, id, naturalKey } = delivery;
    const added = await this.#tables.run(
      "INSERT INTO inbox (id, natural_key, event, body, state, received_at, due_at) VALUES (?, ?, ?, ?, 'waiting', ?, ?) ON CONFLICT DO NOTHING",
      id,
      naturalKey ?? null,
      event,
      body,
      at,
      at,
    );
    if (added > 0) return "new";
    const revived = await this.#tables.run(
      "UPDATE inbox SET state = 'waiting', attempts = 0, due_at = ?, body = ? WHERE state = 'failed' AND (id = ? OR natural_key = ?)",
      at,
      body,
      id,
      naturalKey ?? "",
    );
    return revived > 0 ? "new" : "seen";
  }

  async has(id: string): Promise<boolean> {
    return (await this.#tables.first("SELECT 1 AS one FROM inbox WHERE id = ?", id)) !== undefined;
  }

  async claim(at: Instant, leaseMilliseconds: number): Promise<ClaimedDelivery | undefined> {
    const row = await this.#tables.first(
      `UPDATE inbox SET leased_until = ?, token = token + 1, attempts = attempts + 1
       WHERE id = (SELECT id FROM inbox WHERE state = 'waiting' AND due_at <= ? AND leased_until <= ? ORDER BY due_at, received_at LIMIT 1 ${this.#tables.skipLocked})
       RETURNING id, event, body, natural_key, attempts, token`,
      later(at, leaseMilliseconds),
      at,
      at,
    );
    return row === undefined
      ? undefined
      : {
          id: String(row["id"]),
          event: String(row["event"]),
          body: String(row["body"]),
          attempt: Number(row["attempts"]),
          token: Number(row["token"]),
          ...(typeof row["natural_key"] === "string" ? { naturalKey: row["natural_key"] } : {}),
        };
  }

  async finish(claim: ClaimedDelivery): Promise<boolean> {
    const changed = await this.#tables.run(
      "UPDATE inbox SET state = 'done', body = NULL, reason = NULL WHERE id = ? AND token = ? AND state = 'waiting'",
      claim.id,
      claim.token,
    );
    return changed > 0;
  }

  async fail(claim: ClaimedDelivery, reason: string, again: Instant | undefined): Promise<boolean> {
    const changed = await this.#tables.run(
      "UPDATE inbox SET state = ?, reason = ?, due_at = coalesce(?, due_at), leased_until = '' WHERE id = ? AND token = ? AND state = 'waiting'",
      again === undefined ? "failed" : "waiting",
      reason,
      again ?? null,
      claim.id,
      claim.token,
    );
    return changed > 0;
  }

  async list(states: readonly InboxRow["state"][], most: number): Promise<readonly InboxRow[]> {
    const rows = await this.#tables.all(
      `SELECT id, event, state, attempts, received_at, reason FROM inbox WHERE state IN (${states.map(() => "?").join(", ")})
       ORDER BY received_at DESC, id LIMIT ?`,
      ...states,
      most,
    );
    return rows.map(rowOf);
  }

  async retry(id: string, at: Instant): Promise<boolean> {
    return (
      (await this.#tables.run("UPDATE inbox SET state = 'waiting', attempts = 0, due_at = ? WHERE state = 'failed' AND id = ?", at, id)) > 0
    );
  }

  async counts(): Promise<Readonly<Record<InboxRow["state"], number>> & { readonly oldest?: Instant }> {
    const rows = await this.#tables.all("SELECT state, count(*) AS count, min(received_at) AS oldest FROM inbox GROUP BY state");
    const of = (state: string): Row | undefined => rows.find((row) => row["state"] === state);
    const oldest = of("waiting")?.["oldest"];
    const number = (state: string): number => Number(of(state)?.["count"] ?? 0);
    return {
      waiting: number("waiting"),
      done: number("done"),
      failed: number("failed"),
      ...(typeof oldest === "string" ? { oldest: instant(oldest) } : {}),
    };
  }
}

function rowOf(row: Row): InboxRow {
  const state = String(row["state"]);
  return {
    id: String(row["id"]),
    event: String(row["event"]),
    state: state === "done" || state === "failed" ? state : "waiting",
    attempts: Number(row["attempts"]),
    receivedAt: instant(String(row["received_at"])),
    ...(typeof row["reason"] === "string" ? { reason: row["reason"] } : {}),
  };
}
