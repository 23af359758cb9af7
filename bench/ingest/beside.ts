import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ClickhouseTraceStore } from "../../src/adapters/clickhouse/clickhouse-trace-store.ts";
import { decodeOtlp } from "../../src/adapters/otlp/decode-otlp.ts";
import { projectId } from "../../src/domain/ids.ts";
import { type EmbeddedEngine, openChdb } from "../../test/doubles/chdb.ts";
import { round } from "../report.ts";

/** Export requests as they are sent, with the spans and bytes in all of them. */
export interface Workload {
  readonly requests: readonly Uint8Array<ArrayBuffer>[];
  readonly spans: number;
  readonly bytes: number;
}

/** What another way of storing makes of a workload. */
export interface Beside {
  readonly spansPerSecond: number;
  /** Stored bytes for each received one. */
  readonly storedRatio: number;
}

/** What a table with one row a span makes of the same requests: rows of JSON, an index by session, the same durability. */
export function rowPerSpan(path: string, work: Workload): Beside {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(
    "CREATE TABLE spans (trace TEXT, span TEXT, session TEXT, started_at TEXT, document TEXT, PRIMARY KEY (trace, span)) WITHOUT ROWID",
  );
  database.exec("CREATE INDEX spans_by_session ON spans (session, started_at)");
  const insert = database.prepare("INSERT INTO spans VALUES (?, ?, ?, ?, ?)");
  const from = performance.now();
  for (const request of work.requests) {
    const { batch } = decodeOtlp(request, { encoding: "protobuf", signal: "traces" });
    database.exec("BEGIN");
    for (const span of batch.spans) {
      const session = span.attributes["session.id"];
      insert.run(span.traceId, span.spanId, typeof session === "string" ? session : "", span.startedAt, JSON.stringify(span));
    }
    database.exec("COMMIT");
  }
  const milliseconds = performance.now() - from;
  database.close();
  return { spansPerSecond: Math.round((work.spans / milliseconds) * 1000), storedRatio: round(statSync(path).size / work.bytes) };
}

/**
 * What ClickHouse's engine makes of the same requests, in the Collector's tables with our index, in this process and without HTTP. `undefined` where
 * the test engines are not installed.
 */
export async function clickhouseBeside<Name extends string>(
  works: Readonly<Record<Name, Workload>>,
  say: (line: string) => void,
): Promise<Readonly<Record<Name, Beside>> | undefined> {
  let engine: EmbeddedEngine;
  try {
    engine = openChdb();
  } catch {
    say("chdb is not installed (npm ci in test/engines): nothing beside from it");
    return undefined;
  }
  try {
    const measured: Record<string, Beside> = {};
    for (const name of Object.keys(works) as Name[]) measured[name] = await inClickhouse(engine, works[name]);
    return measured as Record<Name, Beside>;
  } finally {
    await engine.close();
  }
}

async function inClickhouse(engine: EmbeddedEngine, work: Workload): Promise<Beside> {
  const store = new ClickhouseTraceStore(await engine.freshDatabase());
  const from = performance.now();
  for (const request of work.requests)
    await store.add(projectId("bench"), decodeOtlp(request, { encoding: "protobuf", signal: "traces" }).batch);
  const milliseconds = performance.now() - from;
  const rows = await engine.client.query({
    query: "SELECT toUInt64(sum(bytes_on_disk)) AS bytes FROM system.parts WHERE active AND database = currentDatabase()",
    format: "JSONEachRow",
  });
  const [row] = await rows.json<{ bytes: number | string }>();
  return { spansPerSecond: Math.round((work.spans / milliseconds) * 1000), storedRatio: round(Number(row?.bytes ?? 0) / work.bytes) };
}
