import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { otlpFileFormat } from "../../src/adapters/otlp/otlp-file-format.ts";
import { transcriptFileFormat } from "../../src/adapters/transcript/transcript-file-format.ts";
import { MemoryTraceStore } from "../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { type Attributes, instant, projectId } from "../../src/domain/ids.ts";
import { textOf } from "../../src/domain/message.ts";
import type { Session } from "../../src/domain/session.ts";
import { modelCalls, toolCalls } from "../../src/domain/session.ts";
import type { Span, Trace } from "../../src/domain/span.ts";
import type { TraceFileFormat } from "../../src/ports/trace-file.ts";
import { type Assembled, assemble } from "../../src/stages/assemble.ts";

const project = projectId("support");
const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

async function assembled(format: TraceFileFormat, file: string, bytes: Uint8Array): Promise<Assembled> {
  const store = new MemoryTraceStore();
  for (const part of format.read(file, bytes)) {
    if (part.kind === "batch") await store.add(project, part.batch);
  }
  const traces: Trace[] = [];
  for await (const trace of store.read({ project })) traces.push(trace);
  return assemble(traces);
}

const only = (result: Assembled): Session => {
  const [session] = result.sessions;
  if (session === undefined || result.sessions.length !== 1) throw new Error(`expected one session, got ${result.sessions.length}`);
  return session;
};

const shape = (session: Session): readonly string[] =>
  session.messages.map(
    (message) =>
      `${message.role}: ${message.parts.map((part) => (part.kind === "tool-request" ? `→${part.tool}` : part.kind === "tool-result" ? "←" : textOf(message).slice(0, 20))).join(" ")}`,
  );

let ids = 0;
function span(name: string, second: number, attributes: Attributes, changes: Partial<Span> = {}): Span {
  ids += 1;
  return {
    traceId: "a".repeat(32),
    spanId: ids.toString(16).padStart(16, "0"),
    name,
    startedAt: instant(`2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`),
    status: "unset",
    attributes,
    events: [],
    resource: {},
    ...changes,
  };
}
const traceOf = (...spans: readonly Span[]): readonly Trace[] => [{ project, key: "s" as Trace["key"], spans, logs: [], feedback: [] }];
const event = (name: string, attributes: Attributes) => ({ name, at: instant("2026-01-01T00:00:00.000Z"), attributes });

describe("sessions from the current GenAI conventions", () => {
  test("have prompt, tools, messages, calls and results of a real agent run", async () => {
    const session = only(await assembled(otlpFileFormat, "a.json", fixture("otlp/generated.ai-sdk-v7.genai.otlp.json")));
    expect(session.instructions[0]?.text).toContain("You are a support agent. Never refund more than the order total.");
    expect(shape(session)).toHaveLength(6);
    expect(toolCalls(session).map((call) => [call.tool, call.error !== undefined])).toEqual([
      ["lookup_order", false],
      ["issue_refund", true],
    ]);
    expect(modelCalls(session)).toHaveLength(3);
    expect(session.tools.map((tool) => tool.name)).toEqual(["lookup_order", "issue_refund"]);
    expect(session.missing).toEqual([]);
    expect(session.dialects).toEqual(["Vercel AI SDK"]);
  });

  const call = (second: number, input: readonly object[], output: object, more: Attributes = {}): Span =>
    span("chat gpt", second, {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt",
      "gen_ai.request.temperature": 0.5,
      "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: "You help." }]),
      "gen_ai.input.messages": JSON.stringify(input),
      "gen_ai.output.messages": JSON.stringify([output]),
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 2,
      ...more,
    });
  const user = (content: string): object => ({ role: "user", parts: [{ type: "text", content }] });
  const agent = (content: string): object => ({ role: "assistant", parts: [{ type: "text", content }] });

  test("merge calls that each repeat the conversation, in whatever order their spans stand", () => {
    const spans = [call(2, [user("a"), agent("b"), user("c")], agent("d")), call(1, [user("a")], agent("b"))];
    const session = only(assemble(traceOf(...spans.toSorted((left, right) => (left.startedAt < right.startedAt ? -1 : 1)))));
    expect(shape(session)).toEqual(["user: a", "assistant: b", "user: c", "assistant: d"]);
    expect(modelCalls(session).map((one) => one.at)).toEqual([1, 3]);
    expect(modelCalls(session)[0]?.parameters).toEqual({ temperature: 0.5 });
  });

  test("count a retried call once in the conversation", () => {
    const session = only(
      assemble(
        traceOf(
          call(1, [user("a")], agent("b")),
          call(2, [user("a")], agent("b")),
          call(3, [user("a"), agent("b"), user("c")], agent("d")),
        ),
      ),
    );
    expect(shape(session)).toEqual(["user: a", "assistant: b", "user: c", "assistant: d"]);
  });

  test("follow a window that has moved on", () => {
    const session = only(
      assemble(
        traceOf(
          call(1, [user("a")], agent("b")),
          call(2, [agent("b"), user("c")], agent("d")),
          call(3, [user("c"), agent("d"), user("e")], agent("f")),
        ),
      ),
    );
    expect(shape(session)).toEqual(["user: a", "assistant: b", "user: c", "assistant: d", "user: e", "assistant: f"]);
  });

  test("take tool answers from tool spans when the messages lack them", () => {
    const asks = { role: "assistant", parts: [{ type: "tool_call", id: "t1", name: "get_order", arguments: { id: 1 } }] };
    const tool = span("execute_tool get_order", 2, {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "get_order",
      "gen_ai.tool.call.id": "t1",
      "gen_ai.tool.call.result": '{"status":"sent"}',
    });
    const session = only(assemble(traceOf(call(1, [user("a")], asks), tool)));
    expect(shape(session)).toEqual(["user: a", "assistant: →get_order", "tool: ←"]);
    expect(toolCalls(session)[0]).toMatchObject({ input: { id: 1 }, output: { status: "sent" } });
  });

  test("leave out what runs inside another agent's frame", () => {
    const main = span("invoke_agent main", 0, { "gen_ai.operation.name": "invoke_agent" });
    const helper = span("invoke_agent helper", 2, { "gen_ai.operation.name": "invoke_agent" }, { parentId: main.spanId });
    const session = only(
      assemble(
        traceOf(main, { ...call(1, [user("a")], agent("b")), parentId: main.spanId }, helper, {
          ...call(3, [user("inner")], agent("thoughts")),
          parentId: helper.spanId,
        }),
      ),
    );
    expect(shape(session)).toEqual(["user: a", "assistant: b"]);
  });

  test("mark what was cut, and what the traces do not carry", () => {
    const cut = call(1, [user("a")], agent("b"), { "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","con' });
    expect(only(assemble(traceOf(cut))).missing).toContain("truncated");
    expect(
      only(assemble(traceOf(span("chat", 1, { "gen_ai.operation.name": "chat", "gen_ai.output.messages": JSON.stringify([agent("b")]) }))))
        .missing,
    ).toEqual(["instructions", "messages", "user", "model"]);
  });

  test("keep reasoning, and parts that nobody knows as they are", () => {
    const odd = {
      role: "assistant",
      parts: [
        { type: "reasoning", content: "hm" },
        { type: "hologram", data: 1 },
        { type: "text", content: "b" },
      ],
    };
    const session = only(assemble(traceOf(call(1, [user("a")], odd))));
    expect(session.messages[1]?.parts.map((part) => part.kind)).toEqual(["reasoning", "opaque", "text"]);
  });

  test("carry evaluation events and a user, who is a digest per project", () => {
    const root = span(
      "invoke_agent a",
      0,
      { "gen_ai.operation.name": "invoke_agent", "user.id": "ada" },
      {
        events: [
          event("gen_ai.evaluation.result", {
            "gen_ai.evaluation.name": "policy",
            "gen_ai.evaluation.score.label": "fail",
            "gen_ai.evaluation.score.value": 0,
          }),
        ],
      },
    );
    const session = only(assemble(traceOf(root, call(1, [user("a")], agent("b")))));
    expect(session.feedback).toEqual([{ spanId: root.spanId, name: "policy", label: "fail", score: 0, by: "evaluator" }]);
    expect(session.user).toMatch(/^sha256:/);
    expect(JSON.stringify(session)).not.toContain('"ada"');
  });
});

describe("sessions from older and hand-written spans", () => {
  test("in one event a message", () => {
    const chat = span(
      "chat",
      1,
      { "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt" },
      {
        events: [
          event("gen_ai.system.message", { content: "You help." }),
          event("gen_ai.user.message", { content: "hi" }),
          event("gen_ai.choice", { index: 0, message: '{"role":"assistant","content":"hello"}' }),
        ],
      },
    );
    const session = only(assemble(traceOf(chat)));
    expect(shape(session)).toEqual(["user: hi", "assistant: hello"]);
    expect(session.instructions[0]?.text).toBe("You help.");
  });

  test("in indexed attributes", () => {
    const chat = span("openai.chat", 1, {
      "gen_ai.system": "openai",
      "gen_ai.request.model": "gpt",
      "gen_ai.prompt.0.role": "system",
      "gen_ai.prompt.0.content": "You help.",
      "gen_ai.prompt.1.role": "user",
      "gen_ai.prompt.1.content": "hi",
      "gen_ai.completion.0.role": "assistant",
      "gen_ai.completion.0.tool_calls.0.name": "look",
      "gen_ai.completion.0.tool_calls.0.id": "t",
      "gen_ai.completion.0.tool_calls.0.arguments": '{"q":1}',
    });
    const session = only(assemble(traceOf(chat)));
    expect(shape(session)).toEqual(["user: hi", "assistant: →look"]);
  });

  test("in the names of the widely copied guide: agent.turn, gen_ai.chat, tool.execute, agent.outcome", () => {
    const turn = span("agent.turn", 0, { "session.id": "s", "user.id": "ada", "agent.outcome": "failed" });
    const child = { parentId: turn.spanId };
    const first = span(
      "gen_ai.chat",
      1,
      { "gen_ai.system": "anthropic", "gen_ai.request.model": "claude", "gen_ai.usage.input_tokens": 5 },
      {
        ...child,
        events: [
          event("gen_ai.prompt", {
            "gen_ai.prompt": JSON.stringify([
              { role: "system", content: "You help." },
              { role: "user", content: "where is it?" },
            ]),
          }),
          event("gen_ai.completion", { "gen_ai.completion": "Let me look." }),
        ],
      },
    );
    const tool = span(
      "tool.execute",
      2,
      { "gen_ai.tool.name": "get_order", "tool.success": false, "tool.input": '{"id":7}', "tool.output": "timeout" },
      child,
    );
    const last = span(
      "gen_ai.chat",
      3,
      { "gen_ai.system": "anthropic", "gen_ai.request.model": "claude" },
      {
        ...child,
        events: [event("gen_ai.prompt", { content: "where is it?" }), event("gen_ai.completion", { content: "I do not know." })],
      },
    );
    const session = only(assemble(traceOf(turn, first, tool, last)));
    expect(shape(session)).toEqual([
      "user: where is it?",
      "assistant: Let me look.",
      "assistant: →get_order",
      "tool: ←",
      "assistant: I do not know.",
    ]);
    expect(toolCalls(session)[0]).toMatchObject({
      tool: "get_order",
      input: { id: 7 },
      output: "timeout",
      error: "the tool reported failure",
    });
    expect(session.feedback).toEqual([{ spanId: turn.spanId, name: "agent.outcome", label: "failed", by: "agent" }]);
    expect(session.instructions[0]?.text).toBe("You help.");
  });

  test("that nobody knows are counted, and nothing is guessed", () => {
    const { notUnderstood, sessions } = assemble(traceOf(span("ai.mystery", 1, { "ai.prompt": "x" }, { scope: "mystery-sdk" })));
    expect(sessions).toEqual([]);
    expect(notUnderstood).toEqual([
      { scope: "mystery-sdk", spanName: "ai.mystery", count: 1, why: "an instrumentation that is not understood yet" },
    ]);
  });
});

describe("sessions from transcripts", () => {
  test("are whole: prompt, calls with results and errors, and the outcome", async () => {
    const { sessions } = await assembled(transcriptFileFormat, "airline.jsonl", fixture("tau-bench/airline.jsonl"));
    expect(sessions).toHaveLength(6);
    for (const session of sessions) {
      expect(session.instructions[0]?.text).toBe(fixture("tau-bench/wiki.md").toString("utf8"));
      expect(session.messages.filter((message) => message.role === "system")).toEqual([]);
      expect(toolCalls(session).every((call) => call.output !== undefined)).toBe(true);
      expect(session.feedback[0]?.name).toBe("outcome");
    }
  });

  test("a longer version of the same session takes the place of the shorter one", async () => {
    const line = (count: number): string =>
      JSON.stringify({
        session_id: "s",
        messages: Array.from({ length: count }, (_, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content: `m${index}` })),
      });
    const session = only(await assembled(transcriptFileFormat, "a.jsonl", Buffer.from(`${line(4)}\n${line(2)}\n`)));
    expect(session.messages).toHaveLength(4);
  });
});
