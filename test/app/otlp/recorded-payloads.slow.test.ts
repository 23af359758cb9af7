import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { otlpFileFormat } from "../../../src/adapters/otlp/otlp-file-format.ts";
import type { Trace } from "../../../src/domain/span.ts";
import { aReceiver, support } from "./receiver-builder.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/otel-dialects", import.meta.url));

/** Whole export requests among the recorded payloads: one body each, as a sender would post it. */
const requests = existsSync(folder)
  ? globSync("**/*.{otlp.json,pb}", { cwd: folder })
      .sort()
      .filter((name) => !name.endsWith(".json") || /^\s*\{\s*"resource(Spans|Logs)"/.test(readFileSync(`${folder}/${name}`, "utf8")))
  : [];

async function readFromFile(name: string): Promise<readonly Trace[]> {
  const store = new MemoryTraceStore();
  for (const part of otlpFileFormat.read(name, readFileSync(`${folder}/${name}`)))
    if (part.kind === "batch") await store.add(support, part.batch);
  const traces: Trace[] = [];
  for await (const trace of store.read({ project: support })) traces.push(trace);
  return traces;
}

describe.skipIf(requests.length === 0)("every recorded export request", () => {
  test("is the same sessions when it is received as when it is read from its file", async () => {
    let spans = 0;
    for (const name of requests) {
      await using receiver = await aReceiver();
      const bytes = readFileSync(`${folder}/${name}`);
      const isJson = name.endsWith(".json");
      const signal = isJson && bytes.includes('"resourceLogs"') && !bytes.includes('"resourceSpans"') ? "logs" : "traces";
      const response = await receiver.post(`/v1/${signal}`, bytes, {
        "content-type": isJson ? "application/json" : "application/x-protobuf",
      });
      expect([name, response.status]).toEqual([name, 200]);
      const received = await receiver.traces();
      expect({ name, traces: received }).toEqual({ name, traces: await readFromFile(name) });
      spans += received.reduce((sum, trace) => sum + trace.spans.length + trace.logs.length, 0);
    }
    expect(requests.length).toBeGreaterThan(15);
    expect(spans).toBeGreaterThan(100);
  });
});
