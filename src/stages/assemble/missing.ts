import type { Message, ToolDefinition } from "../../domain/message.ts";
import { cutAttributes } from "../../domain/receiving/cut-attributes.ts";
import type { Call, Instructions, MissingPart } from "../../domain/session.ts";
import type { LogRecord, Span } from "../../domain/span.ts";
import { isCut } from "./reading/values.ts";

interface MissingScope {
  readonly messages: readonly Message[];
  readonly calls: readonly Call[];
  readonly isBlind: boolean;
  readonly instructions: readonly Instructions[];
  readonly tools: readonly ToolDefinition[];
  readonly hasUser: boolean;
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
}

/** Which parts a session's traces did not carry. */
export function missingOf({ calls, hasUser, instructions, isBlind, logs, messages, spans, tools }: MissingScope): readonly MissingPart[] {
  const tooling = calls.filter((call) => call.kind === "tool");
  const models = calls.filter((call) => call.kind === "model");
  const missing: [MissingPart, boolean][] = [
    ["instructions", instructions.every(({ text }) => isRedacted(text))],
    ["messages", !saysSomething(messages, "user") || !saysSomething(messages, "assistant")],
    ["tool-input", isBlind],
    ["tool-output", tooling.some((call) => call.output === undefined && call.error === undefined)],
    ["tool-definitions", tooling.length > 0 && tools.length === 0],
    ["user", !hasUser],
    ["model", models.length === 0 || models.some((call) => call.model === "unknown")],
    ["truncated", spans.some((span) => wasCut(span)) || logs.some((log) => isCut(log.body) || isCut(log.attributes["body"]))],
  ];
  return missing.flatMap(([part, lacks]) => (lacks ? [part] : []));
}

/** Marks that senders put where text was taken out (traces of Claude Code, OpenInference, OpenAI Agents, Sentry). */
const redactions: ReadonlySet<string> = new Set(["<REDACTED>", "__REDACTED__", "[REDACTED]", "[Filtered]"]);
const isRedacted = (text: string): boolean => redactions.has(text.trim());

function saysSomething(messages: readonly Message[], role: Message["role"]): boolean {
  const own = messages.filter((message) => message.role === role);
  return own.some((message) => message.parts.some((part) => part.kind !== "text" || !isRedacted(part.text)));
}

const contentKey =
  /(?:messages|system_instructions|definitions|input|output|prompt|completion|value|request|response|Inputs|Outputs|arguments|result|content|all_messages|events)$/;

/** A JSON text that ends before its end was cut at an attribute limit; of other texts a store's reader says so. */
const wasCut = (span: Span): boolean =>
  span.attributes[cutAttributes] !== undefined ||
  Object.entries(span.attributes).some(([key, value]) => contentKey.test(key) && isCut(value)) ||
  span.events.some((event) => Object.values(event.attributes).some((value) => isCut(value)));
