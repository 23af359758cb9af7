import { afterAll } from "vitest";
import { ClickhouseTraceStore } from "../../src/adapters/clickhouse/clickhouse-trace-store.ts";
import { openChdb } from "../doubles/chdb.ts";
import { traceStoreContract } from "./trace-store.ts";

const engine = openChdb();
afterAll(() => engine.close());

traceStoreContract("the ClickHouse trace store", async () => {
  const store = new ClickhouseTraceStore(await engine.freshDatabase());
  // The engine is closed once, at the end.
  store.close = async () => undefined;
  return store;
});
