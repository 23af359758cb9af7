import { asJson } from "../../../domain/digest.ts";
import type { Json } from "../../../domain/ids.ts";
import type { MessagePart } from "../../../domain/message.ts";
import { pythonValue } from "./python-literal.ts";
import { type Fields, fieldsOf, firstOf, listOf, opened, textIn } from "./values.ts";

const callIds = ["call_id", "callId", "toolCallId", "tool_call_id", "tool_use_id", "toolUseId", "id"] as const;
const names = ["name", "toolName", "tool_name"] as const;
const inputs = ["arguments", "args", "input", "parameters", "inputs"] as const;

/** Gemini and older dialects give calls no id: the name stands in until `withCallIds` has seen the whole conversation. */
const unnumbered = (name: string): string => `\u0000${name}`;
export const isUnnumbered = (id: string): boolean => id.startsWith("\u0000");
/** Whether `withCallIds` made this id because the dialect gave none. */
export const isStandIn = (id: string, tool: string): boolean => id === tool || id.startsWith(`${tool}:`);

/** Arguments as JSON where they are JSON text; no arguments are an empty object. */
export function inputFrom(value: Json | undefined): Json {
  if (value === undefined || value === null || value === "") return {};
  return opened(value) ?? {};
}

/** A tool request from any of the known shapes; `undefined` when it names no tool. */
export function requestFrom(given: Fields): MessagePart | undefined {
  const inner = fieldsOf(firstOf(given, "function", "tool_call")) ?? given;
  const nested = fieldsOf(firstOf(inner, "function")) ?? inner;
  const tool = textIn(nested, ...names) ?? textIn(given, ...names);
  if (tool === undefined) return undefined;
  const id = textIn(given, ...callIds) ?? textIn(inner, ...callIds) ?? unnumbered(tool);
  return { kind: "tool-request", id, tool, input: inputFrom(firstOf(nested, ...inputs)) };
}

const failed = (fields: Fields): boolean =>
  fields["is_error"] === true || fields["isError"] === true || fields["status"] === "error" || fields["status"] === "STATUS_ERROR";

/** The AI SDK wraps outputs as `{type, value}`, Bedrock as `[{json}]` or `[{text}]`, Anthropic as `[{type: "text", text}]`. */
export function unwrapped(output: Json): { readonly output: Json; readonly isError: boolean } {
  const value = opened(output) ?? "";
  const fields = fieldsOf(value);
  const type = fields === undefined ? undefined : textIn(fields, "type");
  if (fields !== undefined && type === "function_result" && "result" in fields)
    return { output: fields["result"] ?? "", isError: failed(fields) };
  // OpenAI's Agents SDK answers with one part.
  if (fields !== undefined && type === "text" && typeof fields["text"] === "string")
    return { output: opened(fields["text"]) ?? "", isError: false };
  // Gemini's function response around the answer.
  if (fields !== undefined && "response" in fields && "name" in fields) return { output: fields["response"] ?? "", isError: false };
  const answer = fields === undefined ? undefined : protocolResult(fields);
  if (answer !== undefined) return answer;
  if (fields !== undefined && "value" in fields && type !== undefined && /^(?:error-)?(?:text|json|content)$/.test(type))
    return { output: fields["value"] ?? "", isError: type.startsWith("error-") };
  const items = listOf(value);
  const [only] = items;
  const block = items.length === 1 ? fieldsOf(only) : undefined;
  if (block !== undefined && Object.keys(block).length <= 2) {
    const inner = firstOf(block, "json", "text", "content");
    if (inner !== undefined) return { output: opened(inner) ?? "", isError: false };
  }
  return { output: value, isError: false };
}

const protocolKeys: ReadonlySet<string> = new Set(["content", "isError", "structuredContent", "_meta"]);

/** The Model Context Protocol's `{content: [{type: "text", text}], isError}`. */
function protocolResult(fields: Fields): ReturnType<typeof unwrapped> | undefined {
  const blocks = listOf(fields["content"]);
  const keys = Object.keys(fields);
  if (blocks.length !== 1 || keys.some((key) => !protocolKeys.has(key))) return undefined;
  return { output: unwrapped([...blocks]).output, isError: failed(fields) };
}

/** A tool's answer from any of the known shapes. `content` is read last: some shapes use it for more than the answer. */
export function resultFrom(given: Fields): MessagePart {
  const name = textIn(given, ...names);
  const { isError, output } = unwrapped(firstOf(given, "response", "result", "output", "content", "value") ?? "");
  return {
    kind: "tool-result",
    id: textIn(given, ...callIds) ?? unnumbered(name ?? ""),
    output,
    ...(isError || failed(given) ? { isError: true } : {}),
  };
}

/** Blocks that only Anthropic's API has, so that it can be sent them back as they are. */
const anthropicBlocks: ReadonlySet<string> = new Set(["redacted_thinking", "server_tool_use", "web_search_tool_result"]);

function opaque(value: Json, provider: string): MessagePart {
  const fields = fieldsOf(value) ?? {};
  const type = textIn(fields, "type") ?? "";
  const isAnthropic =
    anthropicBlocks.has(type) ||
    ((type === "image" || type === "document") && textIn(fieldsOf(fields["source"]) ?? {}, "type") !== undefined);
  return { kind: "opaque", provider: isAnthropic ? "anthropic" : provider, value: asJson(value) };
}

function reasoningFrom(given: Fields): MessagePart {
  const summary = listOf(firstOf(given, "summary")).flatMap((item) => textIn(fieldsOf(item) ?? {}, "text") ?? []);
  const text = textIn(given, "content", "text", "thinking", "reasoning") ?? summary.join("\n");
  const signature = textIn(given, "signature", "encrypted_content", "thought_signature", "thoughtSignature");
  return { kind: "reasoning", text, ...(signature === undefined ? {} : { signature }) };
}

const plain = (text: string): readonly MessagePart[] => (text === "" ? [] : [{ kind: "text", text }]);

/** Some instrumentations call Python's `str()` on OpenAI's tool calls and send that as the reply's text. */
function printedCall(text: string): readonly MessagePart[] | undefined {
  if (!text.startsWith("ResponseFunctionToolCall(")) return undefined;
  const request = requestFrom(fieldsOf(pythonValue(text)) ?? {});
  return request === undefined ? undefined : [request];
}

type Reader = (given: Fields, provider: string) => readonly MessagePart[];

const request: Reader = (given, provider) => [requestFrom(given) ?? opaque(given, provider)];
const result: Reader = (given) => [resultFrom(given)];
const reasoning: Reader = (given) => [reasoningFrom(given)];
const text: Reader = (given, provider) => {
  const content = firstOf(given, "content", "text");
  if (typeof content === "string") return printedCall(content) ?? plain(content);
  return Object.keys(given).length <= 1 ? [] : [opaque(given, provider)];
};

/** By the part's `type`, as GenAI, OpenAI, Anthropic, the AI SDK, Bedrock and Pydantic AI write it. */
const byType: Readonly<Record<string, Reader>> = {
  text,
  input_text: text,
  output_text: text,
  refusal: (given) => plain(textIn(given, "refusal") ?? ""),
  reasoning,
  thinking: reasoning,
  tool_call: request,
  tool_use: request,
  toolUse: request,
  "tool-call": request,
  function_call: request,
  function: request,
  tool_call_response: result,
  tool_result: result,
  toolResult: result,
  "tool-result": result,
  function_call_output: result,
  function_call_result: result,
  function_response: result,
};

/** By the key that a part without `type` has, as Gemini and Bedrock write it. */
const byKey: readonly (readonly [keys: readonly string[], read: (inner: Fields) => MessagePart | undefined])[] = [
  [["functionCall", "function_call", "toolUse", "tool_use"], requestFrom],
  [["functionResponse", "function_response", "toolResult", "tool_result"], resultFrom],
  [["reasoningContent"], (inner) => reasoningFrom(fieldsOf(firstOf(inner, "reasoningText")) ?? inner)],
];

function keyed(given: Fields): MessagePart | undefined {
  for (const [keys, read] of byKey) {
    const inner = fieldsOf(firstOf(given, ...keys));
    const part = inner === undefined ? undefined : read(inner);
    if (part !== undefined) return part;
  }
  return undefined;
}

/** One part of a message's content. What nobody knows is kept as it is. */
export function partsFrom(value: Json, provider: string): readonly MessagePart[] {
  if (typeof value === "string") return plain(value);
  const given = fieldsOf(value);
  if (given === undefined) return value === null ? [] : plain(JSON.stringify(value));
  const type = textIn(given, "type");
  if (type !== undefined) return (Object.hasOwn(byType, type) ? byType[type] : undefined)?.(given, provider) ?? [opaque(given, provider)];
  const call = keyed(given);
  if (call !== undefined) return [call];
  if (given["thought"] === true) return reasoning(given, provider);
  return Object.keys(given).length === 0 ? [] : text(given, provider);
}
