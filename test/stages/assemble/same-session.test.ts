import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { transcriptFileFormat } from "../../../src/adapters/transcript/transcript-file-format.ts";
import type { Attributes, Json } from "../../../src/domain/ids.ts";
import type { Message, MessagePart } from "../../../src/domain/message.ts";
import { modelCalls, type Session, toolCalls } from "../../../src/domain/session.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { span, traceOf } from "./span-builder.ts";

/** Six real customer-service conversations, written down again as each dialect would have recorded them call by call. */
const file = readFileSync(new URL("../../fixtures/tau-bench/airline.jsonl", import.meta.url));
const originals: readonly Session[] = [...transcriptFileFormat.read("airline.jsonl", file)].flatMap((part) =>
  part.kind === "batch" ? part.batch.spans.flatMap((one) => assemble([traceOf([one])]).sessions) : [],
);

const text = (message: Message): string => message.parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
const requests = (message: Message) => message.parts.flatMap((part) => (part.kind === "tool-request" ? [part] : []));
const results = (message: Message) => message.parts.flatMap((part) => (part.kind === "tool-result" ? [part] : []));
const asText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

const openaiMessage = (message: Message): readonly Json[] =>
  message.role === "tool"
    ? results(message).map((part) => ({ role: "tool", tool_call_id: part.id, content: asText(part.output) }))
    : [
        {
          role: message.role,
          content: text(message) === "" ? null : text(message),
          ...(requests(message).length === 0
            ? {}
            : {
                tool_calls: requests(message).map((part) => ({
                  id: part.id,
                  type: "function",
                  function: { name: part.tool, arguments: JSON.stringify(part.input) },
                })),
              }),
        },
      ];

const genaiPart = (part: MessagePart): Json =>
  part.kind === "text"
    ? { type: "text", content: part.text }
    : part.kind === "tool-request"
      ? { type: "tool_call", id: part.id, name: part.tool, arguments: part.input }
      : part.kind === "tool-result"
        ? { type: "tool_call_response", id: part.id, response: part.output }
        : { type: "unknown" };
const genaiMessage = (message: Message): Json => ({ role: message.role, parts: message.parts.map((part) => genaiPart(part)) });

const flat = (prefix: string, message: Message): readonly (readonly [string, Json])[] =>
  openaiMessage(message).flatMap((one) => {
    const fields = one as { readonly role: string; readonly content: string | null; readonly tool_call_id?: string };
    return [
      [`${prefix}.role`, fields.role],
      ...(fields.content === null ? [] : [[`${prefix}.content`, fields.content] as const]),
      ...(fields.tool_call_id === undefined ? [] : [[`${prefix}.tool_call_id`, fields.tool_call_id] as const]),
    ] as const;
  });

/** One model call's attributes or events, from what it was sent and what it answered. */
type Writer = (
  system: string,
  input: readonly Message[],
  reply: Message,
) => { readonly attributes: Attributes; readonly events?: readonly (readonly [string, Attributes])[]; readonly scope?: string };

const system = (content: string): Message => ({ role: "system", parts: [{ kind: "text", text: content }] });
const base = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o" };

const writers: Readonly<Record<string, Writer>> = {
  "the current conventions": (instructions, input, reply) => ({
    attributes: {
      ...base,
      "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: instructions }]),
      "gen_ai.input.messages": JSON.stringify(input.map((one) => genaiMessage(one))),
      "gen_ai.output.messages": JSON.stringify([genaiMessage(reply)]),
    },
  }),
  "one event a message": (instructions, input, reply) => ({
    attributes: base,
    events: [
      ["gen_ai.system.message", { content: instructions }],
      ...input.flatMap((one) =>
        openaiMessage(one).map((message) => {
          const { role, ...fields } = message as { readonly role: string } & Attributes;
          return [
            `gen_ai.${role}.message`,
            Object.fromEntries(
              Object.entries(fields).flatMap(([key, value]) =>
                value === null ? [] : [[key === "tool_call_id" ? "id" : key, asText(value)]],
              ),
            ),
          ] as const;
        }),
      ),
      ["gen_ai.choice", { index: 0, finish_reason: "stop", message: JSON.stringify(openaiMessage(reply)[0]) }],
    ],
  }),
  "OpenLLMetry's indexed attributes": (instructions, input, reply) => ({
    attributes: {
      "llm.request.type": "chat",
      "gen_ai.system": "openai",
      "gen_ai.request.model": "gpt-4o",
      ...Object.fromEntries(
        [system(instructions), ...input].flatMap((message, index) => [
          ...flat(`gen_ai.prompt.${index}`, message),
          ...requests(message).flatMap((part, call) => [
            [`gen_ai.prompt.${index}.tool_calls.${call}.id`, part.id],
            [`gen_ai.prompt.${index}.tool_calls.${call}.name`, part.tool],
            [`gen_ai.prompt.${index}.tool_calls.${call}.arguments`, JSON.stringify(part.input)],
          ]),
        ]),
      ),
      ...Object.fromEntries([
        ...flat("gen_ai.completion.0", reply),
        ...requests(reply).flatMap((part, call) => [
          [`gen_ai.completion.0.tool_calls.${call}.id`, part.id],
          [`gen_ai.completion.0.tool_calls.${call}.name`, part.tool],
          [`gen_ai.completion.0.tool_calls.${call}.arguments`, JSON.stringify(part.input)],
        ]),
      ]),
    },
  }),
  OpenInference: (instructions, input, reply) => {
    const one = (prefix: string, message: Message) => [
      ...flat(`${prefix}.message`, message),
      ...requests(message).flatMap((part, call) => [
        [`${prefix}.message.tool_calls.${call}.tool_call.id`, part.id],
        [`${prefix}.message.tool_calls.${call}.tool_call.function.name`, part.tool],
        [`${prefix}.message.tool_calls.${call}.tool_call.function.arguments`, JSON.stringify(part.input)],
      ]),
    ];
    return {
      attributes: {
        "openinference.span.kind": "LLM",
        "llm.provider": "openai",
        "llm.model_name": "gpt-4o",
        ...Object.fromEntries([system(instructions), ...input].flatMap((message, index) => one(`llm.input_messages.${index}`, message))),
        ...Object.fromEntries(one("llm.output_messages.0", reply)),
      },
    };
  },
  "Langfuse's SDK around OpenAI": (instructions, input, reply) => ({
    scope: "langfuse-sdk",
    attributes: {
      "langfuse.observation.type": "generation",
      "langfuse.observation.model.name": "gpt-4o",
      "langfuse.observation.input": JSON.stringify({ messages: [system(instructions), ...input].flatMap((one) => openaiMessage(one)) }),
      "langfuse.observation.output": JSON.stringify(openaiMessage(reply)[0]),
    },
  }),
  "MLflow around Anthropic": (instructions, input, reply) => {
    const content = (message: Message): Json =>
      message.parts.map((part): Json =>
        part.kind === "text"
          ? { type: "text", text: part.text }
          : part.kind === "tool-request"
            ? { type: "tool_use", id: part.id, name: part.tool, input: part.input }
            : part.kind === "tool-result"
              ? { type: "tool_result", tool_use_id: part.id, content: asText(part.output) }
              : {},
      );
    return {
      attributes: {
        "mlflow.spanType": "CHAT_MODEL",
        "gen_ai.request.model": "gpt-4o",
        "mlflow.spanInputs": JSON.stringify({
          system: instructions,
          messages: input.map((one) => ({ role: one.role === "tool" ? "user" : one.role, content: content(one) })),
        }),
        "mlflow.spanOutputs": JSON.stringify({ type: "message", role: "assistant", content: content(reply), stop_reason: "end_turn" }),
      },
    };
  },
  "Strands on Bedrock": (instructions, input, reply) => {
    const blocks = (message: Message): Json =>
      message.parts.map((part): Json =>
        part.kind === "text"
          ? { text: part.text }
          : part.kind === "tool-request"
            ? { toolUse: { toolUseId: part.id, name: part.tool, input: part.input } }
            : part.kind === "tool-result"
              ? {
                  toolResult: {
                    toolUseId: part.id,
                    status: "success",
                    content: [typeof part.output === "string" ? { text: part.output } : { json: part.output }],
                  },
                }
              : {},
      );
    return {
      scope: "strands-agents",
      attributes: { "gen_ai.operation.name": "chat", "gen_ai.system": "strands-agents", "gen_ai.request.model": "gpt-4o" },
      events: [
        ["gen_ai.system.message", { content: JSON.stringify([{ text: instructions }]) }],
        ...input.map((one) => [`gen_ai.${one.role}.message`, { content: JSON.stringify(blocks(one)) }] as const),
        ["gen_ai.choice", { finish_reason: "endTurn", message: JSON.stringify(blocks(reply)) }],
      ],
    };
  },
  "the AI SDK": (instructions, input, reply) => {
    const parts = (message: Message): Json =>
      message.parts.map((part): Json =>
        part.kind === "text"
          ? { type: "text", text: part.text }
          : part.kind === "tool-request"
            ? { type: "tool-call", toolCallId: part.id, toolName: part.tool, input: part.input }
            : part.kind === "tool-result"
              ? {
                  type: "tool-result",
                  toolCallId: part.id,
                  toolName: "t",
                  output: typeof part.output === "string" ? { type: "text", value: part.output } : { type: "json", value: part.output },
                }
              : {},
      );
    return {
      scope: "ai",
      attributes: {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.provider": "openai.chat",
        "ai.model.id": "gpt-4o",
        "ai.prompt.messages": JSON.stringify([
          { role: "system", content: instructions },
          ...input.map((one) => ({ role: one.role, content: parts(one) })),
        ]),
        ...(text(reply) === "" ? {} : { "ai.response.text": text(reply) }),
        ...(requests(reply).length === 0
          ? {}
          : {
              "ai.response.toolCalls": JSON.stringify(
                requests(reply).map((part) => ({ toolCallId: part.id, toolName: part.tool, input: JSON.stringify(part.input) })),
              ),
            }),
      },
    };
  },
};

/** The original's calls, each with everything said before it. */
function written(original: Session, writer: Writer): Session {
  const instructions = original.instructions[0]?.text ?? "";
  const spans = original.messages.flatMap((message, index) => {
    if (message.role !== "assistant") return [];
    const { attributes, events = [], scope } = writer(instructions, original.messages.slice(0, index), message);
    const one = span(index + 1, "call", attributes, scope === undefined ? {} : { scope });
    return [{ ...one, events: events.map(([name, values]) => ({ name, at: one.startedAt, attributes: values })) }];
  });
  const [session] = assemble([traceOf(spans)]).sessions;
  if (session === undefined) throw new Error("no session");
  return session;
}

/** White space at the ends and empty texts are no content; results that are JSON texts become JSON. */
const plain = (messages: readonly Message[]): readonly Json[] =>
  messages.map((message) => ({
    role: message.role,
    parts: message.parts.map((part) =>
      part.kind === "text"
        ? part.text.trim()
        : part.kind === "tool-request"
          ? { tool: part.tool, input: part.input }
          : part.kind === "tool-result"
            ? asText(part.output).replace(/\s/g, "")
            : "?",
    ),
  }));

describe("a real conversation is the same session, message by message, when it was recorded in", () => {
  test.each(Object.keys(writers))("%s", (name) => {
    const writer = writers[name];
    if (writer === undefined) throw new Error("no writer");
    expect(originals).toHaveLength(6);
    for (const original of originals) {
      const session = written(original, writer);
      // What came after the last reply was sent to no call.
      const last = original.messages.findLastIndex((message) => message.role === "assistant");
      expect(plain(session.messages)).toEqual(plain(original.messages.slice(0, last + 1)));
      expect(session.instructions.map((one) => one.text)).toEqual(original.instructions.map((one) => one.text));
      expect(modelCalls(session).map((call) => call.at)).toEqual(modelCalls(original).map((call) => call.at));
      const calls = (of: Session): readonly Json[] =>
        toolCalls(of).map((call) => [call.tool, call.at, call.output !== undefined && call.at < last]);
      expect(calls(session)).toEqual(calls(original));
      expect(modelCalls(session)[0]).toMatchObject({ provider: "openai", model: "gpt-4o" });
    }
  });
});
