import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { type HttpReading, httpReading } from "../../../src/adapters/remote-traces/http-reading.ts";
import { RemoteTraceReader } from "../../../src/adapters/remote-traces/remote-trace-reader.ts";
import type { StoreSource } from "../../../src/adapters/remote-traces/store-source.ts";
import { instant, projectId } from "../../../src/domain/ids.ts";
import type { Trace } from "../../../src/domain/span.ts";

export const project = projectId("support");

/** A reader of a store at https://store.example, two days back from 2026-01-11. */
export function openReader(
  source: (http: HttpReading) => StoreSource,
  clusterBy: readonly string[] = [],
  url = "https://store.example",
): RemoteTraceReader {
  const http = httpReading({
    store: "The store",
    url,
    headers: {},
    keyName: "STORE_KEY",
    retry: { sleep: async () => undefined, random: () => 0.5, now: () => Date.parse("2026-01-11T00:00:00Z") },
  });
  return new RemoteTraceReader({
    source: source(http),
    hold: () => new MemoryTraceStore(),
    now: () => instant("2026-01-11T00:00:00.000Z"),
    days: 2,
    clusterBy,
  });
}

/** All sessions of the reader's project. */
export async function readAll(reader: RemoteTraceReader): Promise<readonly Trace[]> {
  const traces: Trace[] = [];
  for await (const trace of reader.read({ project })) traces.push(trace);
  return traces;
}
