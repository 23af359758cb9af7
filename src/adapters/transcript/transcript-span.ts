import { digestOf, shortDigest } from "../../domain/digest.ts";
import { type Attributes, instant, type Instant, type Json } from "../../domain/ids.ts";
import type { Feedback, Span } from "../../domain/span.ts";
import type { Transcript, TranscriptMessage } from "./transcript-schema.ts";

/** The instrumentation scope under which a transcript is stored; its one span holds the whole conversation, replies included. */
export const transcriptScope = "tuneup.transcript";

/** Before OpenTelemetry existed: shows at a glance that nothing says when a session was. */
const noTime = instant("2000-01-01T00:00:00.000Z");

/**
 * A transcript as one `invoke_agent` span of the current GenAI conventions. Its ids are digests of its content, so reading it twice changes
 * nothing, and a longer version of the same session is another span beside the first. One that names no time counts as of `readAt`.
 */
export function transcriptSpan(
  transcript: Transcript,
  readAt: Instant = noTime,
): { readonly span: Span; readonly feedback: readonly Feedback[] } {
  const id = String(transcript.session_id);
  const content = shortDigest(digestOf(JSON.stringify(transcript)), 48);
  const startedAt = isUndated(transcript) ? readAt : instant(new Date(transcript.started_at ?? 0).toISOString());
  const span: Span = {
    traceId: shortDigest(digestOf(`transcript ${id}`), 32),
    spanId: content.slice(0, 16),
    name: "invoke_agent",
    startedAt,
    endedAt: startedAt,
    status: "unset",
    scope: transcriptScope,
    attributes: attributesOf(transcript, id),
    events: [],
    resource: {},
  };
  return { span, feedback: feedbackOf(transcript) };
}

/** Whether a transcript names no time. */
export const isUndated = ({ started_at: startedAt }: Transcript): boolean => startedAt === null || startedAt === undefined;

function attributesOf(transcript: Transcript, id: string): Attributes {
  const instructions = transcript.messages
    .filter((message) => message.role === "system" || message.role === "developer")
    .map((message) => ({ type: "text", content: textOf(message) }));
  const conversation = transcript.messages
    .filter((message) => message.role !== "system" && message.role !== "developer")
    .map((message) => toMessage(message));
  const parameters = Object.entries(transcript.parameters ?? {}).map(([key, value]) => [`gen_ai.request.${key}`, value] as const);
  const given = (value: string | number | null | undefined, key: string): Attributes =>
    value === null || value === undefined || value === "" ? {} : { [key]: String(value) };
  return {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.conversation.id": id,
    "gen_ai.provider.name": transcript.provider ?? providerOf(transcript.model ?? ""),
    "gen_ai.input.messages": JSON.stringify(conversation),
    ...(instructions.length === 0 ? {} : { "gen_ai.system_instructions": JSON.stringify(instructions) }),
    ...(transcript.tools === null || transcript.tools === undefined
      ? {}
      : { "gen_ai.tool.definitions": JSON.stringify(transcript.tools.map((tool) => definitionOf(tool))) }),
    ...given(transcript.model, "gen_ai.request.model"),
    ...given(transcript.user, "user.id"),
    ...given(transcript.agent, "gen_ai.agent.name"),
    ...Object.fromEntries(parameters),
  };
}

const providerOf = (model: string): string => (/^claude/i.test(model) ? "anthropic" : "openai");

function definitionOf(tool: NonNullable<Transcript["tools"]>[number]): Json {
  const { function: nested } = tool;
  return {
    type: "function",
    name: nested?.name ?? tool.name ?? "",
    description: nested?.description ?? tool.description ?? "",
    parameters: nested?.parameters ?? tool.parameters ?? tool.input_schema ?? { type: "object", properties: {} },
  };
}

function textOf(message: TranscriptMessage): string {
  const { content } = message;
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("\n");
}

function toMessage(message: TranscriptMessage): Json {
  const text = textOf(message);
  if (message.role === "tool" || message.role === "function") {
    return { role: "tool", parts: [{ type: "tool_call_response", id: message.tool_call_id ?? message.name ?? "", response: text }] };
  }
  const calls = (message.tool_calls ?? []).map((call, index) => ({
    type: "tool_call",
    id: call.id ?? `${call.function.name}-${index}`,
    name: call.function.name,
    arguments: argumentsOf(call.function.arguments),
  }));
  return { role: message.role, parts: [...(text === "" ? [] : [{ type: "text", content: text }]), ...calls] };
}

/** Arguments come as JSON text (OpenAI) or as they are. */
function argumentsOf(value: unknown): Json {
  if (typeof value !== "string") return JSON.parse(JSON.stringify(value ?? {})) as Json;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function feedbackOf(transcript: Transcript): readonly Feedback[] {
  const { outcome } = transcript;
  if (outcome === null || outcome === undefined) return [];
  const given = typeof outcome === "object" ? outcome : { result: outcome };
  const { result } = given;
  const value: Pick<Feedback, "label" | "score"> =
    typeof result === "number" ? { score: result } : { label: typeof result === "boolean" ? (result ? "success" : "failure") : result };
  return [
    {
      name: given.name ?? "outcome",
      ...value,
      ...(given.reason === undefined ? {} : { comment: given.reason }),
      by: given.name === undefined ? "reviewer" : "evaluator",
    },
  ];
}
