import { z } from "zod";
import type { Json } from "../../domain/ids.ts";
import { type Message, type MessagePart, textOf, type ToolDefinition, toolRequests } from "../../domain/message.ts";
import type { ModelReply } from "../../ports/model-client.ts";
import { type Api, pairingProblem, type ParsedRequest, piecesOf, type ReplyName } from "./api.ts";

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
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          description: z.string().default(""),
          parameters: z.record(z.string(), z.json()).default({}),
        }),
      }),
    )
    .optional(),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.number().int().nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
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
  const { model, stream, stream_options: options } = parsed.data;
  return { ok: true, model, streams: stream === true, streamsUsage: options?.include_usage === true, request: requestOf(parsed.data) };
}

/** An assistant message with tool calls must be followed by exactly their results. */
function orderProblem(messages: readonly WireMessage[]): string | undefined {
  for (const [index, one] of messages.entries()) {
    if (one.role === "tool" && one.tool_call_id === undefined) return `Missing required parameter: 'messages[${index}].tool_call_id'.`;
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

const wireCalls = (reply: ModelReply) =>
  toolRequests(reply.message).map(({ id, input, tool }, index) => ({
    index,
    id,
    type: "function",
    function: { name: tool, arguments: JSON.stringify(input) },
  }));

const usageOf = ({ usage }: ModelReply): object => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cacheReadTokens ?? 0 },
});

const finishReasons: Readonly<Record<ModelReply["finish"], string>> = {
  stop: "stop",
  length: "length",
  tool: "tool_calls",
  refused: "content_filter",
};
/** 2026-01-01: answers carry no clock. */
const created = 1_767_225_600;

/** The deltas of a streamed message, in order: the role, then the text or the calls piece by piece. */
function deltasOf(reply: ModelReply): readonly object[] {
  const calls = wireCalls(reply).flatMap((call) => [
    { tool_calls: [{ ...call, function: { name: call.function.name, arguments: "" } }] },
    ...piecesOf(call.function.arguments).map((piece) => ({ tool_calls: [{ index: call.index, function: { arguments: piece } }] })),
  ]);
  return [
    { role: "assistant", content: "", refusal: null },
    ...piecesOf(textOf(reply.message)).map((piece) => ({ content: piece })),
    ...calls,
  ];
}

const kinds: Readonly<Record<number, { readonly type: string; readonly code?: string }>> = {
  401: { type: "invalid_request_error", code: "invalid_api_key" },
  404: { type: "invalid_request_error", code: "model_not_found" },
  429: { type: "requests", code: "rate_limit_exceeded" },
};

const kindOf = (status: number): { readonly type: string; readonly code?: string } =>
  kinds[status] ?? { type: status >= 500 ? "server_error" : "invalid_request_error" };

/** OpenAI's Chat Completions API. */
export const openaiApi: Api = {
  idHeader: "x-request-id",
  headerRefusal: (headers) =>
    headers.authorization === undefined
      ? { status: 401, message: "You didn't provide an API key. Any key will do, this is a simulation." }
      : undefined,
  parse,
  reply(reply, { id, model }) {
    const calls = wireCalls(reply).map(({ index: _index, ...call }) => call);
    const text = textOf(reply.message);
    const own = {
      role: "assistant",
      content: text === "" ? null : text,
      refusal: null,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    return {
      id: `chatcmpl-${id}`,
      object: "chat.completion",
      created,
      model,
      choices: [{ index: 0, message: own, logprobs: null, finish_reason: finishReasons[reply.finish] }],
      usage: usageOf(reply),
    };
  },
  events(reply, { id, model, streamsUsage = false }: ReplyName) {
    const chunk = (choices: readonly object[], usage: object | null): object => ({
      id: `chatcmpl-${id}`,
      object: "chat.completion.chunk",
      created,
      model,
      choices,
      ...(streamsUsage ? { usage } : {}),
    });
    const choice = (delta: object, finish: string | null): object =>
      chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }], null);
    return [
      ...deltasOf(reply).map((delta) => ({ data: choice(delta, null) })),
      { data: choice({}, finishReasons[reply.finish]) },
      ...(streamsUsage ? [{ data: chunk([], usageOf(reply)) }] : []),
      { data: "[DONE]" },
    ];
  },
  error(status, text) {
    // 529 is Anthropic's own.
    const known = status === 529 ? 503 : status;
    const { code, type } = kindOf(known);
    return { status: known, body: { error: { message: text, type, param: null, code: code ?? null } } };
  },
  unknownModel: (model) => `The model \`${model}\` does not exist or you do not have access to it.`,
};
