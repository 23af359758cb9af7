import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import nock from "nock";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { clickhouseSource } from "../../../src/adapters/remote-traces/clickhouse.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { spanHex, traceHex } from "../../contracts/remote-traces.ts";
import { openReader, project, readAll } from "./open-reader.ts";

/** What the tests use of `@clickhouse/client`. */
interface Client {
  command(of: { readonly query: string }): Promise<unknown>;
  insert(of: { readonly table: string; readonly format: "JSONEachRow"; readonly values: readonly object[] }): Promise<unknown>;
  query(of: { readonly query: string; readonly query_params: object; readonly format: "JSON" }): Promise<{ json(): Promise<object> }>;
  close(): Promise<void>;
}

// The engine is ClickHouse's own, in this process (chDB); it must not run in a worker thread, and vitest's pool here is processes.
const engines = createRequire(fileURLToPath(new URL("../../engines/package.json", import.meta.url)));
const { createClient } = engines("@clickhouse/client") as { readonly createClient: (of: object) => Client };
const { createChdbConnection } = engines("chdb/connection") as { readonly createChdbConnection: (of: { readonly path: string }) => object };

const map = "Map(LowCardinality(String), String)";
/** The tables as the Collector's exporter makes them (opentelemetry-collector-contrib, exporter/clickhouseexporter/internal/sqltemplates). */
const tables = [
  `CREATE TABLE otel_traces (
    Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String, SpanName LowCardinality(String),
    SpanKind LowCardinality(String), ServiceName LowCardinality(String), ResourceAttributes ${map}, ScopeName String, ScopeVersion String,
    SpanAttributes ${map}, Duration UInt64, StatusCode LowCardinality(String), StatusMessage String,
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${map})
  ) ENGINE = MergeTree() PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)`,
  `CREATE TABLE otel_logs (
    Timestamp DateTime64(9), TimestampTime DateTime DEFAULT toDateTime(Timestamp), TraceId String, SpanId String, TraceFlags UInt8,
    SeverityText LowCardinality(String), SeverityNumber UInt8, ServiceName LowCardinality(String), Body String, ResourceSchemaUrl LowCardinality(String),
    ResourceAttributes ${map}, ScopeSchemaUrl LowCardinality(String), ScopeName String, ScopeVersion LowCardinality(String), ScopeAttributes ${map},
    LogAttributes ${map}
  ) ENGINE = MergeTree() PARTITION BY toDate(TimestampTime) ORDER BY (ServiceName, TimestampTime, Timestamp)`,
];

const folder = mkdtempSync(join(tmpdir(), "tuneup-clickhouse-"));
let client: Client;
const seen: string[] = [];

const time = (minute: number): string => `2026-01-10 00:${String(minute).padStart(2, "0")}:00.123456789`;
const messages = (role: string, content: string): string => JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
const row = (trace: string, span: string, minute: number, more: object = {}): object => ({
  Timestamp: time(minute),
  TraceId: traceHex(trace),
  SpanId: spanHex(span),
  ParentSpanId: "",
  SpanName: "chat model-x",
  SpanKind: "Client",
  ServiceName: "support-agent",
  ResourceAttributes: { "service.name": "support-agent" },
  ScopeName: "opentelemetry.instrumentation.openai",
  SpanAttributes: {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "model-x",
    "gen_ai.conversation.id": `session-${trace}`,
    "gen_ai.usage.input_tokens": "12",
    "gen_ai.input.messages": messages("user", "Where is my order?"),
    "gen_ai.output.messages": messages("assistant", "On its way."),
  },
  Duration: "1500000000",
  StatusCode: "Error",
  StatusMessage: "late",
  "Events.Timestamp": [time(minute)],
  "Events.Name": ["exception"],
  "Events.Attributes": [{ "exception.type": "Timeout" }],
  ...more,
});
const log = (trace: string, attributes: object, body = ""): object => ({
  Timestamp: time(5),
  TraceId: trace === "" ? "" : traceHex(trace),
  SpanId: trace === "" ? "" : spanHex("1"),
  ServiceName: "support-agent",
  Body: body,
  LogAttributes: attributes,
});

beforeAll(async () => {
  client = createClient({ connection: createChdbConnection({ path: folder }) });
  for (const query of tables) await client.command({ query });
  await client.insert({
    table: "otel_traces",
    format: "JSONEachRow",
    values: [
      row("b", "3", 30),
      row("a", "1", 10),
      row("a", "2", 10, { ParentSpanId: spanHex("1") }),
      row("c", "4", 20, { ServiceName: "checkout" }),
      row("d", "5", 10, { Timestamp: "2025-12-01 00:00:00.000000000" }),
    ],
  });
  await client.insert({
    table: "otel_logs",
    format: "JSONEachRow",
    values: [
      log("a", {
        "event.name": "gen_ai.evaluation.result",
        "gen_ai.evaluation.name": "failure",
        "gen_ai.evaluation.score.label": "refund refused",
        "gen_ai.evaluation.score.value": "0.25",
      }),
      log("a", { "event.name": "gen_ai.user.message" }, '{"content":"Where is my order?"}'),
      log("", { "session.id": "session-a" }, "a plain line"),
      log("", {}, "a line of nobody"),
    ],
  });
});
afterAll(async () => {
  nock.cleanAll();
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

// Stands where ClickHouse's HTTP interface is: the reader's own query and parameters, run by the engine.
beforeEach(() => {
  nock.cleanAll();
  nock("https://store.example")
    .persist()
    .post("/")
    .query(true)
    .reply(async (request: Request) => {
      const sql = await request.text();
      seen.push(sql);
      const { searchParams } = new URL(request.url);
      const given = Object.fromEntries(
        [...searchParams].filter(([key]) => key.startsWith("param_")).map(([key, value]) => [key.slice(6), value]),
      );
      const found = await client.query({ query: sql.replace(/ FORMAT JSON$/, ""), query_params: given, format: "JSON" });
      return [200, JSON.stringify(await found.json())];
    });
});

const open = (pageSize: number, store?: string): ReturnType<typeof openReader> =>
  openReader(
    (http) => clickhouseSource(http, { url: "https://store.example", pageSize, ...(store === undefined ? {} : { project: store }) }),
    ["failure"],
  );

test.each([1, 2, 100])("the Collector's tables are read whole, %i rows a page", async (pageSize) => {
  const traces = await readAll(open(pageSize, "default/support-agent"));
  expect(traces.map((trace) => [trace.key, trace.spans.map((span) => span.spanId), trace.logs.length])).toEqual([
    ["session-a", [spanHex("1"), spanHex("2")], 2],
    ["session-b", [spanHex("3")], 0],
  ]);
  expect(traces[0]?.spans[1]).toMatchObject({
    traceId: traceHex("a"),
    parentId: spanHex("1"),
    startedAt: "2026-01-10T00:10:00.123Z",
    endedAt: "2026-01-10T00:10:01.623Z",
    status: "error",
    statusMessage: "late",
    scope: "opentelemetry.instrumentation.openai",
    attributes: { "gen_ai.usage.input_tokens": 12 },
    events: [{ name: "exception", attributes: { "exception.type": "Timeout" } }],
    resource: { "service.name": "support-agent" },
  });
  expect(JSON.stringify(assemble(traces).sessions)).toContain("On its way.");
});

test("evaluation results are feedback, and their labels clusters where named", async () => {
  const reader = open(100);
  const traces = await readAll(reader);
  expect(traces.map((trace) => trace.key)).toEqual(["session-a", "session-c", "session-b"]);
  expect(traces[0]?.feedback).toEqual([{ name: "failure", label: "refund refused", score: 0.25, spanId: spanHex("1"), by: "evaluator" }]);
  expect((await reader.clusters(project)).map((one) => [one.title, one.members])).toEqual([["refund refused", ["session-a"]]]);
});

test("what the operator writes goes beside the query, never into it", async () => {
  seen.length = 0;
  expect(await readAll(open(100, "default/x' OR 1=1 --"))).toEqual([]);
  expect(seen.length).toBeGreaterThan(1);
  expect(seen.join("\n")).not.toContain("OR 1=1");
});
