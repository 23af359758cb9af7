import { z } from "zod";
import type { Json } from "../../domain/ids.ts";
import type { Message, MessagePart, ToolDefinition } from "../../domain/message.ts";

const longestText = 16_000_000;
const text = z.string().max(longestText);

/** A value that instrumentations write as JSON text or as it is. */
export function opened(value: Json | undefined): Json | undefined {
  if (typeof value !== "string" || !/^\s*[[{"]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    // Cut at a length limit, or plain text that happens to begin like JSON.
    return value;
  }
}

const functionCall = z.looseObject({ name: z.string().optional(), arguments: z.json().optional() });
const openaiCall = z.looseObject({
  id: z.string().nullish(),
  name: z.string().optional(),
  arguments: z.json().optional(),
  function: functionCall.optional(),
});
const loosePart = z.looseObject({ type: z.string().optional() });
const looseMessage = z.looseObject({
  role: z.string().optional(),
  parts: z.array(z.union([loosePart, text])).optional(),
  content: z.union([text, z.array(z.union([loosePart, text])), z.looseObject({}), z.null()]).optional(),
  tool_calls: z.array(openaiCall).nullish(),
  tool_call_id: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
});

const roles: Readonly<Record<string, Message["role"]>> = {
  system: "system",
  developer: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  ai: "assistant",
  model: "assistant",
  tool: "tool",
  function: "tool",
};

/** A list of messages in the GenAI schema, in OpenAI's or Anthropic's form, as JSON text or as it is. What is no message is left out. */
export function messagesFrom(value: Json | undefined): readonly Message[] {
  const list = opened(value);
  if (typeof list === "string") return list.trim() === "" ? [] : [{ role: "user", parts: [{ kind: "text", text: list }] }];
  if (list !== null && typeof list === "object" && !Array.isArray(list) && "messages" in list)
    return messagesFrom((list as { readonly messages: Json }).messages);
  const items = Array.isArray(list) ? (list as readonly Json[]) : list === undefined || list === null ? [] : [list];
  return items.flatMap((item) => messageFrom(item) ?? []);
}

export function messageFrom(value: Json, fallback: Message["role"] = "user"): Message | undefined {
  const parsed = looseMessage.safeParse(value);
  if (!parsed.success) return undefined;
  const { content, parts, role: given, tool_call_id: callId, tool_calls: calls } = parsed.data;
  const role = roles[(given ?? "").toLowerCase()] ?? fallback;
  const body =
    parts ??
    (typeof content === "string"
      ? [content]
      : Array.isArray(content)
        ? content
        : content === null || content === undefined
          ? []
          : [content]);
  if (role === "tool" && parts === undefined) {
    const output =
      typeof content === "string" || content === null || content === undefined
        ? (content ?? "")
        : (JSON.parse(JSON.stringify(content)) as Json);
    return { role, parts: [{ kind: "tool-result", id: callId ?? parsed.data.id ?? parsed.data.name ?? "", output }] };
  }
  const own = body.flatMap((part) => partFrom(part));
  return {
    role: own.some((part) => part.kind === "tool-result") && own.every((part) => part.kind === "tool-result") ? "tool" : role,
    parts: [...own, ...(calls ?? []).map((call) => requestFrom(call))],
  };
}

function requestFrom(call: z.infer<typeof openaiCall>): MessagePart {
  const name = call.function?.name ?? call.name ?? "";
  return { kind: "tool-request", id: call.id ?? name, tool: name, input: inputFrom(call.function?.arguments ?? call.arguments) };
}

/** Arguments as JSON where they are JSON text; no arguments are an empty object. */
export function inputFrom(value: Json | undefined): Json {
  if (value === undefined || value === null || value === "") return {};
  return opened(value) ?? {};
}

const textPart = z.looseObject({ content: text.optional(), text: text.optional() });
const callPart = z.looseObject({ id: z.string().nullish(), name: z.string(), arguments: z.json().optional(), input: z.json().optional() });
const responsePart = z.looseObject({
  id: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  tool_use_id: z.string().nullish(),
  response: z.json().optional(),
  result: z.json().optional(),
  output: z.json().optional(),
  content: z.json().optional(),
  is_error: z.boolean().nullish(),
});
const reasoningPart = z.looseObject({
  content: text.optional(),
  text: text.optional(),
  thinking: text.optional(),
  signature: z.string().optional(),
});

type LoosePart = z.infer<typeof loosePart> | string;

function partFrom(part: LoosePart): readonly MessagePart[] {
  if (typeof part === "string") return part === "" ? [] : [{ kind: "text", text: part }];
  switch (part.type) {
    case undefined:
    case "text":
    case "input_text":
    case "output_text":
      return plainPart(part);
    case "reasoning":
    case "thinking":
      return reasoning(part);
    case "tool_call":
    case "tool_use":
    case "function_call":
      return request(part);
    case "tool_call_response":
    case "tool_result":
    case "function_call_output":
      return response(part);
    default:
      return [opaque(part)];
  }
}

const opaque = (part: z.infer<typeof loosePart>): MessagePart => ({
  kind: "opaque",
  provider: "unknown",
  value: JSON.parse(JSON.stringify(part)) as Json,
});

function plainPart(part: z.infer<typeof loosePart>): readonly MessagePart[] {
  const parsed = textPart.safeParse(part);
  const value = parsed.data?.content ?? parsed.data?.text;
  if (value === undefined) return part.type === undefined && Object.keys(part).length === 0 ? [] : [opaque(part)];
  return value === "" ? [] : [{ kind: "text", text: value }];
}

function reasoning(part: z.infer<typeof loosePart>): readonly MessagePart[] {
  const parsed = reasoningPart.safeParse(part);
  if (!parsed.success) return [opaque(part)];
  const { content, signature, text: plain, thinking } = parsed.data;
  return [{ kind: "reasoning", text: content ?? plain ?? thinking ?? "", ...(signature === undefined ? {} : { signature }) }];
}

function request(part: z.infer<typeof loosePart>): readonly MessagePart[] {
  const parsed = callPart.safeParse(part);
  if (!parsed.success) return [opaque(part)];
  const { arguments: given, id, input, name } = parsed.data;
  return [{ kind: "tool-request", id: id ?? name, tool: name, input: inputFrom(given ?? input) }];
}

function response(part: z.infer<typeof loosePart>): readonly MessagePart[] {
  const parsed = responsePart.safeParse(part);
  if (!parsed.success) return [opaque(part)];
  const { content, id, is_error: isError, output, response: answer, result, tool_call_id: callId, tool_use_id: useId } = parsed.data;
  return [
    {
      kind: "tool-result",
      id: id ?? callId ?? useId ?? "",
      output: answer ?? result ?? output ?? content ?? "",
      ...(isError === true ? { isError: true } : {}),
    },
  ];
}

const definition = z.looseObject({
  name: z.string().optional(),
  description: z.string().nullish(),
  parameters: z.json().optional(),
  input_schema: z.json().optional(),
  inputSchema: z.json().optional(),
  annotations: z.looseObject({ readOnlyHint: z.boolean().optional() }).nullish().catch(undefined),
  function: z.looseObject({ name: z.string(), description: z.string().nullish(), parameters: z.json().optional() }).optional(),
});

/** Tool definitions in the GenAI schema, OpenAI's nested or Anthropic's form. */
export function toolsFrom(value: Json | undefined): readonly ToolDefinition[] {
  const list = opened(value);
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((item) => {
    const parsed = definition.safeParse(opened(item));
    if (!parsed.success) return [];
    const { annotations, description, function: nested, input_schema: anthropic, inputSchema, name, parameters } = parsed.data;
    const readOnly = annotations?.readOnlyHint;
    const known = nested?.name ?? name;
    if (known === undefined || known === "") return [];
    return [
      {
        name: known,
        description: nested?.description ?? description ?? "",
        parameters: opened(nested?.parameters ?? parameters ?? anthropic ?? inputSchema) ?? { type: "object", properties: {} },
        ...(readOnly === undefined ? {} : { readOnly }),
      },
    ];
  });
}

/** The text of system instructions: a text, parts, or messages. */
export function instructionsFrom(value: Json | undefined): string | undefined {
  const given = opened(value);
  if (typeof given === "string") return given === "" ? undefined : given;
  if (!Array.isArray(given)) return undefined;
  const texts = (given as readonly Json[]).flatMap((item) => {
    if (typeof item === "string") return [item];
    const parsed = textPart.safeParse(item);
    return parsed.success ? [parsed.data.content ?? parsed.data.text ?? ""] : [];
  });
  const joined = texts.filter((one) => one !== "").join("\n");
  return joined === "" ? undefined : joined;
}
