import { afterAll, beforeEach, expect, test } from "vitest";
import type { ClickhouseDatabase } from "../../../src/adapters/clickhouse/clickhouse-database.ts";
import { ClickhouseTraceStore } from "../../../src/adapters/clickhouse/clickhouse-trace-store.ts";
import { instant, projectId, sessionId } from "../../../src/domain/ids.ts";
import type { Span, Trace } from "../../../src/domain/span.ts";
import { aLog, aSpan } from "../../contracts/trace-store.ts";
import { openChdb } from "../../doubles/chdb.ts";

const project = projectId("support");
const engine = openChdb();
afterAll(() => engine.close());

let database: ClickhouseDatabase;
let store: ClickhouseTraceStore;
beforeEach(async () => {
  database = await engine.freshDatabase();
  store = new ClickhouseTraceStore(database);
});

const all = async (of = store): Promise<readonly Trace[]> => {
  const found: Trace[] = [];
  for await (const trace of of.read({ project })) found.push(trace);
  return found;
};
const count = async (sql: string): Promise<number> => {
  const [row] = await database.ask("a count", `SELECT count() AS count FROM ${sql}`);
  return Number(row?.["count"]);
};
const inSession = (id: string, more: Span["attributes"] = {}): { readonly attributes: Span["attributes"] } => ({
  attributes: { "session.id": id, ...more },
});

/** The same database, where something happens before a table is written. */
function interrupted(table: string, what: "insert" | "tell", before: (send: () => unknown) => unknown): ClickhouseDatabase {
  return new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: readonly unknown[]) => {
        const send = (): unknown => Reflect.apply(value, target, args) as unknown;
        if (name === what && args.some((one) => String(one).includes(table))) await before(send);
        return send();
      };
    },
  });
}
/** The same database, where one table cannot be written or read. */
const broken = (table: string, what: "insert" | "tell"): ClickhouseDatabase =>
  interrupted(table, what, () => {
    throw new Error("the process died here");
  });
const evenDeleted = "SETTINGS apply_deleted_mask = 0";

test("a batch that broke off before its index was written is not there, and is there once when it is sent again", async () => {
  const batch = { spans: [aSpan(inSession("s")), aSpan(inSession("s"))], logs: [aLog({ traceId: "a".repeat(32) })] };
  await expect(new ClickhouseTraceStore(broken("tuneup_index", "insert")).add(project, batch)).rejects.toThrow("died");
  expect(await count("otel_traces")).toBe(2);
  expect(await all()).toEqual([]);
  expect(await store.add(project, batch)).toEqual({ added: 3, known: 0 });
  const [session] = await all();
  expect(session?.spans).toEqual(batch.spans);
  expect(session?.logs).toEqual(batch.logs);
});

test("two processes that add the same at the same moment make one session of it", async () => {
  const other = new ClickhouseTraceStore(database);
  const spans = Array.from({ length: 5 }, () => aSpan(inSession("s")));
  await Promise.all([store.add(project, { spans }), other.add(project, { spans })]);
  expect((await all(other)).map((trace) => trace.spans.length)).toEqual([5]);
});

test("what is erased is gone from the tables' files, and what came later stays", async () => {
  await store.add(project, {
    spans: [
      aSpan({ trace: "1", ...inSession("s", { text: "erased words" }) }),
      aSpan({ trace: "2", ...inSession("t") }),
      aSpan({ trace: "1" }),
    ],
    logs: [aLog({ traceId: "1".repeat(32), body: "erased too" })],
  });
  await store.erase(project, { session: sessionId("s") });
  expect(await count(`otel_traces ${evenDeleted}`)).toBe(1);
  expect(await count(`otel_logs ${evenDeleted}`)).toBe(0);
  expect(await count(`tuneup_index ${evenDeleted}`)).toBe(1);
  await store.add(project, { spans: [aSpan({ trace: "1", ...inSession("s") })] });
  expect((await all()).map((trace) => [trace.key, trace.spans.length])).toEqual([
    ["s", 1],
    ["t", 1],
  ]);
});

test("an erasure that broke off hides the session at once, and the next one finishes it without touching what came later", async () => {
  await store.add(project, { spans: [aSpan({ trace: "1", ...inSession("s") }), aSpan({ trace: "2", ...inSession("t") })] });
  await expect(new ClickhouseTraceStore(broken("otel_traces", "tell")).erase(project, { session: sessionId("s") })).rejects.toThrow("died");
  expect((await all()).map((trace) => trace.key)).toEqual(["t"]);
  expect(await count("otel_traces")).toBe(2);
  await store.add(project, { spans: [aSpan({ trace: "1", ...inSession("s", { again: true }) })] });
  await store.erase(project, { session: sessionId("t") });
  expect(await count("otel_traces")).toBe(1);
  expect(await count(`otel_traces ${evenDeleted}`)).toBe(1);
  // What remains says that something was erased, not what.
  expect(await count(`tuneup_erasures WHERE notEmpty(Sessions) OR notEmpty(Traces) ${evenDeleted}`)).toBe(0);
  expect((await all()).map((trace) => [trace.key, trace.spans[0]?.attributes["again"]])).toEqual([["s", true]]);
});

test("an erasure that broke off before it overwrote anything is overwritten by the next one, whatever that one erases", async () => {
  await store.add(project, { spans: [aSpan({ trace: "1", ...inSession("s") })] });
  await expect(new ClickhouseTraceStore(broken("APPLY DELETED MASK", "tell")).erase(project, { session: sessionId("s") })).rejects.toThrow(
    "died",
  );
  expect(await count(`otel_traces ${evenDeleted}`)).toBe(1);
  expect(await store.erase(project, { session: sessionId("never there") })).toEqual({ sessions: 0 });
  expect(await count(`otel_traces ${evenDeleted}`)).toBe(0);
});

test("erasing a session takes along what a batch that broke off left of it", async () => {
  const cutOff = new ClickhouseTraceStore(broken("tuneup_index", "insert"));
  await expect(cutOff.add(project, { spans: [aSpan({ trace: "1", ...inSession("s") }), aSpan({ trace: "2" })] })).rejects.toThrow("died");
  expect(await store.erase(project, { session: sessionId("s") })).toEqual({ sessions: 0 });
  expect(await count(`otel_traces ${evenDeleted}`)).toBe(1);
  await store.erase(project, { session: sessionId("2".repeat(32)) });
  expect(await count(`otel_traces ${evenDeleted}`)).toBe(0);
});

test("retention sweeps what a batch that broke off left, once nothing of it can be on its way any more", async () => {
  const batch = { spans: [aSpan(inSession("s"))], logs: [aLog({ traceId: "a".repeat(32) })] };
  const limits = { before: instant("2026-01-02T00:00:00.000Z"), tellingBefore: instant("2020-01-01T00:00:00.000Z") };
  await expect(new ClickhouseTraceStore(broken("tuneup_index", "insert")).add(project, batch)).rejects.toThrow("died");
  await store.expire(limits, { dryRun: false });
  expect([await count("otel_traces"), await count("otel_logs")]).toEqual([1, 1]);
  for (const table of ["otel_traces", "otel_logs"])
    await database.tell("days that pass", `ALTER TABLE ${table} UPDATE TuneupAddedAt = TuneupAddedAt - 90000000000 WHERE 1`);
  await store.add(project, {
    spans: [aSpan({ ...inSession("kept"), status: "error", attributes: { ...inSession("kept").attributes, "agent.outcome": "failed" } })],
  });
  await store.expire(limits, { dryRun: false });
  expect([await count("otel_traces"), await count("otel_logs")]).toEqual([1, 0]);
  expect((await all()).map((trace) => [trace.key, trace.spans.length])).toEqual([["kept", 1]]);
});

test("a batch that comes while its session is erased is there with all that it says, or not at all", async () => {
  const old = aSpan({ trace: "1", ...inSession("s") });
  await store.add(project, { spans: [old] });
  const erasing = new ClickhouseTraceStore(database);
  let erased = 0;
  const racing = new ClickhouseTraceStore(
    interrupted("tuneup_index", "insert", async () => {
      if (erased === 0) erased += (await erasing.erase(project, { session: sessionId("s") })).sessions;
    }),
  );
  const batch = { spans: [aSpan({ trace: "1", ...inSession("s") })], logs: [aLog({ traceId: "1".repeat(32) }), aLog(inSession("s"))] };
  expect(await racing.add(project, batch)).toEqual({ added: 3, known: 0 });
  expect(erased).toBe(1);
  const [session] = await all();
  expect(session?.spans).toEqual(batch.spans);
  expect(session?.logs).toEqual(batch.logs);
  expect(await count("otel_traces")).toBe(1);
  expect(await count("otel_logs")).toBe(2);
});

test("an insert that is sent again because its answer was lost counts once", async () => {
  const twice = new ClickhouseTraceStore(interrupted("tuneup_index", "insert", (send) => send()));
  const call = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5 };
  await twice.add(project, { spans: [aSpan(inSession("s", call))] });
  expect((await store.overview({ project, from: "2026-01-01", to: "2026-01-02" })).models).toEqual([
    { model: "m", calls: 1, inputTokens: 5, outputTokens: 0 },
  ]);
});

test("a session of which something else removed rows is an error, never a shorter session", async () => {
  await store.add(project, { spans: [aSpan(inSession("s")), aSpan(inSession("s"))], logs: [aLog(inSession("s"))] });
  await database.tell("a TTL", "ALTER TABLE otel_logs DELETE WHERE 1");
  const reading = store.session(project, sessionId("s"));
  await expect(reading).rejects.toMatchObject({ code: "trace-store-corrupt", fields: { project: "support", missing: 1 } });
  await store.erase(project, { session: sessionId("s") });
  expect(await all()).toEqual([]);
});

test("forgets what is too old, telling sessions later", async () => {
  const ended = (day: number): { readonly startedAt: Span["startedAt"] } => ({
    startedAt: instant(`2026-01-${String(day).padStart(2, "0")}T00:00:00.000Z`),
  });
  const span = (trace: string, session: string, day: number, more: Parameters<typeof aSpan>[0] = {}): Span =>
    aSpan({ trace, ...ended(day), ...more, attributes: { "session.id": session, ...more.attributes } });
  await store.add(project, {
    spans: [
      span("1", "old", 1),
      span("2", "old and good", 1, { attributes: { "agent.outcome": "Success" } }),
      span("3", "old and failed", 10, { attributes: { "agent.outcome": "failed" } }),
      span("4", "old, a tool failed", 10, { status: "error", attributes: { "gen_ai.operation.name": "execute_tool" } }),
      span("5", "old, with feedback", 10),
      ...Array.from({ length: 20 }, () => span("6", "old and long", 10)),
      span("7", "too old, though failed", 1, { attributes: { "agent.outcome": "failed" } }),
      span("8", "new", 20),
      span("9", "old, called good", 10),
    ],
    feedback: [
      { traceId: "5".repeat(32), feedback: { name: "score", by: "user" } },
      { traceId: "9".repeat(32), feedback: { name: "score", label: "Thumbs up", score: 1, by: "user" } },
    ],
  });
  const limits = { before: ended(15).startedAt, tellingBefore: ended(5).startedAt };
  expect(await store.expire(limits, { dryRun: true })).toEqual({ sessions: 4 });
  expect(await store.expire(limits, { dryRun: false })).toEqual({ sessions: 4 });
  expect(await store.expire(limits, { dryRun: false })).toEqual({ sessions: 0 });
  expect((await all()).map((trace) => trace.key)).toEqual([
    "old and failed",
    "old and long",
    "old, a tool failed",
    "old, with feedback",
    "new",
  ]);
});

test("takes the tables that a Collector made, which goes on writing to them", async () => {
  const map = "Map(LowCardinality(String), String)";
  const collectorTables = [
    `CREATE TABLE otel_traces (Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String, SpanName LowCardinality(String),
      SpanKind LowCardinality(String), ServiceName LowCardinality(String), ResourceAttributes ${map}, ScopeName String, ScopeVersion String,
      SpanAttributes ${map}, Duration UInt64, StatusCode LowCardinality(String), StatusMessage String,
      Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}),
      Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${map})
    ) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)`,
    `CREATE TABLE otel_logs (Timestamp DateTime64(9), TimestampTime DateTime DEFAULT toDateTime(Timestamp), TraceId String, SpanId String, TraceFlags UInt8,
      SeverityText LowCardinality(String), SeverityNumber UInt8, ServiceName LowCardinality(String), Body String, ResourceSchemaUrl LowCardinality(String),
      ResourceAttributes ${map}, ScopeSchemaUrl LowCardinality(String), ScopeName String, ScopeVersion LowCardinality(String), ScopeAttributes ${map},
      LogAttributes ${map}) ENGINE = MergeTree PARTITION BY toDate(TimestampTime) ORDER BY (ServiceName, TimestampTime, Timestamp)`,
  ];
  for (const query of collectorTables) await engine.client.command({ query });
  const span = aSpan({ ...inSession("s", { "gen_ai.usage.input_tokens": 12 }), endedAt: instant("2026-01-01T00:00:01.000Z") });
  await store.add(project, { spans: [span], logs: [aLog({ traceId: span.traceId })] });
  await engine.client.command({
    query: `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanName, SpanAttributes, Duration, \`Events.Timestamp\`, \`Events.Name\`, \`Events.Attributes\`)
            VALUES (now64(9), '${"c".repeat(32)}', '${"c".repeat(16)}', 'by the Collector', {'session.id': 's'}, 5, [now64(9)], ['e'], [{'a': 'b'}])`,
  });
  expect((await store.session(project, sessionId("s")))?.spans).toEqual([span]);
  const [row] = await database.ask(
    "a row",
    "SELECT SpanAttributes['gen_ai.usage.input_tokens'] AS tokens, ServiceName AS service, Duration AS duration FROM otel_traces WHERE TuneupProject != ''",
  );
  expect(row).toEqual({ tokens: "12", service: "agent", duration: "1000000000" });
  await store.erase(project, { everything: true });
  expect(await count("otel_traces")).toBe(1);
});

test("gives back what its columns cannot hold: far times, ends before beginnings", async () => {
  const spans = [
    aSpan({ ...inSession("s", { nested: ["\ud800"], "a\u0000'\\": "\u0000'\\\n" }), name: "", scope: "", statusMessage: "" }),
    aSpan({ ...inSession("s"), startedAt: instant("9999-12-31T00:00:00.000Z"), endedAt: instant("1969-01-01T00:00:00.000Z") }),
    aSpan({ ...inSession("s"), endedAt: instant("2025-12-31T00:00:00.000Z"), resource: {}, parentId: "b".repeat(16) }),
  ];
  const logs = [
    aLog({ ...inSession("s"), body: null, at: instant("0001-01-01T00:00:00.000Z") }),
    aLog({ ...inSession("s"), body: "", scope: "" }),
  ];
  await store.add(project, { spans, logs });
  const session = await store.session(project, sessionId("s"));
  expect(session?.spans.toSorted((left, right) => (left.spanId < right.spanId ? -1 : 1))).toEqual(spans);
  expect(session?.logs).toEqual(logs);
});

test("long sessions, and more of them than one query asks for, come whole and in order", async () => {
  const spans = Array.from({ length: 260 }, (_, index) =>
    aSpan({
      trace: "123456789abcdef".charAt(index % 15),
      startedAt: instant(new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString()),
      ...inSession(`s${String(index).padStart(3, "0")}`),
    }),
  );
  await store.add(project, { spans });
  const earlier = instant("2025-12-31T00:00:00.000Z");
  await store.add(project, { spans: Array.from({ length: 3000 }, () => aSpan({ trace: "f", startedAt: earlier, ...inSession("s100") })) });
  const found = await all();
  const keys = found.map((trace) => trace.key);
  expect(keys.length).toBe(260);
  expect(keys).toEqual(["s100", ...keys.filter((key) => key !== "s100").toSorted()]);
  expect(found.find((trace) => trace.key === "s100")?.spans.length).toBe(3001);
  expect(await store.erase(project, { everything: true })).toEqual({ sessions: 260 });
});

test("a store that a newer Tuneup wrote is left alone", async () => {
  await store.add(project, { spans: [aSpan()] });
  await database.insert("tuneup_migrations", [{ Version: 99 }]);
  await expect(new ClickhouseTraceStore(database).add(project, { spans: [aSpan()] })).rejects.toThrow("written by a newer Tuneup");
});
