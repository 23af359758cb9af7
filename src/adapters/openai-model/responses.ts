import { z } from "zod";
import type { Attributes, Json } from "../../domain/ids.ts";
import type { Message, MessagePart, Usage } from "../../domain/message.ts";
import type { ModelReply, ModelRequest } from "../../ports/model-client.ts";
import { inputOf } from "./chat-completions.ts";

/** Opaque parts of this API; those of Chat Completions mean nothing to it. */
const provider = "openai-responses";

type Item = { readonly [key: string]: unknown };

/** Our parameter names → fields of the Responses API; a seed, stop sequences and penalties have no counterpart there and are left out. */
const parameterNames: ReadonlySet<string> = new Set([
  "temperature",
  "top_p",
  "tool_choice",
  "parallel_tool_calls",
  "service_tier",
  "truncation",
]);

/**
 * The body of `POST /v1/responses`. Nothing is stored at the provider; reasoning comes back encrypted and is sent back in its place, as it
 * came.
 */
export function toResponsesBody(model: string, request: ModelRequest): Record<string, unknown> {
  const parameters = request.parameters ?? {};
  const effort = parameters["reasoning.level"] ?? parameters["reasoning_effort"];
  const tools = (request.tools ?? []).map((tool) => ({
    type: "function",
    name: tool.name,
    description: tool.description,
    parameters: tool.parameters,
    strict: false,
  }));
  return {
    model,
    ...(request.system === "" && request.output === undefined ? {} : { instructions: instructionsOf(request) }),
    input: request.messages.flatMap((message) => toItems(message)),
    max_output_tokens: parameters["max_tokens"] ?? request.maxTokens,
    store: false,
    include: ["reasoning.encrypted_content"],
    ...(tools.length === 0 ? {} : { tools }),
    ...(request.conversation === undefined ? {} : { safety_identifier: request.conversation }),
    ...(request.output === undefined ? {} : { text: { format: { type: "json_object" } } }),
    ...(typeof effort === "string" ? { reasoning: { effort } } : {}),
    ...known(parameters),
  };
}

const known = (parameters: Attributes): Attributes =>
  Object.fromEntries(Object.entries(parameters).filter(([name, value]) => parameterNames.has(name) && value !== null));

function instructionsOf(request: ModelRequest): string {
  if (request.output === undefined) return request.system;
  return `${request.system}\n\nAnswer with one JSON object that follows this JSON Schema, and nothing else:\n${JSON.stringify(request.output)}`;
}

/** A message as input items, its parts in their order. */
function toItems(message: Message): readonly Item[] {
  return message.parts.flatMap((part): readonly Item[] => {
    switch (part.kind) {
      case "text":
        return [{ role: message.role === "assistant" ? "assistant" : "user", content: part.text }];
      case "tool-request":
        return [
          {
            type: "function_call",
            call_id: part.id,
            name: part.tool,
            arguments: typeof part.input === "string" ? part.input : JSON.stringify(part.input),
          },
        ];
      case "tool-result":
        return [
          {
            type: "function_call_output",
            call_id: part.id,
            output: typeof part.output === "string" ? part.output : JSON.stringify(part.output),
          },
        ];
      case "opaque":
        return part.provider === provider && isItem(part.value) ? [part.value] : [];
      case "reasoning":
        // Plain reasoning of a recording has no encrypted form, and the API takes no other.
        return [];
    }
  });
}

const isItem = (value: unknown): value is Item => typeof value === "object" && value !== null && !Array.isArray(value);

const replySchema = z.object({
  status: z.string().nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  output: z.array(z.looseObject({ type: z.string() })).max(1000),
  usage: z
    .object({
      input_tokens: z.number(),
      output_tokens: z.number(),
      input_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
    })
    .nullish(),
});
const messageItem = z.object({
  type: z.literal("message"),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })),
});
const callItem = z.object({ type: z.literal("function_call"), call_id: z.string(), name: z.string(), arguments: z.string() });

/** A reply of the Responses API in our words; `undefined` when it is not one, or one that says it failed. */
export function fromResponsesReply(body: unknown): ModelReply | undefined {
  const parsed = replySchema.safeParse(body);
  if (!parsed.success || parsed.data.status === "failed") return undefined;
  const { incomplete_details: incomplete, output, usage } = parsed.data;
  const parts = output.flatMap((item) => partsOf(item));
  const refused = output.some((item) => messageItem.safeParse(item).data?.content.some((one) => one.type === "refusal") === true);
  const calls = parts.some((part) => part.kind === "tool-request");
  const cut = incomplete?.reason === "max_output_tokens";
  const blocked = incomplete?.reason === "content_filter";
  const finish = refused || blocked ? "refused" : calls ? "tool" : cut ? "length" : "stop";
  return { message: { role: "assistant", parts }, finish, usage: usageOf(usage ?? undefined) };
}

function partsOf(item: Item): readonly MessagePart[] {
  const message = messageItem.safeParse(item);
  if (message.success) {
    const text = message.data.content.map((one) => one.text ?? one.refusal ?? "").join("");
    return text === "" ? [] : [{ kind: "text", text }];
  }
  const call = callItem.safeParse(item);
  if (call.success) return [{ kind: "tool-request", id: call.data.call_id, tool: call.data.name, input: inputOf(call.data.arguments) }];
  return [{ kind: "opaque", provider, value: JSON.parse(JSON.stringify(item)) as Json }];
}

function usageOf(usage: z.infer<typeof replySchema>["usage"]): Usage {
  const cached = usage?.input_tokens_details?.cached_tokens ?? 0;
  return {
    inputTokens: usage?.input_tokens ?? 0,
    outputTokens: usage?.output_tokens ?? 0,
    ...(cached > 0 ? { cacheReadTokens: cached } : {}),
  };
}
