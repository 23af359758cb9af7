import type { Instant, Json, ProjectId, ProposalId } from "../../domain/ids.ts";
import type { Usage } from "../../domain/message.ts";
import type { Proposal, ProposalState } from "../../domain/proposal.ts";
import type { Ledger } from "../../ports/ledger.ts";
import type { Row, Tables } from "./tables.ts";

/** Above every key that begins with a prefix: both databases compare keys by their bytes. */
const afterAll = "\u{10FFFF}";

/** The ledger in SQL: each call is one statement, so that any number of processes may share it. */
export class SqlLedger implements Ledger {
  readonly #tables: Tables;
  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async delivery(key: string): Promise<"new" | "seen"> {
    return (await this.#tables.run("INSERT INTO deliveries (key) VALUES (?) ON CONFLICT DO NOTHING", key)) === 1 ? "new" : "seen";
  }

  async put(key: string, document: Json): Promise<void> {
    await this.#tables.run(
      "INSERT INTO documents (key, document) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET document = excluded.document",
      key,
      JSON.stringify(document),
    );
  }

  async get(key: string): Promise<Json | undefined> {
    const row = await this.#tables.first("SELECT document FROM documents WHERE key = ?", key);
    return row === undefined ? undefined : (JSON.parse(String(row["document"])) as Json);
  }

  async keys(prefix: string): Promise<readonly string[]> {
    const rows = await this.#tables.all(
      "SELECT key FROM documents WHERE key >= ? AND key < ? ORDER BY key",
      prefix,
      `${prefix}${afterAll}`,
    );
    return rows.map((row) => String(row["key"]));
  }

  async remove(prefix: string): Promise<void> {
    await this.#tables.run("DELETE FROM documents WHERE key >= ? AND key < ?", prefix, `${prefix}${afterAll}`);
  }

  async save(proposal: Proposal, expected: ProposalState | undefined): Promise<"saved" | "conflict"> {
    const { id, state } = proposal;
    const document = JSON.stringify(proposal);
    const changed =
      expected === undefined
        ? await this.#tables.run("INSERT INTO proposals (id, state, document) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, state, document)
        : await this.#tables.run("UPDATE proposals SET state = ?, document = ? WHERE id = ? AND state = ?", state, document, id, expected);
    return changed === 1 ? "saved" : "conflict";
  }

  async find(id: ProposalId): Promise<Proposal | undefined> {
    const row = await this.#tables.first("SELECT document FROM proposals WHERE id = ?", id);
    return row === undefined ? undefined : (JSON.parse(String(row["document"])) as Proposal);
  }

  async spend(project: ProjectId, purpose: string, usage: Usage, at: Instant): Promise<void> {
    await this.#tables.run(
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
    const row = await this.#tables.first(
      `SELECT sum(input_tokens) AS input, sum(output_tokens) AS output,
              sum(cache_read_tokens) AS cache_read, sum(cache_write_tokens) AS cache_write, sum(dollars) AS dollars
       FROM spending WHERE project = ? AND at >= ?`,
      project,
      since,
    );
    return {
      inputTokens: Number(row?.["input"] ?? 0),
      outputTokens: Number(row?.["output"] ?? 0),
      ...known(row, "cache_read", "cacheReadTokens"),
      ...known(row, "cache_write", "cacheWriteTokens"),
      ...known(row, "dollars", "dollars"),
    };
  }

  async close(): Promise<void> {
    await this.#tables.close();
  }
}

const known = (row: Row | undefined, column: string, name: string): Record<string, number> => {
  const value = row?.[column] ?? undefined;
  return value === undefined ? {} : { [name]: Number(value) };
};
