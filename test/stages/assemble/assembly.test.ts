import { describe, expect, test } from "vitest";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { modelCalls, toolCalls } from "../../../src/domain/session.ts";
import type { Span, Trace } from "../../../src/domain/span.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { summaryOf } from "./session-summary.ts";
import { agent, answers, asks, assembled, chat, parentOf, project, sessionOf, span, traceOf, user } from "./span-builder.ts";

const messages = (...spans: readonly Span[]): readonly string[] => summaryOf(sessionOf(spans)).messages;
const shuffled = <T>(items: readonly T[]): readonly T[] =>
  items.map((_, index) => items[(index * 7 + 3) % items.length] ?? items[0]).flatMap((item) => item ?? []);

const turns: readonly Span[] = [
  chat(1, [user("refund A-1")], asks("t1", "look", { id: "A-1" })),
  span(2, "execute_tool look", {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "look",
    "gen_ai.tool.call.id": "t1",
    "gen_ai.tool.call.result": '{"total":3}',
  }),
  chat(3, [user("refund A-1"), asks("t1", "look", { id: "A-1" }), answers("t1", { total: 3 })], agent("done")),
  chat(
    5,
    [user("refund A-1"), asks("t1", "look", { id: "A-1" }), answers("t1", { total: 3 }), agent("done"), user("thanks")],
    agent("bye"),
  ),
];
const whole = [
  "user: refund A-1",
  'assistant: → look {"id":"A-1"}',
  'tool: ← {"total":3}',
  "assistant: done",
  "user: thanks",
  "assistant: bye",
];

describe("a session", () => {
  test("is the same in whatever order its spans arrive, and when some arrive twice", async () => {
    for (const spans of [turns, turns.toReversed(), shuffled(turns), [...turns, ...turns.slice(1, 3)]]) {
      const store = new MemoryTraceStore();
      for (const one of spans) await store.add(project, { spans: [one] });
      const traces: Trace[] = [];
      for await (const trace of store.read({ project })) traces.push(trace);
      const [session] = assemble(traces).sessions;
      if (session === undefined) throw new Error("no session");
      expect(summaryOf(session).messages).toEqual(whole);
      expect(modelCalls(session).map((call) => call.at)).toEqual([1, 3, 5]);
      expect(summaryOf(session).usage).toMatchObject({ input: 30, output: 6 });
    }
  });

  test("survives clocks that disagree: a call that seems to come after the one that goes on from it", () => {
    const [first, tool, second, third] = turns;
    if (first === undefined || tool === undefined || second === undefined || third === undefined) throw new Error("unreachable");
    const late = { ...first, startedAt: third.startedAt, spanId: "f".repeat(16) };
    expect(messages(tool, second, late)).toEqual(whole.slice(0, 4));
  });

  test("keeps the last of several attempts at one reply", () => {
    const failed = chat(1, [user("hi")], agent("x"), { "gen_ai.output.messages": "[]" }, { status: "error", statusMessage: "overloaded" });
    const spans = [
      failed,
      chat(2, [user("hi")], agent("hm")),
      chat(3, [user("hi")], agent("hello")),
      chat(4, [user("hi"), agent("hello"), user("bye")], agent("ciao")),
    ];
    expect(messages(...spans)).toEqual(["user: hi", "assistant: hello", "user: bye", "assistant: ciao"]);
    expect(modelCalls(sessionOf(spans))[0]?.error).toBe("overloaded");
  });

  test("goes over several traces of one session id", () => {
    const second = { ...turns[3], traceId: "b".repeat(32) } as Span;
    expect(messages(...turns.slice(0, 3), second)).toEqual(whole);
  });

  test("goes on after its history was compacted, without taking the summary for something the user said", () => {
    const long = [chat(1, [user("a")], agent("b")), chat(2, [user("a"), agent("b"), user("c")], agent("d"))];
    const compacted = chat(3, [user("Summary of what was said so far: a, b"), user("c"), agent("d"), user("e")], agent("f"), {
      "gen_ai.conversation.compacted": true,
    });
    expect(messages(...long, compacted)).toEqual(["user: a", "assistant: b", "user: c", "assistant: d", "user: e", "assistant: f"]);
  });

  test("has no history to compare when each call sends only the newest message", () => {
    expect(messages(chat(1, [user("a")], agent("b")), chat(2, [user("c")], agent("d")), chat(3, [user("yes")], agent("e")))).toEqual([
      "user: a",
      "assistant: b",
      "user: c",
      "assistant: d",
      "user: yes",
      "assistant: e",
    ]);
  });
});

describe("several sessions in one trace", () => {
  test("are told apart by the nearest span above that names one", async () => {
    const agentSpan = (number: number, session: string): Span =>
      span(number, "invoke_agent a", { "gen_ai.operation.name": "invoke_agent", "session.id": session }, parentOf(1));
    const spans = [
      span(1, "POST /batch", {}),
      agentSpan(2, "s-1"),
      chat(3, [user("one")], agent("1"), {}, parentOf(2)),
      agentSpan(4, "s-2"),
      chat(5, [user("two")], agent("2"), {}, parentOf(4)),
    ];
    const store = new MemoryTraceStore();
    await store.add(project, { spans });
    const traces: Trace[] = [];
    for await (const trace of store.read({ project })) traces.push(trace);
    expect(assemble(traces).sessions.map((session) => [session.id, summaryOf(session).messages])).toEqual([
      ["s-1", ["user: one", "assistant: 1"]],
      ["s-2", ["user: two", "assistant: 2"]],
    ]);
  });
});

describe("the main agent's conversation", () => {
  const frame = (number: number, name: string, parent?: number): Span =>
    span(
      number,
      `invoke_agent ${name}`,
      { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name },
      parent === undefined ? {} : parentOf(parent),
    );
  const system = (text: string) => ({ "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: text }]) });

  test("leaves out what a tool's own model calls said", () => {
    const tool = span(3, "execute_tool search", {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "search",
      "gen_ai.tool.call.id": "t",
      "gen_ai.tool.call.result": "found",
    });
    const inside = chat(4, [user("rank these")], agent("ranked"), {}, parentOf(3));
    expect(
      messages(
        chat(2, [user("find it")], asks("t", "search")),
        tool,
        inside,
        chat(5, [user("find it"), asks("t", "search"), answers("t", "found")], agent("here")),
      ),
    ).toEqual(["user: find it", "assistant: → search {}", 'tool: ← "found"', "assistant: here"]);
  });

  test("leaves out a title generator beside the agent, and a classifier beside its calls", () => {
    const spans = [
      span(1, "POST /chat", {}),
      chat(2, [user("classify: refund")], agent("billing"), system("You classify."), parentOf(1)),
      frame(3, "support", 1),
      chat(4, [user("refund")], agent("which order?"), system("You help."), parentOf(3)),
      chat(5, [user("refund"), agent("which order?"), user("A-1")], agent("done"), system("You help."), parentOf(3)),
      chat(6, [user("make a title")], agent("Refund"), system("You write titles."), parentOf(1)),
    ];
    const session = sessionOf(spans);
    expect(summaryOf(session).messages).toEqual(["user: refund", "assistant: which order?", "user: A-1", "assistant: done"]);
    expect(session.instructions.map(({ text }) => text)).toEqual(["You help."]);
    expect(modelCalls(session)).toHaveLength(2);
  });

  test("goes on through a handoff to a second agent that is told the whole conversation", () => {
    const spans = [
      frame(1, "workflow"),
      frame(2, "triage", 1),
      chat(3, [user("refund")], asks("h", "transfer_to_refunds"), system("You triage."), parentOf(2)),
      frame(4, "refunds", 1),
      chat(5, [user("refund"), asks("h", "transfer_to_refunds"), answers("h", "ok")], agent("done"), system("You refund."), parentOf(4)),
    ];
    const session = sessionOf(spans);
    expect(summaryOf(session).messages).toHaveLength(4);
    expect(session.instructions.map(({ text }) => text)).toEqual(["You triage.", "You refund."]);
  });

  test("counts tokens once where spans stand within each other", () => {
    const inner = { "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2 };
    const outer = chat(1, [user("a")], agent("b"), inner);
    const same = chat(2, [user("a")], agent("b"), inner, parentOf(1));
    const counting = span(
      3,
      "generate_content",
      { "gen_ai.operation.name": "generate_content", "gen_ai.request.model": "gpt", ...inner },
      parentOf(2),
    );
    expect(summaryOf(sessionOf([outer, same, counting])).usage).toMatchObject({ input: 10, output: 2 });
  });

  test("is not lost to parents that form a ring", () => {
    const session = sessionOf([chat(1, [user("a")], agent("b"), {}, parentOf(2)), span(2, "x", {}, parentOf(1))]);
    expect(summaryOf(session).messages).toEqual(["user: a", "assistant: b"]);
  });
});

describe("what came with the traces", () => {
  const call = chat(1, [user("a")], agent("b"));
  const evaluation = (score: unknown, more: object = {}) => ({
    events: [
      {
        name: "gen_ai.evaluation.result",
        at: call.startedAt,
        attributes: { "gen_ai.evaluation.name": "helpful", "gen_ai.evaluation.score.value": score as number, ...more },
      },
    ],
  });

  test.each([
    ["within 0..1 stays", 0.25, {}, { score: 0.25 }],
    ["in a known range is put onto 0..1", 4, { "gen_ai.evaluation.score.min": 1, "gen_ai.evaluation.score.max": 5 }, { score: 0.75 }],
    ["outside 0..1 without a range is a label, never a score", 4, {}, { label: "4" }],
    ["outside 0..1 leaves the label that came with it", 4, { "gen_ai.evaluation.score.label": "good" }, { label: "good" }],
    ["outside its own range is a label", 9, { "gen_ai.evaluation.score.min": 1, "gen_ai.evaluation.score.max": 5 }, { label: "9" }],
    ["that is true or false is 1 or 0", true, {}, { score: 1 }],
  ] as const)("a score %s", (_what, score, more, expected) => {
    const [feedback] = sessionOf([{ ...call, ...evaluation(score, more) }]).feedback;
    expect(feedback).toEqual({ spanId: call.spanId, name: "helpful", by: "evaluator", ...expected });
  });

  test("OpenInference's annotations and traceAI's evaluation attributes are feedback, too", () => {
    const judged = span(2, "judge", {
      "annotations.0.annotation.name": "correct",
      "annotations.0.annotation.label": "no",
      "annotations.0.annotation.score": 0,
      "annotations.0.annotation.annotator_kind": "HUMAN",
      "evaluations.0.evaluation.name": "toxic",
      "evaluations.0.evaluation.score": 17,
      "gen_ai.evaluation.name": "grounded",
      "gen_ai.evaluation.score.label": "fail",
      "gen_ai.evaluation.target_span_id": call.spanId,
    });
    expect(sessionOf([call, judged]).feedback.map(({ by, label, name, score, spanId }) => [name, by, score, label, spanId])).toEqual([
      ["correct", "reviewer", 0, "no", judged.spanId],
      ["toxic", "evaluator", undefined, "17", judged.spanId],
      ["grounded", "evaluator", undefined, "fail", call.spanId],
    ]);
  });

  test("names the prompt and the code that a call used", () => {
    const named = chat(1, [user("a")], agent("b"), {
      "gen_ai.prompt.name": "support",
      "gen_ai.prompt.version": 3,
      "code.file.path": "src/agent.py",
      "code.function.name": "answer",
      "code.line.number": 12,
    });
    expect(sessionOf([named]).prompts).toEqual([{ name: "support", version: "3", file: "src/agent.py", function: "answer", line: 12 }]);
    expect(sessionOf([chat(1, [user("a")], agent("b"), { "langfuse.observation.prompt.name": "support" })]).prompts).toEqual([
      { name: "support" },
    ]);
    expect(sessionOf([call]).prompts).toBeUndefined();
  });

  test("cut attributes are marked, and what is left of the session is kept", () => {
    const input = JSON.stringify([user("first"), user("second, which is long")]);
    const cut = sessionOf([chat(1, [], agent("b"), { "gen_ai.input.messages": input.slice(0, -19) })]);
    expect(cut.missing).toContain("truncated");
    expect(summaryOf(cut).messages).toEqual(["user: first", "user: second,", "assistant: b"]);
    // Markdown that begins with a bracket is no broken JSON.
    expect(
      sessionOf([chat(1, [user("a")], agent("b"), { "gen_ai.tool.call.result": "[Population of Tokyo](https://example.org) is" })]).missing,
    ).not.toContain("truncated");
  });

  test("redacted text is a missing part, not something that was said", () => {
    expect(sessionOf([chat(1, [user("<REDACTED>")], agent("b"))]).missing).toContain("messages");
    expect(sessionOf([chat(1, [user("a")], agent("b"), { "gen_ai.system_instructions": "[REDACTED]" })]).missing).toContain("instructions");
  });

  test("spans that nobody reads are counted by dialect, and spans about no model say so", () => {
    expect(assembled(span(1, "weird", { "openinference.span.kind": "UNKNOWN" })).notUnderstood).toEqual([
      { scope: "none", spanName: "weird", dialect: "OpenInference", count: 1, why: "an instrumentation that is not understood yet" },
    ]);
    expect(assembled(span(1, "GET /", { "http.route": "/" })).notUnderstood[0]?.why).toBe("nothing in these spans is about a model");
    expect(assembled(span(1, "embeddings", { "gen_ai.operation.name": "embeddings" }))).toEqual({ sessions: [], notUnderstood: [] });
  });
});

describe("a tool call", () => {
  test("that no message asked for stands where it ran", () => {
    const tool = span(2, "execute_tool look", {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "look",
      "gen_ai.tool.call.arguments": '{"id":1}',
      "gen_ai.tool.call.result": "42",
    });
    const spans = [
      chat(1, [user("a")], agent("let me look")),
      tool,
      chat(3, [user("a"), agent("let me look"), user("Observation: 42")], agent("it is 42")),
    ];
    expect(messages(...spans)).toEqual([
      "user: a",
      "assistant: let me look",
      'assistant: → look {"id":1}',
      'tool: ← "42"',
      "user: Observation: 42",
      "assistant: it is 42",
    ]);
    const session = sessionOf(spans);
    expect(modelCalls(session).map(({ at }) => at)).toEqual([1, 5]);
    expect(toolCalls(session)).toMatchObject([{ tool: "look", output: "42", at: 2, spanId: tool.spanId }]);
  });

  test("whose input was not recorded is a missing part, not a call without arguments", () => {
    const tool = span(2, "execute_tool look", {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "look",
      "gen_ai.tool.call.result": "42",
    });
    expect(sessionOf([chat(1, [user("a")], agent("b")), tool]).missing).toContain("tool-input");
  });

  test("of a dialect without call ids is answered in order, tool by tool", () => {
    const gemini = (name: string, args: object) => ({ functionCall: { name, args } });
    const reply = (name: string, response: object) => ({ functionResponse: { name, response } });
    const input = [
      { role: "user", parts: [{ text: "both" }] },
      { role: "model", parts: [gemini("look", { id: 1 }), gemini("look", { id: 2 }), gemini("ship", {})] },
      { role: "user", parts: [reply("look", { n: 1 }), reply("ship", { ok: true }), reply("look", { n: 2 })] },
    ];
    const session = sessionOf([chat(1, input as never, agent("done"))]);
    expect(toolCalls(session).map(({ input: given, output, tool }) => [tool, given, output])).toEqual([
      ["look", { id: 1 }, { n: 1 }],
      ["look", { id: 2 }, { n: 2 }],
      ["ship", {}, { ok: true }],
    ]);
  });
});

test("sessions of one project never mix with another's user ids", () => {
  const call = chat(1, [user("a")], agent("b"), { "user.id": "ada" });
  const [here] = assemble([traceOf([call])]).sessions;
  const [there] = assemble([{ ...traceOf([call]), project: "other" as Trace["project"] }]).sessions;
  expect(here?.user).toBeDefined();
  expect(here?.user).not.toBe(there?.user);
});
