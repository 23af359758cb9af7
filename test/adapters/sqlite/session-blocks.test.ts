import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdCompressSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { readOverview } from "../../../src/adapters/sqlite/day-tallies.ts";
import { SqliteTraceStore } from "../../../src/adapters/sqlite/sqlite-trace-store.ts";
import { Statements } from "../../../src/adapters/sqlite/statements.ts";
import { instant, type Json, projectId, sessionId } from "../../../src/domain/ids.ts";
import { seededRandom } from "../../../src/domain/random.ts";
import type { LogRecord, Span, Trace, TraceBatch } from "../../../src/domain/span.ts";
import type { TraceStore } from "../../../src/ports/trace-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-blocks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const project = projectId("support");

async function all(store: TraceStore): Promise<readonly Trace[]> {
  const found: Trace[] = [];
  for await (const trace of store.read({ project })) found.push({ ...trace, feedback: distinct(trace.feedback) });
  return found;
}

/** Equal feedback on two traces of a session may be told once or twice. */
const distinct = (feedback: Trace["feedback"]): Trace["feedback"] =>
  [...new Set(feedback.map((one) => JSON.stringify(one)))].toSorted().map((one) => JSON.parse(one) as Trace["feedback"][number]);

/** Batches in which sessions, traces and texts meet in every way: late session ids, repeated spans, shared and repeated texts, logs. */
function batches(seed: number): readonly TraceBatch[] {
  const random = seededRandom(seed, "blocks");
  const calls = seededRandom(seed, "calls");
  const below = (count: number): number => Math.floor(random() * count);
  const text = (): string => `text ${below(12)} with "quotes", \\ and ü🙂 `.repeat([1, 5, 60][below(3)] ?? 1);
  const list = (): string => {
    const items = Array.from({ length: 1 + below(6) }, (_, index) => JSON.stringify({ role: "user", content: `${index} ${text()}` }));
    return `[${items.join([",", ", ", " ,"][below(3)])}]`;
  };
  const value = (): Json =>
    [text(), list(), JSON.parse(list()) as Json, { deep: [text(), 1.5, null, true] }, below(99), "", `[${text()}`, [], "[]", "[1,2]"][
      below(10)
    ] ?? null;
  let count = 0;
  const span = (): Span => {
    count += 1;
    const at = instant(`2026-01-01T00:00:00.${String(count).padStart(3, "0")}Z`);
    return {
      traceId: String(1 + below(5)).repeat(32),
      spanId: (1 + below(60)).toString(16).padStart(16, "0"),
      name: "chat",
      startedAt: at,
      status: random() < 0.2 ? "error" : "ok",
      attributes: {
        ...(random() < 0.4 ? { "session.id": `s${below(3)}` } : {}),
        ...(random() < 0.3 ? { "user.id": `u${below(2)}` } : {}),
        ...(calls() < 0.3
          ? {
              "gen_ai.operation.name": "chat",
              "gen_ai.request.model": calls() < 0.5 ? "m" : "n",
              "gen_ai.usage.input_tokens": Math.floor(calls() * 9),
            }
          : {}),
        ...(calls() < 0.2 ? { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": calls() < 0.5 ? "t" : "u" } : {}),
        a: value(),
        b: value(),
      },
      events: random() < 0.3 ? [{ name: "event", at, attributes: { message: value() } }] : [],
      resource: { service: text() },
    };
  };
  const log = (): LogRecord => {
    count += 1;
    return {
      ...(random() < 0.7 ? { traceId: String(1 + below(5)).repeat(32) } : {}),
      at: instant(`2026-01-01T00:01:00.${String(count).padStart(3, "0")}Z`),
      name: "log",
      ...(random() < 0.7 ? { body: value() } : {}),
      attributes: { "session.id": `s${below(3)}`, c: value() },
      resource: {},
    };
  };
  return Array.from({ length: 25 }, () => ({
    spans: Array.from({ length: below(6) }, span),
    logs: Array.from({ length: below(2) }, log),
    feedback:
      random() < 0.3
        ? [{ traceId: String(1 + below(5)).repeat(32), feedback: { name: "n", label: `l${below(3)}`, by: "user" as const } }]
        : [],
  }));
}

describe("sessions kept as blocks", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "say the same as a store that keeps everything as it came, with two writers and erasures (%i)",
    async (seed) => {
      const path = join(folder, `equal-${seed}.db`);
      const [plain, one, other] = [new MemoryTraceStore(), SqliteTraceStore.open(path), SqliteTraceStore.open(path)];
      for (const [index, batch] of batches(seed).entries()) {
        const handle = index % 2 === 0 ? one : other;
        expect(await handle.add(project, batch)).toEqual(await plain.add(project, batch));
      }
      const week = { project, from: "2026-01-01", to: "2026-01-08" };
      expect(await all(one)).toEqual(await all(plain));
      expect(await one.overview(week)).toEqual(await plain.overview(week));
      for (const selection of [{ user: "u1" }, { session: sessionId("s1") }]) {
        expect(await other.erase(project, selection)).toEqual(await plain.erase(project, selection));
        expect(await all(one)).toEqual(await all(plain));
        expect(await one.overview(week)).toEqual(await plain.overview(week));
      }
      await one.erase(project, { everything: true });
      const database = new DatabaseSync(path, { readOnly: true });
      for (const table of [
        "sessions",
        "blocks",
        "shared_bodies",
        "body_owners",
        "span_ids",
        "trace_ids",
        "log_ids",
        "trace_logs",
        "session_users",
        "feedback",
        "day_tallies",
      ])
        expect([table, database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.["rows"]]).toEqual([table, 0]);
      database.close();
      await one.close();
      await other.close();
    },
  );

  test("take over what the first schema held", async () => {
    const path = join(folder, "former.db");
    const long = JSON.stringify([{ role: "user", content: "long ".repeat(80) }]);
    const span = {
      traceId: "a".repeat(32),
      spanId: "1".repeat(16),
      name: "chat",
      startedAt: instant("2026-01-01T00:00:00.000Z"),
      status: "ok" as const,
      attributes: { "session.id": "s", "gen_ai.request.model": "m", messages: null },
      events: [],
      resource: {},
    };
    former(path, span, long.slice(1, -1));
    const store = SqliteTraceStore.open(path);
    const whole = { ...span, attributes: { "session.id": "s", "gen_ai.request.model": "m", messages: long }, resource: { service: "x" } };
    expect((await store.session(project, sessionId("s")))?.spans).toEqual([whole]);
    expect((await store.overview({ project, from: "2026-01-01", to: "2026-01-02" })).models).toEqual([
      { model: "m", calls: 1, inputTokens: 0, outputTokens: 0 },
    ]);
    expect(await store.add(project, { spans: [whole, { ...whole, spanId: "2".repeat(16), attributes: { x: 1 } }] })).toEqual({
      added: 1,
      known: 1,
    });
    expect((await store.session(project, sessionId("s")))?.spans).toHaveLength(2);
    expect((await store.session(project, sessionId("s")))?.feedback).toEqual([{ name: "outcome", by: "user" }]);
    await store.close();
    await SqliteTraceStore.open(path).close();
  });

  test("take over log records of an earlier version with the traces that they belong to, of erased sessions too", async () => {
    const path = join(folder, "former-logs.db");
    const store = SqliteTraceStore.open(path);
    const traceId = "a".repeat(32);
    const log = { traceId, at: instant("2026-01-01T00:00:00.000Z"), name: "log", attributes: { "session.id": "s" }, resource: {} };
    await store.add(project, { spans: [], logs: [log] });
    await store.close();
    const database = new DatabaseSync(path);
    database.exec("DROP TABLE trace_logs; DELETE FROM trace_ids; DELETE FROM trace_migrations WHERE version = 4");
    database.close();
    const again = SqliteTraceStore.open(path);
    await again.add(project, { spans: [], feedback: [{ traceId, feedback: { name: "outcome", by: "user" } }] });
    expect((await again.session(project, sessionId("s")))?.feedback).toEqual([{ name: "outcome", by: "user" }]);
    await again.erase(project, { session: sessionId("s") });
    await again.add(project, { spans: [], logs: [log] });
    expect((await again.session(project, sessionId("s")))?.feedback).toEqual([]);
    await again.close();
  });

  test("an overview asks a few questions, however many ways agents have of saying how a session ended", async () => {
    const path = join(folder, "outcomes.db");
    const store = SqliteTraceStore.open(path);
    const ended = (index: number): Span => ({
      traceId: String(index + 1).padStart(32, "0"),
      spanId: "1".repeat(16),
      name: "session",
      startedAt: instant("2026-01-01T00:00:00.000Z"),
      status: "ok",
      attributes: { "agent.outcome": `ended in way ${index}` },
      events: [],
      resource: {},
    });
    await store.add(project, { spans: Array.from({ length: 200 }, (_, index) => ended(index)) });
    await store.close();
    let questions = 0;
    class Counted extends Statements {
      override sql(text: string): ReturnType<Statements["sql"]> {
        questions += 1;
        return super.sql(text);
      }
    }
    const database = new DatabaseSync(path, { readOnly: true });
    const overview = readOverview(new Counted(database), { project, from: "2026-01-01", to: "2026-01-02" });
    database.close();
    expect(Object.keys(overview.days[0]?.outcomes ?? {})).toHaveLength(200);
    expect(questions).toBeLessThanOrEqual(3);
  });

  test("an index serves each question", async () => {
    const path = join(folder, "plans.db");
    await SqliteTraceStore.open(path).close();
    const database = new DatabaseSync(path, { readOnly: true });
    const plan = (where: string): string =>
      JSON.stringify(database.prepare(`EXPLAIN QUERY PLAN SELECT id FROM sessions WHERE ${where}`).all());
    expect(plan("project = 'p' AND key = 'k'")).toContain("sqlite_autoindex_sessions");
    expect(plan("project = 'p' AND started_at >= '2026'")).toContain("sessions_by_time");
    expect(plan("project = 'p' AND outcome = 'failed' AND started_at >= '2026'")).toContain("sessions_by_outcome");
    expect(plan("project = 'p' AND tool_errors > 0")).toContain("sessions_by_tool_errors");
    database.close();
  });
});

/** A store as the first two schemas kept it, with one span whose messages and resource lie apart. */
function former(path: string, span: Span, message: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE trace_migrations (version INTEGER PRIMARY KEY); INSERT INTO trace_migrations VALUES (0), (1);
    CREATE TABLE spans (id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL,
      started_at TEXT NOT NULL, document BLOB NOT NULL, UNIQUE (project, trace, span));
    CREATE TABLE traces (project TEXT NOT NULL, trace TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY (project, trace)) WITHOUT ROWID;
    CREATE TABLE bodies (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, content BLOB NOT NULL);
    CREATE TABLE body_uses (body INTEGER NOT NULL, span INTEGER NOT NULL, PRIMARY KEY (body, span)) WITHOUT ROWID;
    CREATE TABLE feedback (project TEXT NOT NULL, trace TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (project, trace, document)) WITHOUT ROWID;
    CREATE TABLE clusters (project TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (project, id)) WITHOUT ROWID;
    CREATE TABLE logs (id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, trace TEXT NOT NULL, digest BLOB NOT NULL,
      at TEXT NOT NULL, document BLOB NOT NULL, UNIQUE (project, digest));`);
  const body = (text: string): string => {
    const digest = createHash("sha256").update(text).digest();
    database.prepare("INSERT INTO bodies (digest, content) VALUES (?, ?)").run(digest, zstdCompressSync(text));
    return digest.toString("hex");
  };
  const references = [
    { key: "messages", kind: "list-text", of: [body(message)] },
    { event: -1, key: "", kind: "json", of: [body('{"service":"x"}')] },
  ];
  database
    .prepare("INSERT INTO spans (project, session, trace, span, started_at, document) VALUES (?, 's', ?, ?, ?, ?)")
    .run(project, span.traceId, span.spanId, span.startedAt, zstdCompressSync(JSON.stringify({ span, references })));
  database.prepare("INSERT INTO traces VALUES (?, ?, 's')").run(project, span.traceId);
  database.prepare("INSERT INTO feedback VALUES (?, ?, ?)").run(project, span.traceId, '{"by":"user","name":"outcome"}');
  database.close();
}
