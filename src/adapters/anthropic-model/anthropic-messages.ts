import { z } from "zod";
import type { Attributes, Json } from "../../domain/ids.ts";
import { textOf, type Message, type MessagePart, type Usage } from "../../domain/message.ts";
import type { ModelReply, ModelRequest } from "../../ports/model-client.ts";

/** A content block of the Messages API, as far as this adapter writes it. */
export type Block = { readonly type: string; readonly [key: string]: unknown };
export interface WireMessage {
  readonly role: "user" | "assistant";
  readonly content: readonly Block[];
}

/** Request parameters that the Messages API knows; others (a seed, penalties) have no counterpart there and are left out. */
const parameterNames: ReadonlySet<string> = new Set([
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "tool_choice",
  "thinking",
  "service_tier",
]);
const cacheHere = { cache_control: { type: "ephemeral" } } as const;

/** The body of `POST /v1/messages` (API version 2023-06-01). Cache breakpoints stand after the tools, the system prompt and the last message. */
export function toMessagesBody(model: string, request: ModelRequest): Record<string, unknown> {
  const tools = (request.tools ?? []).map((tool, index, all) => ({
    name: tool.name,
    description: tool.description,
    input_schema: tool.parameters,
    ...(index === all.length - 1 ? cacheHere : {}),
  }));
  const system = systemText(request);
  return {
    model,
    max_tokens: maxTokensOf(request),
    messages: withBreakpoint(toWireMessages(request.messages)),
    ...(system === "" ? {} : { system: [{ type: "text", text: system, ...cacheHere }] }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(request.conversation === undefined ? {} : { metadata: { user_id: request.conversation } }),
    ...known(request.parameters ?? {}),
  };
}

const maxTokensOf = (request: ModelRequest): number => {
  const recorded = request.parameters?.["max_tokens"];
  return typeof recorded === "number" ? recorded : request.maxTokens;
};

function known(parameters: Attributes): Attributes {
  const kept = Object.fromEntries(Object.entries(parameters).filter(([name, value]) => parameterNames.has(name) && value !== null));
  const choice = toolChoice(parameters);
  return choice === undefined ? kept : { ...kept, tool_choice: choice };
}

/** Traces write the choice as a word or a tool's name, and parallel calls beside it; the API wants one object. */
function toolChoice(parameters: Attributes): Json | undefined {
  const { parallel_tool_calls: parallel, tool_choice: choice } = parameters;
  const alone = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (typeof choice === "string") {
    const words: Readonly<Record<string, string>> = { auto: "auto", any: "any", required: "any", none: "none" };
    const type = Object.hasOwn(words, choice) ? words[choice] : undefined;
    if (type === "none") return { type };
    return type === undefined ? { type: "tool", name: choice, ...alone } : { type, ...alone };
  }
  return choice === undefined && parallel === false ? { type: "auto", ...alone } : undefined;
}

function systemText(request: ModelRequest): string {
  if (request.output === undefined) return request.system;
  return `${request.system}\n\nAnswer with one JSON object that follows this JSON Schema, and nothing else:\n${JSON.stringify(request.output)}`;
}

/** Messages with alternating roles, as the API demands: tool results belong to the user's side; neighbours of one role become one. */
export function toWireMessages(messages: readonly Message[]): WireMessage[] {
  const wire: { role: WireMessage["role"]; content: Block[] }[] = [];
  for (const message of messages) {
    const role = message.role === "assistant" ? "assistant" : "user";
    const content = message.parts.flatMap((part) => toBlocks(part));
    if (content.length === 0) continue;
    const last = wire.at(-1);
    if (last?.role === role) last.content.push(...content);
    else wire.push({ role, content });
  }
  // The API demands that a user begins; some agents greet first.
  if (wire[0]?.role === "assistant") wire.unshift({ role: "user", content: [{ type: "text", text: "(The conversation begins.)" }] });
  return wire;
}

function withBreakpoint(messages: readonly WireMessage[]): readonly WireMessage[] {
  const last = messages.at(-1);
  const block = last?.content.at(-1);
  // Thinking blocks take no breakpoint.
  if (last === undefined || block === undefined || (block.type !== "text" && block.type !== "tool_result")) return messages;
  return [...messages.slice(0, -1), { role: last.role, content: [...last.content.slice(0, -1), { ...block, ...cacheHere }] }];
}

function toBlocks(part: MessagePart): readonly Block[] {
  switch (part.kind) {
    case "text":
      // The API refuses text without a visible character.
      return part.text.trim() === "" ? [] : [{ type: "text", text: part.text }];
    case "reasoning":
      // Thinking is taken back only with the provider's own signature.
      return part.signature === undefined ? [] : [{ type: "thinking", thinking: part.text, signature: part.signature }];
    case "opaque":
      return part.provider === "anthropic" && isBlock(part.value) ? [part.value] : [];
    case "tool-request":
      return [{ type: "tool_use", id: part.id, name: part.tool, input: isRecord(part.input) ? part.input : { value: part.input } }];
    case "tool-result": {
      const content = typeof part.output === "string" ? part.output : JSON.stringify(part.output);
      return [{ type: "tool_result", tool_use_id: part.id, content, ...(part.isError === true ? { is_error: true } : {}) }];
    }
  }
}

const isRecord = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isBlock = (value: unknown): value is Block => isRecord(value) && typeof value["type"] === "string";

const replyBlock = z.looseObject({ type: z.string() });
const replySchema = z.object({
  content: z.array(replyBlock).max(1000),
  stop_reason: z.string().nullish(),
  usage: z.object({
    input_tokens: z.number(),
    output_tokens: z.number(),
    cache_read_input_tokens: z.number().nullish(),
    cache_creation_input_tokens: z.number().nullish(),
  }),
});

const finishes: Readonly<Record<string, ModelReply["finish"]>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool",
  refusal: "refused",
};

/** A reply of the Messages API in our words; `undefined` when it is not one. */
export function fromMessagesReply(body: unknown): ModelReply | undefined {
  const parsed = replySchema.safeParse(body);
  if (!parsed.success) return undefined;
  const parts = parsed.data.content.map((block) => fromBlock(block));
  const message: Message = { role: "assistant", parts: parts.filter((part) => part.kind !== "text" || part.text !== "") };
  const { usage } = parsed.data;
  return { message, finish: finishes[parsed.data.stop_reason ?? "end_turn"] ?? "stop", usage: usageOf(usage) };
}

function usageOf(usage: z.infer<typeof replySchema>["usage"]): Usage {
  const read = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  return {
    inputTokens: usage.input_tokens + read + written,
    outputTokens: usage.output_tokens,
    ...(read > 0 ? { cacheReadTokens: read } : {}),
    ...(written > 0 ? { cacheWriteTokens: written } : {}),
  };
}

const textBlock = z.object({ type: z.literal("text"), text: z.string() });
const toolUse = z.object({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.json() });
const thinking = z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string().optional() });

function fromBlock(block: z.infer<typeof replyBlock>): MessagePart {
  const text = textBlock.safeParse(block);
  if (text.success) return { kind: "text", text: text.data.text };
  const use = toolUse.safeParse(block);
  if (use.success) return { kind: "tool-request", id: use.data.id, tool: use.data.name, input: use.data.input };
  const thought = thinking.safeParse(block);
  if (thought.success) {
    return {
      kind: "reasoning",
      text: thought.data.thinking,
      ...(thought.data.signature === undefined ? {} : { signature: thought.data.signature }),
    };
  }
  return { kind: "opaque", provider: "anthropic", value: JSON.parse(JSON.stringify(block)) as Json };
}

/** Whether a reply holds nothing that a person or a tool could use. */
export const isEmptyReply = (reply: ModelReply): boolean =>
  textOf(reply.message) === "" && reply.message.parts.every((part) => part.kind === "text" || part.kind === "reasoning");
