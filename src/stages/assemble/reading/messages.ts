import type { Json } from "../../../domain/ids.ts";
import type { Message, MessagePart } from "../../../domain/message.ts";
import { isUnnumbered, partsFrom, requestFrom, resultFrom } from "./parts.ts";
import { type Fields, fieldsOf, firstOf, listOf, opened, textIn } from "./values.ts";

type Role = Message["role"];

const roles: Readonly<Record<string, Role>> = {
  system: "system",
  developer: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  ai: "assistant",
  model: "assistant",
  tool: "tool",
  function: "tool",
  "tool-call": "assistant",
  "tool-response": "tool",
};
const mostMessages = 20_000;

const roleFrom = (name: string | undefined): Role | undefined => {
  const key = (name ?? "").toLowerCase().replace(/messagechunk$|message$/, "");
  return Object.hasOwn(roles, key) ? roles[key] : undefined;
};

/**
 * A list of messages as GenAI, OpenAI (chat and responses), Anthropic, Gemini, Bedrock, LangChain, the AI SDK or Pydantic AI write it, as JSON text or as
 * it is. What is no message is left out; a plain text is one message of `fallback`.
 */
export function messagesFrom(value: Json | undefined, fallback: Role = "user", provider = "unknown"): readonly Message[] {
  const given = opened(value);
  if (given === undefined || given === null) return [];
  if (typeof given !== "object")
    return String(given).trim() === "" ? [] : [{ role: fallback, parts: [{ kind: "text", text: String(given) }] }];
  const list = flat(Array.isArray(given) ? (given as readonly Json[]) : [given]).slice(0, mostMessages);
  return withCallIds(list.flatMap((item) => messageFrom(item, fallback, provider)));
}

/** LangChain writes a batch: a list of one list of messages. */
const flat = (list: readonly Json[]): readonly Json[] => (list.length === 1 && Array.isArray(list[0]) ? listOf(list[0]) : list);

/** One item of a list of messages: usually one message, two when tool results and words stand in one. */
export function messageFrom(value: Json, fallback: Role = "user", provider = "unknown"): readonly Message[] {
  const item = opened(value);
  if (typeof item === "string") return item.trim() === "" ? [] : [{ role: fallback, parts: [{ kind: "text", text: item }] }];
  const outer = fieldsOf(item);
  if (outer === undefined) return [];
  const given = inside(outer);
  const role = roleOf(outer, given) ?? toolRole(given);
  if (role === undefined) return itemWithoutRole(given, fallback, provider);
  return split(role, bodyOf(given, role, provider));
}

/** LangChain keeps the message below `kwargs` or `data`, Pydantic AI's and OpenAI's choices below `message`. */
const inside = (outer: Fields): Fields =>
  fieldsOf(firstOf(outer, "kwargs")) ??
  (typeof outer["type"] === "string" ? fieldsOf(firstOf(outer, "data")) : undefined) ??
  (outer["role"] === undefined ? fieldsOf(opened(firstOf(outer, "message"))) : undefined) ??
  outer;

function roleOf(outer: Fields, given: Fields): Role | undefined {
  const className = listOf(firstOf(outer, "id")).at(-1);
  return (
    roleFrom(textIn(given, "role")) ??
    roleFrom(textIn(outer, "role")) ??
    (typeof className === "string" ? roleFrom(className) : undefined) ??
    roleFrom(textIn(given, "type")) ??
    roleFrom(textIn(outer, "type"))
  );
}

/** LangChain's callbacks write the tool's name where a tool message has its role. */
const toolRole = (given: Fields): Role | undefined =>
  textIn(given, "role") !== undefined && firstOf(given, "content") !== undefined ? "tool" : undefined;

const assistantItems: ReadonlySet<string> = new Set(["function_call", "reasoning", "tool_use", "tool-call", "tool_call", "toolUse"]);

/** OpenAI's Responses API lists calls, results and reasoning beside the messages. */
function itemWithoutRole(given: Fields, fallback: Role, provider: string): readonly Message[] {
  const type = textIn(given, "type") ?? "";
  const hasBody = firstOf(given, "parts", "content", "text") !== undefined;
  if (assistantItems.has(type)) return split("assistant", partsFrom(given, provider));
  if (type === "" && !hasBody && textIn(given, "toolName", "tool_name") !== undefined)
    return split(
      "assistant",
      [requestFrom(given)].flatMap((one) => one ?? []),
    );
  if (type !== "" || hasBody || Object.keys(given).some((key) => /^(?:function|tool)[A-Z_]/.test(key)))
    return split(fallback, hasBody && type === "message" ? bodyOf(given, fallback, provider) : partsOrBody(given, fallback, provider));
  return [];
}

const partsOrBody = (given: Fields, role: Role, provider: string): readonly MessagePart[] =>
  Array.isArray(opened(firstOf(given, "parts", "content"))) ? bodyOf(given, role, provider) : partsFrom(given, provider);

function bodyOf(given: Fields, role: Role, provider: string): readonly MessagePart[] {
  const content = opened(firstOf(given, "parts", "content", "text"));
  const requests = [
    ...listOf(opened(firstOf(given, "tool_calls", "toolCalls"))),
    ...listOf(opened(firstOf(fieldsOf(firstOf(given, "additional_kwargs")) ?? {}, "tool_calls"))),
  ];
  const calls = unique(requests.flatMap((call) => requestFrom(fieldsOf(call) ?? {}) ?? []));
  const legacy = fieldsOf(firstOf(given, "function_call"));
  const own = calls.length === 0 && legacy !== undefined ? [requestFrom(legacy)].flatMap((one) => one ?? []) : calls;
  if (role === "tool") return toolBody(given, content, own, provider);
  const thought = textIn(given, "reasoning_content", "reasoning", "thinking");
  const before: readonly MessagePart[] = thought === undefined ? [] : [{ kind: "reasoning", text: thought }];
  return unique([...before, ...contentParts(content, provider), ...own]);
}

const contentParts = (content: Json | undefined, provider: string): readonly MessagePart[] =>
  content === undefined
    ? []
    : (Array.isArray(content) ? (content as readonly Json[]) : [content]).flatMap((part) => partsFrom(part, provider));

/** A tool message: known parts as they are; anything else is the answer itself. Some dialects write the requests under the role `tool`, too. */
function toolBody(given: Fields, content: Json | undefined, calls: readonly MessagePart[], provider: string): readonly MessagePart[] {
  if (calls.length > 0) return calls;
  const items = listOf(content);
  const asked = items.flatMap((item) =>
    fieldsOf(firstOf(fieldsOf(item) ?? {}, "function")) === undefined ? [] : (requestFrom(fieldsOf(item) ?? {}) ?? []),
  );
  if (items.length > 0 && asked.length === items.length) return asked;
  const parts = items.flatMap((item) => partsFrom(item, provider));
  if (parts.some((part) => part.kind === "tool-result" || part.kind === "tool-request")) return parts;
  return [resultFrom({ ...given, response: content ?? "" })];
}

/** The same call may stand in the content and in `tool_calls`. */
function unique(parts: readonly MessagePart[]): readonly MessagePart[] {
  const seen = new Set<string>();
  return parts.filter((part) => {
    if (part.kind !== "tool-request" || isUnnumbered(part.id)) return true;
    if (seen.has(part.id)) return false;
    seen.add(part.id);
    return true;
  });
}

/** Tool results are a message of the tools, whoever they stand with; tool requests are the assistant's. */
function split(role: Role, parts: readonly MessagePart[]): readonly Message[] {
  const results = parts.filter((part) => part.kind === "tool-result");
  const requests = parts.filter((part) => part.kind === "tool-request");
  const rest = parts.filter((part) => part.kind !== "tool-result");
  if (results.length === 0)
    return parts.length === 0 && role !== "assistant" ? [] : [{ role: requests.length > 0 ? "assistant" : role, parts }];
  const messages: Message[] = [{ role: "tool", parts: results }];
  if (rest.length > 0) messages.push({ role: requests.length > 0 ? "assistant" : role === "tool" ? "user" : role, parts: rest });
  return messages;
}

const isOpen = (id: string): boolean => id === "" || isUnnumbered(id);

/** Gives ids to calls that have none, and answers without an id to the first open call: of the same tool, else of any. */
export function withCallIds(messages: readonly Message[]): readonly Message[] {
  if (!messages.some((message) => message.parts.some((part) => "id" in part && isOpen(part.id)))) return messages;
  const used = new Map<string, number>();
  const open: { readonly id: string; readonly tool: string }[] = [];
  return messages.map((message) => ({
    role: message.role,
    parts: message.parts.map((part) => {
      if (part.kind === "tool-request") {
        const count = (used.get(part.tool) ?? 0) + 1;
        used.set(part.tool, count);
        const id = isOpen(part.id) ? (count === 1 ? part.tool : `${part.tool}:${count}`) : part.id;
        open.push({ id, tool: part.tool });
        return { ...part, id };
      }
      if (part.kind !== "tool-result") return part;
      const tool = part.id.slice(1);
      const at = isOpen(part.id)
        ? Math.max(
            open.findIndex((call) => call.tool === tool),
            tool === "" ? Math.min(0, open.length - 1) : -1,
          )
        : open.findIndex((call) => call.id === part.id);
      const [call] = at < 0 ? [] : open.splice(at, 1);
      return isOpen(part.id) ? { ...part, id: call?.id ?? tool } : part;
    }),
  }));
}
