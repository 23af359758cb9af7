import { z } from "zod";
import type { Json } from "../../domain/ids.ts";
import type { Message, MessagePart, ToolDefinition } from "../../domain/message.ts";
import type { ModelReply } from "../../ports/model-client.ts";
import { type Api, pairingProblem, type ParsedRequest, piecesOf, type ReplyName, type ServerEvent } from "./api.ts";

const block = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(block).min(1)]);
const body = z.looseObject({
  model: z.string().min(1),
  max_tokens: z.number({ error: "max_tokens: Field required" }).int().min(1),
  messages: z.array(z.looseObject({ role: z.enum(["user", "assistant"]), content })).min(1, "messages: at least one message is required"),
  system: content.optional(),
  tools: z
    .array(
      z.looseObject({
        name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
        description: z.string().default(""),
        input_schema: z.record(z.string(), z.json()),
      }),
    )
    .optional(),
  metadata: z.looseObject({ user_id: z.string().max(512).nullish() }).optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.number().int().min(0).optional(),
  stop_sequences: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
});
type Body = z.infer<typeof body>;
const sampling = ["temperature", "top_p", "top_k", "stop_sequences"] as const;

const textBlock = z.object({
  type: z.literal("text"),
  text: z.string().regex(/\S/, "text content blocks must contain non-whitespace text"),
});
const useBlock = z.object({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.record(z.string(), z.json()) });
const resultBlock = z.object({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: content.optional(),
  is_error: z.boolean().optional(),
});

const textOfContent = (value: z.infer<typeof content> | undefined): string =>
  typeof value === "string" ? value : (value ?? []).map((one) => (typeof one["text"] === "string" ? one["text"] : "")).join("\n");

function parse(value: unknown): ParsedRequest {
  const parsed = body.safeParse(value);
  if (!parsed.success)
    return { ok: false, message: parsed.error.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`).join("; ") };
  const problem = orderProblem(parsed.data);
  if (problem !== undefined) return { ok: false, message: problem };
  const { data } = parsed;
  return { ok: true, model: data.model, streams: data.stream === true, streamsUsage: true, request: requestOf(data) };
}

const idsOf = (message: Body["messages"][number] | undefined, type: "tool_use" | "tool_result"): readonly string[] =>
  typeof message?.content === "string"
    ? []
    : (message?.content ?? []).flatMap((one) => (one.type === type ? [String(type === "tool_use" ? one["id"] : one["tool_use_id"])] : []));

function orderProblem({ messages, tools }: Body): string | undefined {
  if (messages[0]?.role !== "user") return "messages: first message must use the user role";
  for (const [index, message] of messages.entries()) {
    const problem = contentProblem(message) ?? pairingBetween(messages[index - 1], message);
    if (problem !== undefined) return `messages.${index}: ${problem}`;
  }
  if (idsOf(messages.at(-1), "tool_use").length > 0) return "messages: the last message's tool calls have no result";
  const usesTools = messages.some((message) => idsOf(message, "tool_use").length > 0);
  if (usesTools && (tools ?? []).length === 0) return "tools: requests which include `tool_use` or `tool_result` blocks must define tools";
  const names = (tools ?? []).map((tool) => tool.name);
  return new Set(names).size === names.length ? undefined : "tools: tool names must be unique";
}

type WireMessage = Body["messages"][number];

/** An assistant's tool calls are answered by the very next message, whatever its role. */
function pairingBetween(before: WireMessage | undefined, message: WireMessage): string | undefined {
  if (message.role === "assistant" && idsOf(before, "tool_use").length === 0) return undefined;
  return pairingProblem(idsOf(before, "tool_use"), idsOf(message, "tool_result"));
}

function contentProblem({ content: given, role }: WireMessage): string | undefined {
  const blocks = typeof given === "string" ? [] : given;
  const isEmpty =
    typeof given === "string" ? given.trim() === "" : blocks.some((one) => one.type === "text" && !textBlock.safeParse(one).success);
  if (isEmpty) return "text content blocks must contain non-whitespace text";
  const misplaced = blocks.find((one) => one.type === (role === "user" ? "tool_use" : "tool_result"));
  if (misplaced !== undefined) return `${misplaced.type} blocks cannot stand in a message of the ${role}`;
  const malformed = blocks.find(
    (one) =>
      (one.type === "tool_use" && !useBlock.safeParse(one).success) || (one.type === "tool_result" && !resultBlock.safeParse(one).success),
  );
  if (malformed !== undefined) return `${malformed.type}: a required field is missing or has the wrong type`;
  const lastResult = blocks.findLastIndex((one) => one.type === "tool_result");
  const isFirst = blocks.slice(0, lastResult + 1).every((one) => one.type === "tool_result");
  return isFirst ? undefined : "`tool_result` blocks must come first in the content";
}

function requestOf(data: Body) {
  const tools = (data.tools ?? []).map((tool): ToolDefinition => ({
    name: tool.name,
    description: tool.description,
    parameters: tool.input_schema,
  }));
  const parameters = Object.fromEntries(sampling.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name] as Json]])));
  const conversation = data.metadata?.user_id;
  return {
    purpose: "simulated",
    system: textOfContent(data.system),
    messages: data.messages.flatMap((message) => messagesOf(message)),
    tools,
    maxTokens: data.max_tokens,
    parameters: { ...parameters, max_tokens: data.max_tokens },
    ...(conversation === null || conversation === undefined ? {} : { conversation }),
  };
}

/** Tool results become messages of their own, as our form has them. */
function messagesOf(message: Body["messages"][number]): readonly Message[] {
  const parts =
    typeof message.content === "string"
      ? [{ kind: "text" as const, text: message.content }]
      : message.content.flatMap((one) => partOf(one));
  if (message.role === "assistant") return [{ role: "assistant", parts }];
  const results = parts.filter((part) => part.kind === "tool-result").map((part): Message => ({ role: "tool", parts: [part] }));
  const rest = parts.filter((part) => part.kind !== "tool-result");
  return [...results, ...(rest.length === 0 ? [] : [{ role: "user" as const, parts: rest }])];
}

function partOf(one: z.infer<typeof block>): readonly MessagePart[] {
  const text = textBlock.safeParse(one);
  if (text.success) return [{ kind: "text", text: text.data.text }];
  const use = useBlock.safeParse(one);
  if (use.success) return [{ kind: "tool-request", id: use.data.id, tool: use.data.name, input: use.data.input }];
  const result = resultBlock.safeParse(one);
  return result.success
    ? [
        {
          kind: "tool-result",
          id: result.data.tool_use_id,
          output: textOfContent(result.data.content),
          ...(result.data.is_error === true ? { isError: true } : {}),
        },
      ]
    : [];
}

const wireBlock = (part: MessagePart): object =>
  part.kind === "tool-request"
    ? { type: "tool_use", id: part.id, name: part.tool, input: part.input }
    : { type: "text", text: part.kind === "text" ? part.text : "" };

function usageOf({ usage }: ModelReply): object {
  const read = usage.cacheReadTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  return {
    input_tokens: usage.inputTokens - read - written,
    output_tokens: usage.outputTokens,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
  };
}

const shell = (reply: ModelReply, { id, model }: ReplyName): object => ({
  id: `msg_${id}`,
  type: "message",
  role: "assistant",
  model,
  stop_sequence: null,
  usage: usageOf(reply),
});

const stopReasons: Readonly<Record<ModelReply["finish"], string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool: "tool_use",
  refused: "refusal",
};

const typed = (event: string, data: object): ServerEvent => ({ event, data: { type: event, ...data } });

function blockEvents(part: MessagePart, index: number): readonly ServerEvent[] {
  const isCall = part.kind === "tool-request";
  const start = isCall ? { type: "tool_use", id: part.id, name: part.tool, input: {} } : { type: "text", text: "" };
  const deltas = isCall
    ? piecesOf(JSON.stringify(part.input)).map((piece) => ({ type: "input_json_delta", partial_json: piece }))
    : piecesOf(part.kind === "text" ? part.text : "").map((piece) => ({ type: "text_delta", text: piece }));
  return [
    typed("content_block_start", { index, content_block: start }),
    ...deltas.map((delta) => typed("content_block_delta", { index, delta })),
    typed("content_block_stop", { index }),
  ];
}

const names: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/** Anthropic's Messages API, version 2023-06-01. */
export const anthropicApi: Api = {
  idHeader: "request-id",
  headerRefusal(headers) {
    if (headers["x-api-key"] === undefined && headers.authorization === undefined)
      return { status: 401, message: "x-api-key header is required; any key will do, this is a simulation" };
    return headers["anthropic-version"] === undefined ? { status: 400, message: "anthropic-version: header is required" } : undefined;
  },
  parse,
  reply: (reply, name) => ({
    ...shell(reply, name),
    content: reply.message.parts.map((part) => wireBlock(part)),
    stop_reason: stopReasons[reply.finish],
  }),
  events: (reply, name) => [
    typed("message_start", {
      message: { ...shell(reply, name), content: [], stop_reason: null, usage: { ...usageOf(reply), output_tokens: 1 } },
    }),
    typed("ping", {}),
    ...reply.message.parts.flatMap((part, index) => blockEvents(part, index)),
    typed("message_delta", {
      delta: { stop_reason: stopReasons[reply.finish], stop_sequence: null },
      usage: { output_tokens: reply.usage.outputTokens },
    }),
    typed("message_stop", {}),
  ],
  error: (status, message) => ({ status, body: { type: "error", error: { type: names[status] ?? "api_error", message } } }),
  unknownModel: (model) => `model: ${model}`,
};
