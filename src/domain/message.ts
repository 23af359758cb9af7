import type { Json } from "./ids.ts";

/** The OpenTelemetry GenAI message schema in our words: what every dialect is normalised to. */
export type MessagePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string; readonly signature?: string }
  /** Sent back to its provider exactly as it came. */
  | { readonly kind: "opaque"; readonly provider: string; readonly value: Json }
  | { readonly kind: "tool-request"; readonly id: string; readonly tool: string; readonly input: Json }
  | { readonly kind: "tool-result"; readonly id: string; readonly output: Json; readonly isError?: boolean };

export interface Message {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly parts: readonly MessagePart[];
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the input. */
  readonly parameters: Json;
  /** What the tool says of itself (MCP's `readOnlyHint`); absent when it says nothing. */
  readonly readOnly?: boolean;
}

/** Tokens as the provider counted them; `inputTokens` includes the cached ones. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly dollars?: number;
}

export const noUsage: Usage = { inputTokens: 0, outputTokens: 0 };

/** The visible text of a message: its text parts, joined by newlines. */
export function textOf(message: Message): string {
  return message.parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n");
}

export const textMessage = (role: Message["role"], text: string): Message => ({ role, parts: [{ kind: "text", text }] });

/** The tool requests of one message, in order. */
export function toolRequests(message: Message): readonly Extract<MessagePart, { kind: "tool-request" }>[] {
  return message.parts.flatMap((part) => (part.kind === "tool-request" ? [part] : []));
}

/** A tool request of a conversation with the answer that followed it. */
export interface AnsweredRequest {
  readonly request: Extract<MessagePart, { kind: "tool-request" }>;
  /** Index of the message that asked. */
  readonly at: number;
  readonly result?: Extract<MessagePart, { kind: "tool-result" }>;
}

/** All tool requests in order, each with its answer: by id and place, because some providers use an id again in one conversation. */
export function answeredRequests(messages: readonly Message[]): readonly AnsweredRequest[] {
  const all: { request: AnsweredRequest["request"]; at: number; result?: Extract<MessagePart, { kind: "tool-result" }> }[] = [];
  const open = new Map<string, typeof all>();
  for (const [at, message] of messages.entries()) {
    for (const request of toolRequests(message)) {
      const asked = { request, at };
      all.push(asked);
      // A request that was asked again under its id will get no answer any more.
      const same = (open.get(request.id) ?? []).filter((one) => one.at === at);
      open.set(request.id, [...same, asked]);
    }
    for (const part of message.parts) {
      const asked = part.kind === "tool-result" ? open.get(part.id)?.shift() : undefined;
      if (asked !== undefined && part.kind === "tool-result") asked.result = part;
    }
  }
  return all;
}

/** Sums two usages; a field that neither side has stays absent. */
export function addUsage(left: Usage, right: Usage): Usage {
  const optional = (key: "cacheReadTokens" | "cacheWriteTokens" | "dollars") =>
    left[key] === undefined && right[key] === undefined ? {} : { [key]: (left[key] ?? 0) + (right[key] ?? 0) };
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    ...optional("cacheReadTokens"),
    ...optional("cacheWriteTokens"),
    ...optional("dollars"),
  };
}

/** What is left of a usage without another one that is part of it; nothing falls below zero. */
export function subtractUsage(whole: Usage, part: Usage): Usage {
  const less = (left = 0, right = 0): number => Math.max(0, left - right);
  const optional = (key: "cacheReadTokens" | "cacheWriteTokens" | "dollars") =>
    whole[key] === undefined ? {} : { [key]: less(whole[key], part[key]) };
  return {
    inputTokens: less(whole.inputTokens, part.inputTokens),
    outputTokens: less(whole.outputTokens, part.outputTokens),
    ...optional("cacheReadTokens"),
    ...optional("cacheWriteTokens"),
    ...optional("dollars"),
  };
}
