import { z } from "zod";
import type { Json } from "../domain/ids.ts";
import type { Message, MessagePart, ToolDefinition } from "../domain/message.ts";
import type { ModelReply } from "../ports/model-client.ts";
import { type Api, errorName, pairingProblem, type ParsedRequest } from "./api-reply.ts";

const block = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(block).min(1)]);
const body = z.looseObject({
  model: z.string().min(1),
  max_tokens: z.number({ error: "max_tokens: Field required" }).int().min(1),
  messages: z.array(z.looseObject({ role: z.enum(["user", "assistant"]), content })).min(1, "messages: at least one message is required"),
  system: content.optional(),
  tools: z
    .array(z.looseObject({ name: z.string(), description: z.string().default(""), input_schema: z.record(z.string(), z.json()) }))
    .optional(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).optional(),
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
  return { ok: true, model: data.model, streams: data.stream === true, request: requestOf(data) };
}

const idsOf = (message: Body["messages"][number] | undefined, type: "tool_use" | "tool_result"): readonly string[] =>
  typeof message?.content === "string"
    ? []
    : (message?.content ?? []).flatMap((one) => (one.type === type ? [String(type === "tool_use" ? one["id"] : one["tool_use_id"])] : []));

function orderProblem({ messages }: Body): string | undefined {
  if (messages[0]?.role !== "user") return "messages: first message must use the user role";
  for (const [index, message] of messages.entries()) {
    const blocks = typeof message.content === "string" ? [] : message.content;
    const empty = blocks.find((one) => one.type === "text" && !textBlock.safeParse(one).success);
    if (empty !== undefined || (typeof message.content === "string" && message.content.trim() === ""))
      return `messages.${index}: text content blocks must contain non-whitespace text`;
    const pairing =
      message.role === "user" ? pairingProblem(idsOf(messages[index - 1], "tool_use"), idsOf(message, "tool_result")) : undefined;
    if (pairing !== undefined) return `messages.${index}: ${pairing}`;
  }
  return idsOf(messages.at(-1), "tool_use").length > 0 ? "messages: the last message's tool calls have no result" : undefined;
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

const shell = (reply: ModelReply, model: string): object => ({
  id: "msg_simulated",
  type: "message",
  role: "assistant",
  model,
  stop_sequence: null,
  usage: usageOf(reply),
});
const stopReason = (reply: ModelReply): string => (reply.finish === "tool" ? "tool_use" : "end_turn");

/** Anthropic's Messages API, version 2023-06-01. */
export const anthropicApi: Api = {
  parse,
  reply: (reply, model) => ({
    ...shell(reply, model),
    content: reply.message.parts.map((part) => wireBlock(part)),
    stop_reason: stopReason(reply),
  }),
  events: (reply, model) => [
    { event: "message_start", data: { type: "message_start", message: { ...shell(reply, model), content: [], stop_reason: null } } },
    ...reply.message.parts.flatMap((part, index) => {
      const isCall = part.kind === "tool-request";
      const start = isCall ? { type: "tool_use", id: part.id, name: part.tool, input: {} } : { type: "text", text: "" };
      const delta = isCall
        ? { type: "input_json_delta", partial_json: JSON.stringify(part.input) }
        : { type: "text_delta", text: part.kind === "text" ? part.text : "" };
      return [
        { event: "content_block_start", data: { type: "content_block_start", index, content_block: start } },
        { event: "content_block_delta", data: { type: "content_block_delta", index, delta } },
        { event: "content_block_stop", data: { type: "content_block_stop", index } },
      ];
    }),
    {
      event: "message_delta",
      data: {
        type: "message_delta",
        delta: { stop_reason: stopReason(reply), stop_sequence: null },
        usage: { output_tokens: reply.usage.outputTokens },
      },
    },
    { event: "message_stop", data: { type: "message_stop" } },
  ],
  error: (status, message) => ({ type: "error", error: { type: errorName(status), message } }),
};
