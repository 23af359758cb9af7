import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { ClickhouseDatabase } from "../../src/adapters/clickhouse/clickhouse-database.ts";

// The engine is ClickHouse's own, in this process; it must not run in a worker thread, and one process may open one folder.
const engines = createRequire(fileURLToPath(new URL("../engines/package.json", import.meta.url)));

/** ClickHouse's engine in this process, behind the client that speaks to servers. */
export interface EmbeddedEngine {
  readonly client: ClickHouseClient;
  /** A new, empty database, which every later statement speaks to. */
  freshDatabase(): Promise<ClickhouseDatabase>;
  close(): Promise<void>;
}

/** Starts the engine on a folder of its own. */
export function openChdb(): EmbeddedEngine {
  const { createChdbConnection } = engines("chdb/connection") as {
    readonly createChdbConnection: (of: { readonly path: string }) => never;
  };
  const folder = mkdtempSync(join(tmpdir(), "tuneup-chdb-"));
  const client = createClient({ connection: createChdbConnection({ path: folder }) });
  const address = { url: "http://chdb.test", database: "default", keyName: "CLICKHOUSE_KEY" };
  let databases = 0;
  return {
    client,
    async freshDatabase() {
      databases += 1;
      await client.command({ query: `CREATE DATABASE d${databases}` });
      await client.command({ query: `USE d${databases}` });
      return new ClickhouseDatabase(client, address, { sleep: async () => undefined, random: () => 0.5, now: () => 0 });
    },
    async close() {
      await client.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
