import { z } from "zod";
import type { Attributes, Json } from "../../domain/ids.ts";
import { type Message, type MessagePart, textOf, toolRequests, type Usage } from "../../domain/message.ts";
import type { ModelReply, ModelRequest } from "../../ports/model-client.ts";

export type WireMessage = { readonly role: "system" | "user" | "assistant" | "tool"; readonly [key: string]: unknown };

/** How this endpoint differs from OpenAI's own. */
export interface Flavour {
  /** OpenAI's own API: `max_completion_tokens` and JSON mode. Compatible and local servers get the older, widely understood names. */
  readonly isOpenai: boolean;
}

/** Our parameter names (`gen_ai.request.*` without the prefix) → the field of the Chat Completions API. */
const parameterNames: Readonly<Record<string, string>> = {
  temperature: "temperature",
  top_p: "top_p",
  top_k: "top_k",
  seed: "seed",
  stop_sequences: "stop",
  frequency_penalty: "frequency_penalty",
  presence_penalty: "presence_penalty",
  tool_choice: "tool_choice",
  parallel_tool_calls: "parallel_tool_calls",
  "reasoning.level": "reasoning_effort",
  reasoning_effort: "reasoning_effort",
  service_tier: "service_tier",
};
/** Sent only where they are known to be taken. */
const notOpenai: ReadonlySet<string> = new Set(["top_k"]);

/** The body of `POST /v1/chat/completions`. */
export function toChatBody(model: string, request: ModelRequest, flavour: Flavour): Record<string, unknown> {
  const maxTokens = request.parameters?.["max_tokens"] ?? request.maxTokens;
  const tools = (request.tools ?? []).map((tool) => ({
    type: "function",
    function: { name: tool.name, description: tool.description, parameters: tool.parameters },
  }));
  const system = systemText(request);
  return {
    model,
    messages: [...(system === "" ? [] : [{ role: "system", content: system }]), ...toWireMessages(request.messages)],
    [flavour.isOpenai ? "max_completion_tokens" : "max_tokens"]: maxTokens,
    ...(tools.length === 0 ? {} : { tools }),
    ...(request.conversation === undefined ? {} : { user: request.conversation }),
    ...(request.output !== undefined && flavour.isOpenai ? { response_format: { type: "json_object" } } : {}),
    ...renamed(request.parameters ?? {}, flavour),
  };
}

function renamed(parameters: Attributes, flavour: Flavour): Attributes {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => {
      const wire = Object.hasOwn(parameterNames, name) ? parameterNames[name] : undefined;
      return wire === undefined || value === null || (flavour.isOpenai && notOpenai.has(name)) ? [] : [[wire, value]];
    }),
  );
}

function systemText(request: ModelRequest): string {
  if (request.output === undefined) return request.system;
  return `${request.system}\n\nAnswer with one JSON object that follows this JSON Schema, and nothing else:\n${JSON.stringify(request.output)}`;
}

/** Our messages in the Chat Completions form; each tool result is a message of its own. */
export const toWireMessages = (messages: readonly Message[]): WireMessage[] => messages.flatMap((message) => toWire(message));

function toWire(message: Message): readonly WireMessage[] {
  if (message.role === "assistant") return [assistantMessage(message)];
  const results = message.parts.flatMap((part): readonly WireMessage[] =>
    part.kind === "tool-result"
      ? [{ role: "tool", tool_call_id: part.id, content: typeof part.output === "string" ? part.output : JSON.stringify(part.output) }]
      : [],
  );
  const text = textOf(message);
  return text === "" && results.length > 0 ? results : [...results, { role: message.role === "system" ? "system" : "user", content: text }];
}

function assistantMessage(message: Message): WireMessage {
  const text = textOf(message);
  const calls = toolRequests(message).map((request) => ({
    id: request.id,
    type: "function",
    function: { name: request.tool, arguments: typeof request.input === "string" ? request.input : JSON.stringify(request.input) },
  }));
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...opaqueFields(message),
  };
}

/** Fields that a compatible server put beside the content (`reasoning_content` …) go back to it as they came. */
function opaqueFields(message: Message): Record<string, Json> {
  const fields: Record<string, Json> = {};
  for (const part of message.parts) {
    if (part.kind !== "opaque" || part.provider !== "openai" || typeof part.value !== "object" || part.value === null) continue;
    for (const [name, value] of Object.entries(part.value)) if (passedBack.has(name)) fields[name] = value;
  }
  return fields;
}

const passedBack: ReadonlySet<string> = new Set(["reasoning_content", "reasoning", "reasoning_details"]);

const toolCall = z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) });
const replySchema = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.looseObject({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z.array(toolCall).max(200).nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: z.number(),
      completion_tokens: z.number(),
      prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
    })
    .nullish(),
});

const finishes: Readonly<Record<string, ModelReply["finish"]>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool",
  function_call: "tool",
  content_filter: "refused",
};

/** A reply of the Chat Completions API in our words; `undefined` when it is not one. A missing usage counts as zero: local servers omit it. */
export function fromChatReply(body: unknown): ModelReply | undefined {
  const parsed = replySchema.safeParse(body);
  const choice = parsed.data?.choices[0];
  if (!parsed.success || choice === undefined) return undefined;
  const { message } = choice;
  const kept = Object.fromEntries(Object.entries(message).filter(([name, value]) => passedBack.has(name) && value !== null)) as Record<
    string,
    Json
  >;
  const parts: MessagePart[] = [
    ...(Object.keys(kept).length === 0 ? [] : [{ kind: "opaque" as const, provider: "openai", value: kept }]),
    ...(message.content === null || message.content === undefined || message.content === ""
      ? []
      : [{ kind: "text" as const, text: message.content }]),
    ...(message.tool_calls ?? []).map((call) => ({
      kind: "tool-request" as const,
      id: call.id,
      tool: call.function.name,
      input: inputOf(call.function.arguments),
    })),
  ];
  const refused = typeof message.refusal === "string" && message.refusal !== "";
  const calls = parts.some((part) => part.kind === "tool-request");
  const finish = refused ? "refused" : calls ? "tool" : (finishes[choice.finish_reason ?? "stop"] ?? "stop");
  return { message: { role: "assistant", parts }, finish, usage: usageOf(parsed.data.usage ?? undefined) };
}

/** A call's arguments. What is no JSON stays text: the recorded-tool resolver and the transcript show it as it was. */
export function inputOf(text: string): Json {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function usageOf(usage: z.infer<typeof replySchema>["usage"]): Usage {
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return {
    inputTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
    ...(cached > 0 ? { cacheReadTokens: cached } : {}),
  };
}
