import { describe, expect, test } from "vitest";
import type { Json } from "../../../../src/domain/ids.ts";
import type { Message } from "../../../../src/domain/message.ts";
import { contentOf, replyMessages, requestContent } from "../../../../src/stages/assemble/reading/content.ts";
import { messagesFrom } from "../../../../src/stages/assemble/reading/messages.ts";
import { toolsFrom } from "../../../../src/stages/assemble/reading/tool-definitions.ts";

/** The same conversation: a question, a call with one argument, its answer, a reply. */
const conversation: readonly Message[] = [
  { role: "user", parts: [{ kind: "text", text: "where is A-1?" }] },
  { role: "assistant", parts: [{ kind: "tool-request", id: "c1", tool: "look", input: { id: "A-1" } }] },
  { role: "tool", parts: [{ kind: "tool-result", id: "c1", output: { total: 3 } }] },
  { role: "assistant", parts: [{ kind: "text", text: "here" }] },
];
const user = { role: "user", content: "where is A-1?" };
const here = { role: "assistant", content: "here" };

const shapes: readonly (readonly [name: string, messages: Json])[] = [
  [
    "the GenAI conventions",
    [
      { role: "user", parts: [{ type: "text", content: "where is A-1?" }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "c1", name: "look", arguments: { id: "A-1" } }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c1", response: { total: 3 } }] },
      { role: "assistant", parts: [{ type: "text", content: "here" }] },
    ],
  ],
  [
    "OpenAI chat completions",
    [
      user,
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"id":"A-1"}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: '{"total":3}' },
      here,
    ],
  ],
  [
    "OpenAI responses",
    [
      { type: "message", role: "user", content: [{ type: "input_text", text: "where is A-1?" }] },
      { type: "function_call", id: "fc_9", call_id: "c1", name: "look", arguments: '{"id":"A-1"}' },
      { type: "function_call_output", call_id: "c1", output: '{"total":3}' },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "here" }] },
    ],
  ],
  [
    "Anthropic messages",
    [
      user,
      { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "look", input: { id: "A-1" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: '{"total":3}' }] }] },
      { role: "assistant", content: [{ type: "text", text: "here" }] },
    ],
  ],
  [
    "Bedrock",
    [
      { role: "user", content: [{ text: "where is A-1?" }] },
      { role: "assistant", content: [{ toolUse: { toolUseId: "c1", name: "look", input: { id: "A-1" } } }] },
      { role: "user", content: [{ toolResult: { toolUseId: "c1", status: "success", content: [{ json: { total: 3 } }] } }] },
      { role: "assistant", content: [{ text: "here" }] },
    ],
  ],
  [
    "the AI SDK",
    [
      { role: "user", content: [{ type: "text", text: "where is A-1?" }] },
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "c1", toolName: "look", input: { id: "A-1" } }] },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "c1", toolName: "look", output: { type: "json", value: { total: 3 } } }],
      },
      { role: "assistant", content: [{ type: "text", text: "here" }] },
    ],
  ],
  [
    "LangChain",
    [
      { lc: 1, type: "constructor", id: ["langchain_core", "messages", "HumanMessage"], kwargs: { content: "where is A-1?" } },
      { type: "ai", data: { content: "", tool_calls: [{ name: "look", args: { id: "A-1" }, id: "c1", type: "tool_call" }] } },
      { type: "tool", content: '{"total": 3}', tool_call_id: "c1" },
      { type: "ai", content: "here" },
    ],
  ],
  [
    "Gemini with ids",
    [
      { role: "user", parts: [{ text: "where is A-1?" }] },
      { role: "model", parts: [{ functionCall: { id: "c1", name: "look", args: { id: "A-1" } } }] },
      { role: "user", parts: [{ functionResponse: { id: "c1", name: "look", response: { total: 3 } } }] },
      { role: "model", parts: [{ text: "here" }] },
    ],
  ],
  [
    "Pydantic AI",
    [
      { role: "user", parts: [{ type: "text", content: "where is A-1?" }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "c1", name: "look", arguments: '{"id":"A-1"}' }] },
      { role: "user", parts: [{ type: "tool_call_response", id: "c1", name: "look", result: { total: 3 } }] },
      { role: "assistant", parts: [{ type: "text", content: "here" }] },
    ],
  ],
  [
    "Python's print of chat messages",
    "[{'role': 'user', 'content': 'where is A-1?'}, {'role': 'assistant', 'content': None, 'tool_calls': [{'id': 'c1', 'function': {'name': 'look', 'arguments': '{\"id\":\"A-1\"}'}}]}, {'role': 'tool', 'tool_call_id': 'c1', 'content': '{\"total\":3}'}, {'role': 'assistant', 'content': 'here'}]",
  ],
];

describe("a list of messages", () => {
  test.each(shapes)("as %s has it", (_name, given) => {
    expect(contentOf({ input: messagesFrom(given) }).input).toEqual(conversation);
  });

  test.each(shapes)("as %s has it, as JSON text of JSON text", (_name, given) => {
    expect(contentOf({ input: messagesFrom(JSON.stringify(typeof given === "string" ? given : JSON.stringify(given))) }).input).toEqual(
      conversation,
    );
  });

  test("keeps reasoning with its signature, and parts that nobody knows as they are", () => {
    const [message] = messagesFrom([
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "s" },
          { type: "redacted_thinking", data: "x" },
          { type: "image", source: {} },
          { type: "text", text: "b" },
        ],
      },
    ]);
    expect(message?.parts).toEqual([
      { kind: "reasoning", text: "hm", signature: "s" },
      { kind: "opaque", provider: "anthropic", value: { type: "redacted_thinking", data: "x" } },
      { kind: "opaque", provider: "unknown", value: { type: "image", source: {} } },
      { kind: "text", text: "b" },
    ]);
  });

  test.each([
    ["Anthropic's flag", { role: "user", content: [{ type: "tool_result", tool_use_id: "c", is_error: true, content: "no" }] }],
    ["Bedrock's status", { role: "user", content: [{ toolResult: { toolUseId: "c", status: "error", content: [{ text: "no" }] } }] }],
    [
      "the AI SDK's output type",
      { role: "tool", content: [{ type: "tool-result", toolCallId: "c", toolName: "x", output: { type: "error-text", value: "no" } }] },
    ],
    ["MCP's flag", { role: "tool", tool_call_id: "c", content: { content: [{ type: "text", text: "no" }], isError: true } }],
    ["LangChain's status", { type: "tool", tool_call_id: "c", status: "error", content: "no" }],
  ] as const)("knows a failed tool by %s", (_what, given) => {
    expect(messagesFrom([given as unknown as Json])[0]?.parts).toEqual([{ kind: "tool-result", id: "c", output: "no", isError: true }]);
  });

  test("that is none gives nothing", () => {
    for (const given of [null, "", "   ", 0, [], {}, [null, 1, [], {}], [[[]]]] as readonly Json[])
      expect(() => messagesFrom(given)).not.toThrow();
    expect(messagesFrom([null, {}, []])).toEqual([]);
  });
});

describe("a whole request and reply", () => {
  test("is found wherever a provider or framework put its parts", () => {
    const tools = [{ name: "look", description: "Looks", input_schema: { type: "object" } }];
    for (const request of [
      { system: "You help.", messages: [user], tools, temperature: 0.5 },
      { messages: [{ role: "system", content: "You help." }, user], tools, temperature: 0.5 },
      {
        model: "g",
        contents: [{ role: "user", parts: [{ text: "where is A-1?" }] }],
        config: { system_instruction: "You help.", temperature: 0.5, tools: [{ function_declarations: tools }] },
      },
      { instructions: "You help.", input: [user], tools, temperature: 0.5 },
    ]) {
      const content = requestContent(JSON.stringify(request));
      expect(content.instructions).toBe("You help.");
      expect(content.input).toEqual(conversation.slice(0, 1));
      expect(content.tools).toEqual([{ name: "look", description: "Looks", parameters: { type: "object" } }]);
      expect(content.parameters).toMatchObject({ temperature: 0.5 });
    }
  });

  test("is read from lines that begin with a role, as OpenLIT prints a conversation", () => {
    const content = requestContent("system: You help.\nuser: where is A-1?\nIt was blue: very blue.\nassistant: here");
    expect(content.instructions).toBe("You help.");
    expect(content.input.map((message) => [message.role, message.parts])).toEqual([
      ["user", [{ kind: "text", text: "where is A-1?\nIt was blue: very blue." }]],
      ["assistant", [{ kind: "text", text: "here" }]],
    ]);
    expect(requestContent("Dear user: hello").input).toEqual([{ role: "user", parts: [{ kind: "text", text: "Dear user: hello" }] }]);
  });

  test.each([
    ["text", "here"],
    [
      "a chat completion",
      {
        id: "x",
        choices: [
          { index: 0, finish_reason: "stop", message: here },
          { index: 1, finish_reason: "stop", message: { role: "assistant", content: "no" } },
        ],
      },
    ],
    ["an Anthropic message", { role: "assistant", content: [{ type: "text", text: "here" }], stop_reason: "end_turn" }],
    ["a response", { output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "here" }] }] }],
    ["Gemini's candidates", { candidates: [{ content: { role: "model", parts: [{ text: "here" }] }, finishReason: "STOP" }] }],
    ["LangChain's generations", { generations: [[{ text: "here" }]], llm_output: null }],
    ["a state that repeats the conversation", { messages: [user, here] }],
    ["a parts object", { parts: [{ text: "here" }] }],
  ] as const)("reads a reply from %s", (_what, reply) => {
    expect(replyMessages(reply as unknown as Json)).toEqual([{ role: "assistant", parts: [{ kind: "text", text: "here" }] }]);
  });
});

describe("tool definitions", () => {
  const schema = { type: "object", properties: { id: { type: "string" } } };
  const expected = [{ name: "look", description: "Looks", parameters: schema }];
  test.each([
    ["OpenAI, nested", [{ type: "function", function: { name: "look", description: "Looks", parameters: schema } }]],
    ["the conventions", [{ type: "function", name: "look", description: "Looks", parameters: schema }]],
    ["Anthropic", [{ name: "look", description: "Looks", input_schema: schema }]],
    ["the AI SDK, as JSON texts", [JSON.stringify({ type: "function", name: "look", description: "Looks", inputSchema: schema })]],
    [
      "Gemini, types in capitals",
      [
        {
          functionDeclarations: [
            { name: "look", description: "Looks", parameters: { type: "OBJECT", properties: { id: { type: "STRING" } } } },
          ],
        },
      ],
    ],
    ["ADK", [{ function_declarations: [{ name: "look", description: "Looks", parameters_json_schema: schema }] }]],
    ["Bedrock", { tools: [{ toolSpec: { name: "look", description: "Looks", inputSchema: { json: schema } } }] }],
    ["Pydantic AI", { function_tools: [{ name: "look", description: "Looks", parameters_json_schema: schema }] }],
  ] as const)("as %s", (_name, given) => {
    expect(toolsFrom(given as unknown as Json)).toEqual(expected);
    expect(toolsFrom(JSON.stringify(given))).toEqual(expected);
  });

  test("are not there when only names are", () => {
    expect(toolsFrom(["look", "ship"])).toEqual([]);
  });
});
