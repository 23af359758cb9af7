import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { instant, projectId, sessionId } from "../../src/domain/ids.ts";
import type { LogRecord, Span, Trace } from "../../src/domain/span.ts";
import type { TraceStore } from "../../src/ports/trace-store.ts";

let count = 0;
/** A span with fresh ids; `trace` is one hex digit, repeated. */
export function aSpan(changes: Partial<Omit<Span, "traceId">> & { readonly trace?: string } = {}): Span {
  const { trace = "a", ...rest } = changes;
  count += 1;
  return {
    traceId: trace.repeat(32),
    spanId: count.toString(16).padStart(16, "0"),
    name: "chat",
    startedAt: instant("2026-01-01T00:00:00.000Z"),
    status: "ok",
    attributes: {},
    events: [],
    resource: { "service.name": "agent" },
    ...rest,
  };
}

export const aLog = (changes: Partial<LogRecord> = {}): LogRecord => ({
  at: instant("2026-01-01T00:00:00.000Z"),
  name: "gen_ai.user.message",
  attributes: {},
  resource: {},
  ...changes,
});

const project = projectId("support");
const inSession = (id: string): { readonly attributes: Span["attributes"] } => ({ attributes: { "session.id": id } });

/** What every trace store owes, whatever it is made of. */
export function traceStoreContract(name: string, open: () => Promise<TraceStore>): void {
  describe(`${name} keeps the trace store's contract`, () => {
    let store: TraceStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    const all = async (query: Partial<Parameters<TraceStore["read"]>[0]> = {}): Promise<readonly Trace[]> => {
      const found: Trace[] = [];
      for await (const trace of store.read({ project, ...query })) found.push(trace);
      return found;
    };

    test("gives a span back exactly as it was added, long and nested values included", async () => {
      const long = "a sentence that goes on, with ümlauts and 🙂, ".repeat(40);
      const span = aSpan({
        parentId: "f".repeat(16),
        endedAt: instant("2026-01-01T00:00:02.000Z"),
        statusMessage: "fine",
        scope: "my.scope",
        attributes: {
          "session.id": "s",
          short: "x",
          long,
          messages: JSON.stringify([
            { role: "user", content: long },
            { role: "assistant", content: "ok" },
          ]),
          spaced: `[ ${JSON.stringify(long)} , 1 ]`,
          list: [{ text: long }, null, 1.5, true],
          nested: { deep: { text: long } },
          none: null,
        },
        events: [{ name: "gen_ai.choice", at: instant("2026-01-01T00:00:01.000Z"), attributes: { message: long, index: 0 } }],
      });
      await store.add(project, { spans: [span] });
      expect((await store.session(project, sessionId("s")))?.spans).toEqual([span]);
    });

    test("gives texts with half a character back as they came, and knows them again", async () => {
      const half = "half \ud800";
      const span = aSpan({
        name: half,
        statusMessage: half,
        scope: half,
        attributes: { "session.id": "s", [half]: half, "half \ud801": "other", "half \ufffd": "whole", nested: { [half]: [half] } },
        events: [{ name: half, at: instant("2026-01-01T00:00:01.000Z"), attributes: { message: half.repeat(300) } }],
        resource: { "service.name": half },
      });
      const logs = [
        aLog({ attributes: { "session.id": "s", [half]: half }, body: half }),
        aLog({ attributes: { "session.id": "s" }, name: half, scope: half, body: { text: half } }),
      ];
      await store.add(project, { spans: [span], logs });
      expect(await store.add(project, { spans: [span], logs })).toEqual({ added: 0, known: 3 });
      const held = await store.session(project, sessionId("s"));
      expect(held?.spans).toEqual([span]);
      expect(held?.logs).toEqual(logs);
    });

    test("adding the same spans again changes nothing", async () => {
      const spans = [aSpan(inSession("s")), aSpan(inSession("s"))];
      expect(await store.add(project, { spans })).toEqual({ added: 2, known: 0 });
      expect(await store.add(project, { spans })).toEqual({ added: 0, known: 2 });
      expect((await all())[0]?.spans).toHaveLength(2);
    });

    test("groups several traces of one session, and several sessions of one trace", async () => {
      await store.add(project, {
        spans: [
          aSpan({ trace: "a", ...inSession("s") }),
          aSpan({ trace: "b", ...inSession("s") }),
          aSpan({ trace: "b", ...inSession("t") }),
        ],
      });
      expect((await all()).map((trace) => [trace.key, trace.spans.length])).toEqual([
        ["s", 2],
        ["t", 1],
      ]);
    });

    test("a trace without a session id is a session of its own, until a late span says otherwise", async () => {
      await store.add(project, { spans: [aSpan({ trace: "c" })] });
      expect((await all()).map((trace) => trace.key)).toEqual(["c".repeat(32)]);
      await store.add(project, { spans: [aSpan({ trace: "c", ...inSession("s") }), aSpan({ trace: "c" })] });
      expect((await all()).map((trace) => [trace.key, trace.spans.length])).toEqual([["s", 3]]);
    });

    test("reads sessions and spans in start order, within a window, and keeps the newest under a limit", async () => {
      const at = (minute: number): { readonly startedAt: Span["startedAt"] } => ({
        startedAt: instant(`2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z`),
      });
      await store.add(project, {
        spans: [
          aSpan({ trace: "b", ...at(20), ...inSession("late") }),
          aSpan({ trace: "a", ...at(10), ...inSession("early") }),
          aSpan({ trace: "a", ...at(5), ...inSession("early") }),
        ],
      });
      expect((await all()).map((trace) => trace.key)).toEqual(["early", "late"]);
      expect((await all())[0]?.spans.map((span) => span.startedAt)).toEqual([at(5).startedAt, at(10).startedAt]);
      expect((await all({ from: at(6).startedAt })).map((trace) => trace.key)).toEqual(["late"]);
      expect((await all({ to: at(20).startedAt })).map((trace) => trace.key)).toEqual(["early"]);
      expect((await all({ limit: 1 })).map((trace) => trace.key)).toEqual(["late"]);
    });

    test("keeps feedback once, also when it comes before its trace", async () => {
      const feedback = { name: "agent.outcome", label: "failed", by: "agent" as const };
      const batch = { spans: [], feedback: [{ traceId: "d".repeat(32), feedback }] };
      await store.add(project, batch);
      await store.add(project, batch);
      await store.add(project, { spans: [aSpan({ trace: "d", ...inSession("s") })] });
      expect((await store.session(project, sessionId("s")))?.feedback).toEqual([feedback]);
    });

    test("keeps log records once, with the session of their trace or the one they name", async () => {
      const logs: readonly LogRecord[] = [
        aLog({ traceId: "d".repeat(32), body: { text: "of the trace" } }),
        aLog({ attributes: { "session.id": "only logs" }, body: "of the session" }),
      ];
      expect(await store.add(project, { spans: [], logs })).toEqual({ added: 2, known: 0 });
      expect(await store.add(project, { spans: [aSpan({ trace: "d", ...inSession("s") })], logs })).toEqual({ added: 1, known: 2 });
      expect((await all()).map(({ key, logs: held, spans }) => [key, spans.length, held.map((log) => log.body)])).toEqual([
        ["only logs", 0, ["of the session"]],
        ["s", 1, [{ text: "of the trace" }]],
      ]);
      await store.erase(project, { session: sessionId("s") });
      await store.erase(project, { session: sessionId("only logs") });
      expect(await all()).toEqual([]);
    });

    test("keeps projects apart", async () => {
      await store.add(project, { spans: [aSpan(inSession("s"))] });
      expect(await store.session(projectId("other"), sessionId("s"))).toBeUndefined();
    });

    test("erases a session with its feedback, and leaves what others share", async () => {
      const shared = "a text that both sessions hold, long enough to be stored apart from its span. ".repeat(5);
      await store.add(project, {
        spans: [
          aSpan({ trace: "e", attributes: { "session.id": "s", text: shared } }),
          aSpan({ trace: "f", attributes: { "session.id": "t", text: shared } }),
        ],
      });
      const feedback = { name: "outcome", label: "failed", by: "reviewer" as const };
      await store.add(project, { spans: [], feedback: [{ traceId: "e".repeat(32), feedback }] });
      await store.erase(project, { session: sessionId("s") });
      await store.erase(project, { session: sessionId("never there") });
      expect(await store.session(project, sessionId("s"))).toBeUndefined();
      expect((await store.session(project, sessionId("t")))?.spans[0]?.attributes["text"]).toBe(shared);
      await store.add(project, { spans: [aSpan({ trace: "e", ...inSession("s") })] });
      expect((await store.session(project, sessionId("s")))?.feedback).toEqual([]);
    });

    test("a trace whose log records another session holds keeps its feedback until that one is erased, too", async () => {
      const traceId = "e".repeat(32);
      const feedback = { name: "outcome", label: "failed", by: "reviewer" as const };
      const ofTrace = aLog({ traceId, attributes: { "session.id": "t" }, body: "of the other session" });
      await store.add(project, {
        spans: [aSpan({ trace: "e", ...inSession("s") })],
        logs: [ofTrace],
        feedback: [{ traceId, feedback }],
      });
      await store.erase(project, { session: sessionId("s") });
      expect((await all()).map(({ feedback: given, key, logs }) => [key, logs, given])).toEqual([["t", [ofTrace], [feedback]]]);
      await store.erase(project, { session: sessionId("t") });
      await store.add(project, { spans: [aSpan({ trace: "e", ...inSession("s") })] });
      expect((await all()).map(({ feedback: given, key }) => [key, given])).toEqual([["s", []]]);
    });

    test("a log record that stays behind when its trace moves to another session is known there when it comes again", async () => {
      const traceId = "c".repeat(32);
      const staying = aLog({ traceId, attributes: { "session.id": traceId }, body: "names the trace as its session" });
      const moving = aLog({ traceId, body: "of the trace" });
      await store.add(project, { spans: [], logs: [moving] });
      await store.add(project, { spans: [], logs: [aLog({ attributes: { "session.id": traceId }, body: "without a trace" }), staying] });
      await store.add(project, { spans: [aSpan({ trace: "c", ...inSession("s") })] });
      expect(await store.add(project, { spans: [], logs: [staying] })).toEqual({ added: 0, known: 1 });
    });

    test("erases every session that names a user, and nobody else's", async () => {
      const of = (session: string, user: string): { readonly attributes: Span["attributes"] } => ({
        attributes: { "session.id": session, "user.id": user },
      });
      await store.add(project, {
        spans: [
          aSpan({ trace: "1", ...of("s", "ada") }),
          aSpan({ trace: "1", ...inSession("s") }),
          aSpan({ trace: "2", ...of("t", "ada") }),
          aSpan({ trace: "3", ...of("u", "bob") }),
        ],
      });
      await store.add(projectId("other"), { spans: [aSpan({ trace: "4", ...of("v", "ada") })] });
      expect(await store.erase(project, { user: "ada" })).toEqual({ sessions: 2 });
      expect(await store.erase(project, { user: "ada" })).toEqual({ sessions: 0 });
      expect((await all()).map((trace) => trace.key)).toEqual(["u"]);
      expect(await store.session(projectId("other"), sessionId("v"))).toBeDefined();
    });

    test("erases all of a project, feedback that waits for its trace included", async () => {
      const feedback = { name: "outcome", label: "failed", by: "reviewer" as const };
      await store.add(project, { spans: [aSpan(inSession("s"))], feedback: [{ traceId: "d".repeat(32), feedback }] });
      await store.add(projectId("other"), { spans: [aSpan(inSession("s"))] });
      expect(await store.erase(project, { everything: true })).toEqual({ sessions: 1 });
      expect(await all()).toEqual([]);
      await store.add(project, { spans: [aSpan({ trace: "d", ...inSession("t") })] });
      expect((await store.session(project, sessionId("t")))?.feedback).toEqual([]);
      expect(await store.session(projectId("other"), sessionId("s"))).toBeDefined();
    });

    test("says of some days how many sessions began, how they ended, and what was called; what is erased no longer counts", async () => {
      const on = (day: number): { readonly startedAt: Span["startedAt"] } => ({ startedAt: instant(`2026-01-0${day}T23:59:59.999Z`) });
      const call = (input: number, output: number): Span["attributes"] => ({
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "model-x",
        "gen_ai.usage.input_tokens": input,
        "gen_ai.usage.output_tokens": output,
      });
      const tool = (called: string): Span["attributes"] => ({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": called });
      const spans = [
        aSpan({ trace: "1", ...on(1), attributes: { "session.id": "s", ...call(10, 1) } }),
        aSpan({ trace: "1", ...on(2), attributes: { "session.id": "s", ...tool("refund") }, status: "error" }),
        aSpan({ trace: "1", ...on(2), attributes: { "session.id": "s", "agent.outcome": "failed" } }),
        aSpan({ trace: "2", ...on(2), attributes: { ...call(20, 2), "agent.outcome": "success" } }),
        aSpan({ trace: "3", ...on(2), attributes: { "session.id": "u", ...tool("look_up") } }),
        aSpan({ trace: "4", ...on(3), attributes: { "session.id": "v", ...call(1000, 1000) } }),
      ];
      await store.add(project, { spans });
      await store.add(project, { spans });
      await store.add(projectId("other"), { spans });
      const query = { project, from: "2026-01-01", to: "2026-01-03" };
      expect(await store.overview(query)).toEqual({
        ...query,
        days: [
          { day: "2026-01-01", sessions: 1, outcomes: { failed: 1 } },
          { day: "2026-01-02", sessions: 2, outcomes: { success: 1 } },
        ],
        inputTokens: 30,
        outputTokens: 3,
        models: [{ model: "model-x", calls: 2, inputTokens: 30, outputTokens: 3 }],
        tools: [
          { tool: "refund", calls: 1, failed: 1 },
          { tool: "look_up", calls: 1, failed: 0 },
        ],
      });
      await store.erase(project, { session: sessionId("s") });
      expect(await store.overview(query)).toEqual({
        ...query,
        days: [{ day: "2026-01-02", sessions: 2, outcomes: { success: 1 } }],
        inputTokens: 20,
        outputTokens: 2,
        models: [{ model: "model-x", calls: 1, inputTokens: 20, outputTokens: 2 }],
        tools: [{ tool: "look_up", calls: 1, failed: 0 }],
      });
      await store.erase(project, { everything: true });
      expect(await store.overview(query)).toEqual({ ...query, days: [], inputTokens: 0, outputTokens: 0, models: [], tools: [] });
    });

    test("sums the tokens of all models, and names the fifty that are called most; empty and odd outcomes count, too", async () => {
      const call = (model: number): Span["attributes"] => ({
        "session.id": `s${model}`,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": `model-${model}`,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 1,
        ...(model < 3 ? {} : { "agent.outcome": `ended ${model}` }),
      });
      await store.add(project, { spans: Array.from({ length: 55 }, (_, model) => aSpan({ attributes: call(model) })) });
      const { days, inputTokens, models, outputTokens } = await store.overview({ project, from: "2026-01-01", to: "2026-01-02" });
      expect({ inputTokens, outputTokens, models: models.length }).toEqual({ inputTokens: 550, outputTokens: 55, models: 50 });
      expect(days.map(({ outcomes, sessions }) => [sessions, Object.values(outcomes).length])).toEqual([[55, 52]]);
    });

    test("says that it holds no labelled clusters when it holds none", async () => {
      expect(await store.clusters(project)).toEqual([]);
    });
  });
}
