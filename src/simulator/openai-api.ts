import { z } from "zod";
import type { Json } from "../domain/ids.ts";
import { type Message, type MessagePart, textOf, type ToolDefinition } from "../domain/message.ts";
import type { ModelReply } from "../ports/model-client.ts";
import { type Api, errorName, pairingProblem, type ParsedRequest } from "./api-reply.ts";

const content = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() })), z.null()]);
const toolCall = z.object({ id: z.string(), type: z.literal("function"), function: z.object({ name: z.string(), arguments: z.string() }) });
const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: content.optional(),
  tool_calls: z.array(toolCall).min(1).optional(),
  tool_call_id: z.string().optional(),
});
const body = z.looseObject({
  model: z.string().min(1, "you must provide a model parameter"),
  messages: z.array(message).min(1, "[] is too short - 'messages'"),
  tools: z
    .array(
      z.object({
        type: z.literal("function"),
        function: z.looseObject({
          name: z.string(),
          description: z.string().default(""),
          parameters: z.record(z.string(), z.json()).default({}),
        }),
      }),
    )
    .optional(),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  user: z.string().optional(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
});
type Body = z.infer<typeof body>;
type WireMessage = z.infer<typeof message>;
const sampling = ["temperature", "top_p", "seed", "frequency_penalty", "presence_penalty"] as const;

const plain = (value: WireMessage["content"]): string =>
  typeof value === "string" ? value : (value ?? []).map((part) => part.text ?? "").join("\n");

function parse(value: unknown): ParsedRequest {
  const parsed = body.safeParse(value);
  if (!parsed.success)
    return { ok: false, message: parsed.error.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`).join("; ") };
  const problem = orderProblem(parsed.data.messages);
  if (problem !== undefined) return { ok: false, message: problem };
  return { ok: true, model: parsed.data.model, streams: parsed.data.stream === true, request: requestOf(parsed.data) };
}

/** An assistant message with tool calls must be followed by exactly their results. */
function orderProblem(messages: readonly WireMessage[]): string | undefined {
  for (const [index, one] of messages.entries()) {
    if (one.role === "tool" && messages[index - 1]?.role !== "tool" && messages[index - 1]?.tool_calls === undefined) {
      return `messages.${index}: messages with role 'tool' must be a response to a preceding message with 'tool_calls'`;
    }
    if (one.tool_calls === undefined) continue;
    const end = messages.findIndex((later, position) => position > index && later.role !== "tool");
    const answers = messages.slice(index + 1, end < 0 ? messages.length : end).map((later) => later.tool_call_id ?? "");
    const pairing = pairingProblem(
      one.tool_calls.map((call) => call.id),
      answers,
    );
    if (pairing !== undefined)
      return `messages.${index}: an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': ${pairing}`;
  }
  return undefined;
}

const isSystem = (one: WireMessage): boolean => one.role === "system" || one.role === "developer";

function requestOf(data: Body) {
  const tools = (data.tools ?? []).map((tool): ToolDefinition => ({
    name: tool.function.name,
    description: tool.function.description,
    parameters: tool.function.parameters,
  }));
  const maxTokens = data.max_completion_tokens ?? data.max_tokens ?? 4096;
  const parameters = Object.fromEntries(
    sampling.flatMap((name) => (data[name] === undefined || data[name] === null ? [] : [[name, data[name] as Json]])),
  );
  return {
    purpose: "simulated",
    system: data.messages
      .filter((one) => isSystem(one))
      .map((one) => plain(one.content))
      .join("\n"),
    messages: data.messages.filter((one) => !isSystem(one)).map((one) => messageOf(one)),
    tools,
    maxTokens,
    parameters: { ...parameters, max_tokens: maxTokens },
    ...(data.user === undefined ? {} : { conversation: data.user }),
  };
}

function messageOf(one: WireMessage): Message {
  if (one.role === "tool")
    return { role: "tool", parts: [{ kind: "tool-result", id: one.tool_call_id ?? "", output: plain(one.content) }] };
  const text = plain(one.content);
  const calls = (one.tool_calls ?? []).map((call): MessagePart => ({
    kind: "tool-request",
    id: call.id,
    tool: call.function.name,
    input: argumentsOf(call.function.arguments),
  }));
  return {
    role: one.role === "assistant" ? "assistant" : "user",
    parts: [...(text === "" ? [] : [{ kind: "text" as const, text }]), ...calls],
  };
}

function argumentsOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

const wireCalls = (reply: ModelReply): readonly object[] =>
  reply.message.parts.flatMap((part, index) =>
    part.kind === "tool-request"
      ? [{ index, id: part.id, type: "function", function: { name: part.tool, arguments: JSON.stringify(part.input) } }]
      : [],
  );

const usageOf = ({ usage }: ModelReply): object => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cacheReadTokens ?? 0 },
});

const finishReason = (reply: ModelReply): string => (reply.finish === "tool" ? "tool_calls" : "stop");
const created = 1_767_225_600;

/** OpenAI's Chat Completions API. */
export const openaiApi: Api = {
  parse,
  reply(reply, model) {
    const calls = wireCalls(reply).map((call) => ({ ...call, index: undefined }));
    const text = textOf(reply.message);
    const own = {
      role: "assistant",
      content: text === "" ? null : text,
      refusal: null,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    return {
      id: "chatcmpl-simulated",
      object: "chat.completion",
      created,
      model,
      choices: [{ index: 0, message: own, logprobs: null, finish_reason: finishReason(reply) }],
      usage: usageOf(reply),
    };
  },
  events(reply, model) {
    const chunk = (delta: object, finish: string | null): object => ({
      id: "chatcmpl-simulated",
      object: "chat.completion.chunk",
      created,
      model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const calls = wireCalls(reply);
    const text = textOf(reply.message);
    return [
      { data: chunk({ role: "assistant", content: "" }, null) },
      ...(text === "" ? [] : [{ data: chunk({ content: text }, null) }]),
      ...(calls.length === 0 ? [] : [{ data: chunk({ tool_calls: calls }, null) }]),
      { data: chunk({}, finishReason(reply)) },
      { data: { id: "chatcmpl-simulated", object: "chat.completion.chunk", created, model, choices: [], usage: usageOf(reply) } },
      { data: "[DONE]" },
    ];
  },
  error: (status, text) => ({ error: { message: text, type: errorName(status), param: null, code: null } }),
};
