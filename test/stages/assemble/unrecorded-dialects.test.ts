import { describe, expect, test } from "vitest";
import type { Attributes } from "../../../src/domain/ids.ts";
import { modelCalls, type Session, toolCalls } from "../../../src/domain/session.ts";
import type { LogRecord, Span } from "../../../src/domain/span.ts";
import { summaryOf } from "./session-summary.ts";
import { log, parentOf, sessionOf, span } from "./span-builder.ts";

/** Made by hand from each dialect's documentation: no openly licensed recording exists. */

const messages = (session: Session): readonly string[] => summaryOf(session).messages;

describe("Claude Code", () => {
  const scope = { scope: "com.anthropic.claude_code.events", resource: { "service.name": "claude-code", "user.id": "ada" } };
  const event = (second: number, name: string, attributes: Attributes, source = "repl_main_thread"): LogRecord =>
    log(second, `claude_code.${name}`, { "session.id": "s", query_source: source, ...attributes }, scope);
  const body = (value: object): Attributes => ({ body: JSON.stringify(value) });
  const tools = [
    { name: "Bash", description: "Runs a command", input_schema: { type: "object", properties: { command: { type: "string" } } } },
  ];
  const request = (...said: readonly object[]): Attributes =>
    body({ model: "claude-sonnet-4-5", max_tokens: 1000, system: [{ type: "text", text: "You are Claude Code." }], tools, messages: said });
  const asked = { role: "user", content: "what is here?" };
  const call = { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "ls" } };
  const reply = (content: readonly object[], stop: string): Attributes =>
    body({
      content,
      stop_reason: stop,
      usage: { input_tokens: 3, cache_read_input_tokens: 100, cache_creation_input_tokens: 20, output_tokens: 7 },
    });
  const logs: readonly LogRecord[] = [
    event(1, "api_request_body", request(asked)),
    event(2, "api_response_body", reply([{ type: "thinking", thinking: "look", signature: "sig" }, call], "tool_use")),
    event(
      3,
      "api_request_body",
      body({ model: "claude-haiku", messages: [{ role: "user", content: "make a title" }] }),
      "generate_session_title",
    ),
    event(4, "api_response_body", reply([{ type: "text", text: "A title" }], "end_turn"), "generate_session_title"),
    event(
      5,
      "api_request_body",
      request(
        asked,
        { role: "assistant", content: [call] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "README.md" }] },
      ),
    ),
    event(6, "api_response_body", reply([{ type: "text", text: "One file." }], "end_turn")),
  ];

  test("is read from log records alone, which name a session and no trace", () => {
    const session = sessionOf([], logs);
    expect(messages(session)).toEqual([
      "user: what is here?",
      'assistant: [reasoning 4] | → Bash {"command":"ls"}',
      'tool: ← "README.md"',
      "assistant: One file.",
    ]);
    expect(session.instructions.map(({ text }) => text)).toEqual(["You are Claude Code."]);
    expect(session.tools).toEqual([{ name: "Bash", description: "Runs a command", parameters: tools[0]?.input_schema }]);
    expect(modelCalls(session).map(({ finish, model, provider, usage }) => [provider, model, finish, usage])).toEqual([
      ["anthropic", "claude-sonnet-4-5", "tool_call", { inputTokens: 123, outputTokens: 7, cacheReadTokens: 100, cacheWriteTokens: 20 }],
      ["anthropic", "claude-sonnet-4-5", "stop", { inputTokens: 123, outputTokens: 7, cacheReadTokens: 100, cacheWriteTokens: 20 }],
    ]);
    expect(session.missing).toEqual([]);
    expect(session.dialects).toEqual(["Claude Code"]);
  });

  test("counts a call once when its spans come as well, and takes tool results from them", () => {
    const traced = { scope: "com.anthropic.claude_code.tracing" };
    const spans: readonly Span[] = [
      span(1, "claude_code.interaction", { "session.id": "s", "span.type": "interaction", user_prompt: "<REDACTED>" }, traced),
      span(
        2,
        "claude_code.llm_request",
        { "session.id": "s", "span.type": "llm_request", model: "claude-sonnet-4-5", input_tokens: 3, output_tokens: 7 },
        { ...traced, ...parentOf(1) },
      ),
      span(
        3,
        "claude_code.tool",
        { "span.type": "tool", tool_name: "Bash", tool_use_id: "toolu_1", success: false, error: "exit 1" },
        { ...traced, ...parentOf(1) },
      ),
    ];
    const session = sessionOf(spans, logs);
    expect(modelCalls(session)).toHaveLength(2);
    expect(toolCalls(session)).toMatchObject([{ tool: "Bash", error: "exit 1", output: "README.md" }]);
  });

  test("whose request bodies were cut is told by what was typed, answered and run", () => {
    const cut = (record: LogRecord): LogRecord => ({
      ...record,
      attributes: { ...record.attributes, body: JSON.stringify(JSON.parse(record.attributes["body"] as string)).slice(0, 150) },
    });
    const [first, answer, , , second, last] = logs;
    if (first === undefined || answer === undefined || second === undefined || last === undefined) throw new Error("unreachable");
    const ran = span(
      3,
      "claude_code.tool",
      { "span.type": "tool", tool_name: "Bash", tool_use_id: "toolu_1" },
      {
        scope: "com.anthropic.claude_code.tracing",
        events: [{ name: "tool.output", at: first.at, attributes: { output: "README.md" } }],
      },
    );
    const session = sessionOf([ran], [event(1, "user_prompt", { prompt: "what is here?" }), cut(first), answer, cut(second), last]);
    expect(messages(session)).toEqual([
      "user: what is here?",
      'assistant: [reasoning 4] | → Bash {"command":"ls"}',
      'tool: ← "README.md"',
      "assistant: One file.",
    ]);
    expect(session.missing).toContain("truncated");
  });

  test("of a version that names its events in the records' bodies alone", () => {
    const old = logs.map((record): LogRecord => ({ ...record, name: "", body: record.name }));
    expect(messages(sessionOf([], old))).toHaveLength(4);
  });

  test("without raw bodies gives what was typed and answered, and says what is missing", () => {
    const session = sessionOf([], [event(1, "user_prompt", { prompt: "hi" }), event(2, "assistant_response", { response: "hello" })]);
    expect(session.missing).toEqual(expect.arrayContaining(["instructions"]));
    expect(messages(session)).toContain("user: hi");
  });
});

describe("Codex CLI", () => {
  test("gives prompts and tool results from its log records", () => {
    const session = sessionOf(
      [
        span(
          1,
          "session_task.turn",
          { "codex.turn.token_usage.input_tokens": 10, "codex.turn.token_usage.output_tokens": 2, model: "gpt-5.5" },
          { scope: "codex_cli_rs" },
        ),
      ],
      [
        log(1, "codex.user_prompt", { "conversation.id": "s", prompt: "list files" }),
        log(2, "codex.tool_result", {
          "conversation.id": "s",
          tool_name: "shell",
          call_id: "c1",
          arguments: '{"command":["ls"]}',
          output: "a.ts",
          success: "true",
        }),
      ],
    );
    expect(messages(session)).toEqual(["user: list files", 'assistant: → shell {"command":["ls"]}', 'tool: ← "a.ts"']);
    expect(session.missing).toContain("instructions");
  });
});

describe("messages in log records of the conventions", () => {
  test("one event a message (1.28 to 1.36), joined to their span", () => {
    const call = span(1, "chat gpt", { "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt" });
    const on = { traceId: call.traceId, spanId: call.spanId };
    const session = sessionOf(
      [call],
      [
        log(1, "gen_ai.system.message", {}, { ...on, body: { content: "You help." } }),
        log(1, "gen_ai.user.message", {}, { ...on, body: { content: "hi" } }),
        log(2, "gen_ai.choice", {}, { ...on, body: { index: 0, finish_reason: "stop", message: { role: "assistant", content: "hello" } } }),
      ],
    );
    expect(messages(session)).toEqual(["user: hi", "assistant: hello"]);
    expect(session.instructions[0]?.text).toBe("You help.");
    expect(modelCalls(session)[0]?.finish).toBe("stop");
  });

  test("the whole call in one event, whose span was never exported", () => {
    const session = sessionOf(
      [],
      [
        log(
          1,
          "gen_ai.client.inference.operation.details",
          {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt",
            "gen_ai.input.messages": [{ role: "user", parts: [{ type: "text", content: "hi" }] }],
            "gen_ai.output.messages": [{ role: "assistant", parts: [{ type: "text", content: "hello" }], finish_reason: "stop" }],
          },
          { traceId: "a".repeat(32), spanId: "1".repeat(16) },
        ),
      ],
    );
    expect(messages(session)).toEqual(["user: hi", "assistant: hello"]);
    expect(modelCalls(session)).toMatchObject([{ provider: "openai", model: "gpt", finish: "stop" }]);
  });
});

describe("frameworks that write input and output as they are", () => {
  const chat = {
    messages: [
      { role: "system", content: "You help." },
      { role: "user", content: "hi" },
    ],
    temperature: 0.2,
  };
  const reply = { choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "hello" } }] };
  const langchain = {
    messages: [
      [
        { lc: 1, type: "constructor", id: ["langchain", "schema", "messages", "SystemMessage"], kwargs: { content: "You help." } },
        { lc: 1, type: "constructor", id: ["langchain", "schema", "messages", "HumanMessage"], kwargs: { content: "hi" } },
      ],
    ],
  };
  const generations = {
    generations: [
      [
        {
          text: "hello",
          message: { lc: 1, type: "constructor", id: ["langchain", "schema", "messages", "AIMessage"], kwargs: { content: "hello" } },
        },
      ],
    ],
  };

  test.each([
    [
      "LangSmith",
      { "langsmith.span.kind": "llm", "gen_ai.prompt": JSON.stringify(langchain), "gen_ai.completion": JSON.stringify(generations) },
      "langsmith",
    ],
    [
      "Laminar",
      { "lmnr.span.type": "LLM", "lmnr.span.input": JSON.stringify(chat.messages), "lmnr.span.output": JSON.stringify(reply) },
      "lmnr.sdk",
    ],
    [
      "MLflow",
      { "mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanInputs": JSON.stringify(chat), "mlflow.spanOutputs": JSON.stringify(reply) },
      "mlflow",
    ],
    [
      "Genkit",
      {
        "genkit:metadata:subtype": "model",
        "genkit:input": JSON.stringify({
          messages: [
            { role: "system", content: [{ text: "You help." }] },
            { role: "user", content: [{ text: "hi" }] },
          ],
        }),
        "genkit:output": JSON.stringify({ message: { role: "model", content: [{ text: "hello" }] } }),
      },
      "genkit",
    ],
    [
      "Langfuse SDK",
      {
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": JSON.stringify(chat),
        "langfuse.observation.output": "hello",
      },
      "langfuse-sdk",
    ],
    [
      "Pydantic AI",
      {
        "gen_ai.operation.name": "chat",
        model_request_parameters: '{"function_tools":[]}',
        events: JSON.stringify([
          { "event.name": "gen_ai.system.message", content: "You help.", role: "system" },
          { "event.name": "gen_ai.user.message", content: "hi", role: "user" },
          { "event.name": "gen_ai.choice", index: 0, message: { role: "assistant", content: "hello" } },
        ]),
      },
      "pydantic-ai",
    ],
  ] as const)("%s", (dialect, attributes, scope) => {
    const session = sessionOf([span(1, "call", { "gen_ai.request.model": "gpt-4o", ...attributes }, { scope })]);
    expect(messages(session)).toEqual(["user: hi", "assistant: hello"]);
    expect(session.instructions.map(({ text }) => text)).toEqual(["You help."]);
    expect(session.dialects).toEqual([dialect]);
    expect(modelCalls(session)[0]?.provider).toBe("openai");
  });

  test.each([
    ["Laminar", { "lmnr.span.type": "TOOL", "lmnr.span.input": '{"id":1}', "lmnr.span.output": '{"total":3}' }],
    ["MLflow", { "mlflow.spanType": "TOOL", "mlflow.spanInputs": '{"id":1}', "mlflow.spanOutputs": '{"total":3}' }],
    [
      "OpenLLMetry",
      {
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "look",
        "traceloop.entity.input": '{"args":[],"kwargs":{"id":1}}',
        "traceloop.entity.output": '{"total":3}',
      },
    ],
    [
      "OpenInference",
      { "openinference.span.kind": "TOOL", "tool.name": "look", "input.value": "{'id': 1}", "output.value": "{'total': 3}" },
    ],
    [
      "LangSmith",
      {
        "langsmith.span.kind": "tool",
        "gen_ai.tool.name": "look",
        "gen_ai.prompt": '{"input":{"id":1}}',
        "gen_ai.completion": '{"output":{"total":3}}',
      },
    ],
  ] as const)("tools of %s", (_dialect, attributes) => {
    const model = span(1, "chat", {
      "gen_ai.operation.name": "chat",
      "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"a"}]}]',
      "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"t","name":"look","arguments":{"id":1}}]}]',
    });
    const session = sessionOf([model, span(2, "look", attributes)]);
    expect(toolCalls(session)).toMatchObject([{ tool: "look", input: { id: 1 }, output: { total: 3 } }]);
  });
});

test("one trace may mix dialects: Google's agent around OpenLLMetry's client, counted once", () => {
  const outer = span(
    1,
    "call_llm",
    {
      "gen_ai.system": "gcp.vertex.agent",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.usage.input_tokens": 10,
      "gcp.vertex.agent.llm_request": JSON.stringify({
        contents: [{ role: "user", parts: [{ text: "hi" }] }],
        config: { system_instruction: "You help." },
      }),
      "gcp.vertex.agent.llm_response": JSON.stringify({ content: { role: "model", parts: [{ text: "hello" }] }, finish_reason: "STOP" }),
    },
    { scope: "gcp.vertex.agent" },
  );
  const inner = span(
    2,
    "openai.chat",
    {
      "llm.request.type": "chat",
      "gen_ai.system": "openai",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.prompt.0.role": "system",
      "gen_ai.prompt.0.content": "You help.",
      "gen_ai.prompt.1.role": "user",
      "gen_ai.prompt.1.content": "hi",
      "gen_ai.completion.0.role": "assistant",
      "gen_ai.completion.0.content": "hello",
    },
    { scope: "opentelemetry.instrumentation.openai.v1", ...parentOf(1) },
  );
  const session = sessionOf([outer, inner]);
  expect(session.dialects).toEqual(["Google ADK", "OpenLLMetry"]);
  expect(modelCalls(session)).toMatchObject([{ provider: "openai", model: "gpt-4o", usage: { inputTokens: 10 } }]);
});
