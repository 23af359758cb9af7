import type { Row, Tables, Value } from "./tables.ts";

/** One table as it is copied: by its key, or, where rows have none, in the order in which they were added. */
interface Copied {
  readonly name: string;
  readonly key?: string;
  /** Columns that the target fills itself. */
  readonly without?: readonly string[];
}

/** Everything that an installation remembers. Leases stay behind: whoever holds one works on the old files. */
const ledgerTables: readonly Copied[] = [
  { name: "deliveries", key: "key" },
  { name: "documents", key: "key" },
  { name: "proposals", key: "id" },
  { name: "spending" },
  { name: "inbox", key: "id" },
  { name: "audit", without: ["number"] },
];
const projectTables: readonly Copied[] = [
  { name: "projects", key: "name" },
  { name: "project_tokens", key: "hash" },
];

/** Rows in one transaction. */
const page = 500;

/** SQLite's tables that are copied from. */
export interface CopySource {
  readonly ledger: Tables;
  readonly projects: Tables;
}

/**
 * Copies all rows into tables of the same columns, page by page, and resolves with their number by table. What is there already is not copied again, so
 * that a copy which broke off goes on; for tables without keys that holds while nobody else writes to either side.
 */
export async function copyTables(
  from: CopySource,
  to: Tables,
  tell: (table: string, rows: number) => void,
): Promise<Readonly<Record<string, number>>> {
  const copied: Record<string, number> = {};
  for (const [source, tables] of [
    [from.ledger, ledgerTables],
    [from.projects, projectTables],
  ] as const)
    for (const table of tables) {
      copied[table.name] = await copyTable(source, to, table);
      tell(table.name, copied[table.name] ?? 0);
    }
  return copied;
}

async function copyTable(from: Tables, to: Tables, table: Copied): Promise<number> {
  let done = table.key === undefined ? Number((await to.first(`SELECT count(*) AS rows FROM ${table.name}`))?.["rows"] ?? 0) : 0;
  let last = "";
  for (;;) {
    const rows =
      table.key === undefined
        ? await from.all(`SELECT * FROM ${table.name} ORDER BY rowid LIMIT ${page} OFFSET ?`, done)
        : await from.all(`SELECT * FROM ${table.name} WHERE ${table.key} > ? ORDER BY ${table.key} LIMIT ${page}`, last);
    if (rows.length === 0) return done;
    await to.together(rows.map((row) => insertion(row, table)));
    done += rows.length;
    if (table.key !== undefined) last = String(rows.at(-1)?.[table.key]);
  }
}

function insertion(row: Row, { key, name, without = [] }: Copied): { readonly sql: string; readonly values: readonly Value[] } {
  const columns = Object.keys(row).filter((column) => !without.includes(column));
  const conflict = key === undefined ? "" : " ON CONFLICT DO NOTHING";
  return {
    sql: `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})${conflict}`,
    values: columns.map((column) => row[column] as Value),
  };
}
