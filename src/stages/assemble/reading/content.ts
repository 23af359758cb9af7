import type { Attributes, Json } from "../../../domain/ids.ts";
import { type Message, textOf, type ToolDefinition } from "../../../domain/message.ts";
import { messageFrom, messagesFrom, withCallIds } from "./messages.ts";
import { toolsFrom } from "./tool-definitions.ts";
import { type Fields, fieldsOf, firstOf, listOf, opened, textIn } from "./values.ts";

/** What one model call was sent and answered, in our words. System messages are instructions, wherever they stood. */
export interface Content {
  readonly instructions?: string;
  readonly input: readonly Message[];
  readonly output: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  /** Parameters that stood inside a request body. */
  readonly parameters?: Attributes;
  /** Why the model stopped, where only the reply says so. */
  readonly finish?: string;
}

export const nothing: Content = { input: [], output: [], tools: [] };
export const isEmpty = (content: Content): boolean => content.input.length + content.output.length === 0;

const isSystem = (message: Message): boolean => message.role === "system";

interface Given {
  readonly input?: readonly Message[];
  readonly output?: readonly Message[];
  readonly instructions?: string | undefined;
  readonly tools?: readonly ToolDefinition[];
  readonly parameters?: Attributes | undefined;
  readonly finish?: string | undefined;
}

/** Splits system messages off. Instructions of their own field win over system messages that say the same; both are kept when they differ. */
export function contentOf({ finish, input = [], instructions, output = [], parameters, tools = [] }: Given): Content {
  const system = input
    .filter((message) => isSystem(message))
    .map((message) => textOf(message))
    .filter((text) => text !== "")
    .join("\n");
  const both = [instructions ?? "", instructions !== undefined && instructions.includes(system) ? "" : system].filter(
    (text) => text !== "",
  );
  const said = output.filter((message) => message.parts.length > 0);
  const heard = inTurns(input.filter((message) => !isSystem(message) && message.parts.length > 0));
  const calls = withCallIds([...heard, ...said.map((message) => asReply(message))]);
  const split = heard.length;
  return {
    input: calls.slice(0, split),
    output: calls.slice(split),
    tools,
    ...(both.length === 0 ? {} : { instructions: both.join("\n") }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(finish === undefined ? {} : { finish }),
  };
}

/**
 * OpenAI's Responses API lists each tool call, each reasoning and each text of one turn by itself. A history that holds tool results shows where a
 * turn ends, so what lies between belongs together.
 */
function inTurns(messages: readonly Message[]): readonly Message[] {
  if (!messages.some((message) => message.role === "tool")) return messages;
  const turns: Message[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    const isRequest = message.parts.every((part) => part.kind === "tool-request");
    const isThought = last?.parts.every((part) => part.kind === "reasoning" || part.kind === "opaque") ?? false;
    if (last !== undefined && last.role === "assistant" && message.role === "assistant" && (isRequest || isThought))
      turns[turns.length - 1] = { role: "assistant", parts: [...last.parts, ...message.parts] };
    else turns.push(message);
  }
  return turns;
}

const asReply = (message: Message): Message => (message.role === "tool" ? message : { ...message, role: "assistant" });

/** The text of system instructions: a text, parts, or messages, as JSON text or as they are. */
export function instructionsFrom(value: Json | undefined): string | undefined {
  const given = opened(value);
  if (typeof given === "string") return given.trim() === "" ? undefined : given;
  const items = Array.isArray(given) ? (given as readonly Json[]) : [given ?? null];
  const texts = items.flatMap((item) => {
    if (typeof item === "string") return [item];
    const fields = fieldsOf(item);
    if (fields === undefined) return [];
    const inner = firstOf(fields, "parts", "content");
    return typeof inner === "object" ? (instructionsFrom(inner) ?? []) : (textIn(fields, "content", "text") ?? []);
  });
  const joined = texts.filter((text) => text !== "").join("\n");
  return joined === "" ? undefined : joined;
}

const systemKeys = ["system", "instructions", "system_instruction", "systemInstruction", "system_prompt", "systemPrompt"] as const;
const messageKeys = ["messages", "contents", "input", "prompt", "chat_history"] as const;
/** Where frameworks put one user message. */
const sayingKeys = ["prompt", "query", "question", "task", "new_message", "user_prompt", "message", "content", "input", "args"] as const;
const settings: ReadonlySet<string> = new Set([
  "temperature",
  "top_p",
  "topP",
  "top_k",
  "topK",
  "max_tokens",
  "maxTokens",
  "max_output_tokens",
  "maxOutputTokens",
  "max_completion_tokens",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "stop",
  "stop_sequences",
  "tool_choice",
  "toolChoice",
  "reasoning_effort",
  "reasoning",
  "thinking",
  "thinking_config",
  "parallel_tool_calls",
  "response_format",
  "service_tier",
]);

/** The settings of a model call that stand in a request body or a bag of parameters; empty values left out. */
export function settingsIn(fields: Fields): Attributes {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([key, value]) => settings.has(key) && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/**
 * A whole request as a framework or provider writes it: a text, a list of messages, or an object with messages, system prompt, tools and settings
 * under any of the known names.
 */
export function requestContent(value: Json | undefined): Content {
  const given = opened(value);
  const fields = fieldsOf(given);
  if (fields === undefined) return typeof given === "string" ? contentOf({ input: printedMessages(given) }) : splitTools(given);
  const config = fieldsOf(firstOf(fields, "config", "invocation_params", "generation_config", "kwargs")) ?? {};
  const messages = firstList(fields, messageKeys) ?? firstList(config, messageKeys);
  const saying = messages === undefined ? sayingIn(fields) : undefined;
  const own = messages === undefined ? (saying ?? []) : splitTools(messages);
  const { input, instructions, tools } = Array.isArray(own)
    ? { input: own as readonly Message[], instructions: undefined, tools: [] }
    : (own as Content);
  const system = instructionsFrom(firstOf(fields, ...systemKeys) ?? firstOf(config, ...systemKeys));
  const defined = [
    ...toolsFrom(firstOf(fields, "tools", "functions", "toolConfig")),
    ...toolsFrom(firstOf(config, "tools", "functions")),
    ...tools,
  ];
  const joined = [system, instructions].filter((text) => text !== undefined).join("\n");
  return contentOf({
    input,
    instructions: joined === "" ? undefined : joined,
    tools: defined,
    parameters: { ...settingsIn(config), ...settingsIn(fields) },
  });
}

/** OpenLIT and AutoGen print a conversation as lines that begin with a role: `system: …`, `user: …`. Other texts are one user message. */
function printedMessages(text: string): readonly Message[] {
  if (!/^(?:system|developer|user): /.test(text)) return messagesFrom(text);
  return text.split(/\n(?=(?:system|developer|user|assistant|tool): )/).flatMap((line) => {
    const colon = line.indexOf(": ");
    // Python's word for a reply without words.
    if (line.slice(colon + 2) === "None") return [];
    return messageFrom({ role: line.slice(0, colon), content: line.slice(colon + 2) });
  });
}

/** A list of messages, or a text that holds one. */
function firstList(fields: Fields, keys: readonly string[]): Json | undefined {
  for (const key of keys) {
    const value = opened(firstOf(fields, key));
    if (Array.isArray(value) && value.some((item: Json) => typeof opened(item) === "object")) return value;
  }
  return undefined;
}

function sayingIn(fields: Fields): readonly Message[] | undefined {
  for (const key of sayingKeys) {
    const value = opened(firstOf(fields, key));
    const text =
      typeof value === "string"
        ? value
        : listOf(value)
            .filter((item) => typeof item === "string")
            .join("\n");
    // An exporter that walks over a message's keys instead of its fields sends these words.
    if (text === "role" || text === "content") return [];
    if (text !== "") return [{ role: "user", parts: [{ kind: "text", text }] }];
    const inner = fieldsOf(value);
    const message = inner === undefined ? [] : messageFrom(inner);
    if (message.length > 0) return message;
  }
  return firstOf(fields, "role", "parts") === undefined ? undefined : messageFrom(fields);
}

/** LangChain's and Langfuse's lists of messages may hold the tool definitions as messages of the role `tool`. */
function splitTools(value: Json | undefined): Content {
  const given = opened(value);
  const items = listOf(given);
  const isDefinition = (item: Json): boolean => {
    const content = fieldsOf(opened(firstOf(fieldsOf(opened(item)) ?? {}, "content")));
    const inner = fieldsOf(firstOf(content ?? {}, "function"));
    return (
      content?.["type"] === "function" &&
      inner !== undefined &&
      firstOf(inner, "parameters", "description") !== undefined &&
      inner["arguments"] === undefined
    );
  };
  const definitions = items.filter((item) => isDefinition(item));
  const rest = definitions.length === 0 ? given : items.filter((item) => !isDefinition(item));
  return contentOf({
    input: messagesFrom(rest),
    tools: toolsFrom(definitions.map((item) => firstOf(fieldsOf(opened(item)) ?? {}, "content") ?? null)),
  });
}

/** Where a reply's body is found, the innermost first. */
const replyKeys = ["choices", "generations", "candidates", "output", "message", "messages", "response", "result", "outputs"] as const;

/** A whole reply as a framework or provider writes it: a text, messages, parts, or an object around them. */
export function replyMessages(value: Json | undefined, depth = 0): readonly Message[] {
  const given = opened(value);
  if (given === undefined || given === null || depth > 6) return [];
  if (typeof given !== "object") return messagesFrom(given, "assistant");
  if (Array.isArray(given)) return fromList(given as readonly Json[], depth);
  const fields = given as Fields;
  const text = firstOf(fields, "text", "output_text", "final_output");
  const calls = listOf(opened(firstOf(fields, "toolCalls", "tool_calls")));
  if (typeof text === "string" && fields["role"] === undefined && fields["type"] === undefined) {
    const inner = opened(firstOf(fields, "message"));
    const message = inner === undefined ? [] : messageFrom(inner, "assistant");
    // LangChain's generations repeat the text beside a message that may hold the calls only.
    const hasWords = message.some((one) => one.parts.some((part) => part.kind === "text"));
    return messageFrom({ role: "assistant", content: hasWords ? "" : text, tool_calls: [...calls] }, "assistant").concat(message);
  }
  const content = firstOf(fields, "content");
  if (
    fields["role"] !== undefined ||
    fields["lc"] !== undefined ||
    (typeof content === "string" && fields["type"] !== "tool") ||
    Array.isArray(content) ||
    calls.length > 0
  )
    return messageFrom({ role: "assistant", ...fields }, "assistant");
  const inner = fieldsOf(content);
  if (inner !== undefined) return messageFrom({ role: "assistant", ...inner }, "assistant");
  const key = replyKeys.find((one) => firstOf(fields, one) !== undefined);
  return key === undefined ? messageFrom(fields, "assistant") : replyMessages(fields[key], depth + 1);
}

function fromList(list: readonly Json[], depth: number): readonly Message[] {
  const [first] = list;
  if (Array.isArray(first)) return replyMessages(first, depth + 1);
  const fields = fieldsOf(opened(first));
  // Several choices or candidates are alternatives: the first is the one that was used.
  if (
    fields !== undefined &&
    (fields["finish_reason"] !== undefined || fields["finishReason"] !== undefined || fields["text"] !== undefined) &&
    fields["role"] === undefined &&
    fields["type"] === undefined &&
    firstOf(fields, "message", "content", "generationInfo") !== undefined
  )
    return replyMessages(first, depth + 1);
  return oneReply(list.flatMap((item) => messageFrom(item, "assistant")));
}

/** A list of parts or items is one reply. A list that repeats the conversation ends with it. */
function oneReply(messages: readonly Message[]): readonly Message[] {
  const lastOther = messages.findLastIndex((message) => message.role === "user" || message.role === "system");
  const own = messages.slice(lastOther + 1);
  if (own.length <= 1 || own.some((message) => message.role === "tool")) return own;
  return [{ role: "assistant", parts: own.flatMap((message) => message.parts) }];
}

/** Both sides of a call, from a request and a reply of unknown make. */
export function exchange(request: Json | undefined, reply: Json | undefined): Content {
  const asked = requestContent(request);
  const output = replyMessages(reply);
  return contentOf({ ...asked, output, instructions: asked.instructions, parameters: asked.parameters });
}
