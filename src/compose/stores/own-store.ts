import { join } from "node:path";
import { ClickhouseDatabase, connectClickhouse } from "../../adapters/clickhouse/clickhouse-database.ts";
import { ClickhouseTraceStore } from "../../adapters/clickhouse/clickhouse-trace-store.ts";
import { backUpDatabase } from "../../adapters/sqlite/back-up.ts";
import { SqliteTraceStore } from "../../adapters/sqlite/sqlite-trace-store.ts";
import { ThreadedTraceStore } from "../../adapters/sqlite/threaded-trace-store.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Erased, RetentionLimits, TraceStore } from "../../ports/trace-store.ts";
import { realRetryTools } from "../runtime.ts";

/** Tuneup's own store, whatever it is made of. */
export interface OwnStore extends TraceStore {
  /** Erases what is too old in every project; `dryRun` only counts, and the signal ends it early with what was removed removed. */
  expire(limits: RetentionLimits, options: { readonly dryRun: boolean; readonly signal?: AbortSignal }): Promise<Erased>;
}

/** What decides which store it is. */
export interface OwnStoreSettings {
  readonly data: string;
  readonly operator: Pick<OperatorSettings, "store">;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether the embedded store is written in a thread of its own: for a process that goes on reading meanwhile. */
  readonly isThreaded?: boolean;
}

const file = (data: string): string => join(data, "traces.db");

/** The store that the operator file names, else the embedded one. A server is asked nothing before it is used. */
export function openOwnStore({ data, isThreaded = false, operator, variables }: OwnStoreSettings): OwnStore {
  const { store } = operator;
  if (store === undefined) return (isThreaded ? ThreadedTraceStore : SqliteTraceStore).open(file(data));
  const keyName = store.keyEnv ?? "CLICKHOUSE_KEY";
  const key = variables[keyName]?.trim();
  if (store.keyEnv !== undefined && (key === undefined || key === "")) {
    throw new TuneupError("config-invalid", `The trace store needs a key, and the variable ${keyName} is not set.`, {
      remedy: `Set ${keyName} to user:password, or name another variable in \`store.keyEnv\`.`,
      fields: { variable: keyName },
    });
  }
  const address = { url: store.url, database: store.database ?? "default", keyName };
  return new ClickhouseTraceStore(new ClickhouseDatabase(connectClickhouse(address, key), address, realRetryTools));
}

/** Copies the embedded trace store to a new file while it is in use. A server has its own way, and is refused with it. */
export async function backUpTraces(
  { data, operator }: Pick<OwnStoreSettings, "data" | "operator">,
  target: string,
): Promise<{ readonly bytes: number }> {
  if (operator.store === undefined) return backUpDatabase(file(data), target);
  const { database = "default", url } = operator.store;
  throw new TuneupError(
    "usage",
    `The trace store is the database "${database}" of ClickHouse at ${new URL(url).origin}, which is no file.`,
    {
      remedy: `Use ClickHouse's own: BACKUP DATABASE ${database} TO …; keep redaction.key of the data folder with it.`,
    },
  );
}
