import type { Attributes, Digest, Instant, Json, ProjectId, SessionId } from "./ids.ts";
import { answeredRequests, type Message, type ToolDefinition, type Usage } from "./message.ts";
import type { Feedback } from "./span.ts";

/** One request to a model. Its conversation is not repeated here: `at` points into the session's messages. */
export interface ModelCall {
  readonly kind: "model";
  readonly spanId: string;
  readonly provider: string;
  readonly model: string;
  /** Which of the session's instructions this call used. */
  readonly instructions?: Digest;
  /** Temperature, max tokens, tool choice, reasoning effort …: part of the harness, so part of what an edit may change. Keys as in `gen_ai.request.*` without the prefix. */
  readonly parameters: Attributes;
  /** Index in `Session.messages` of the reply; the messages before it were the input. */
  readonly at: number;
  readonly finish?: string;
  readonly error?: string;
  readonly usage: Usage;
}

/** One tool call with what it answered. */
export interface ToolCall {
  readonly kind: "tool";
  readonly spanId?: string;
  /** The tool request's id in the conversation. */
  readonly id: string;
  readonly tool: string;
  readonly input: Json;
  readonly output?: Json;
  /** Set when the tool failed: the error's text. */
  readonly error?: string;
  /** Index in `Session.messages` of the assistant message that asked for it. */
  readonly at: number;
}
export type Call = ModelCall | ToolCall;

/** A system prompt as it reached the model. */
export interface Instructions {
  readonly digest: Digest;
  readonly text: string;
}

/** What the traces did not carry; each missing part closes some later stage, and the reason says so. */
export type MissingPart = "instructions" | "messages" | "tool-input" | "tool-output" | "tool-definitions" | "user" | "model" | "truncated";

/** Which prompt of a registry, or which place in code, a call used, as its instrumentation says; nothing here is checked. */
export interface PromptIdentity {
  readonly name?: string;
  readonly version?: string;
  /** Path as the instrumented process saw it. */
  readonly file?: string;
  readonly function?: string;
  /** Counted from 1. */
  readonly line?: number;
}

/** One conversation of one user with the agent, as its traces show it. Nothing here is trusted. */
export interface Session {
  readonly id: SessionId;
  readonly project: ProjectId;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  /** Digest of the user id: one user is one vote. */
  readonly user?: Digest;
  readonly agent?: string;
  /** The main agent's conversation in order, system messages left out. */
  readonly messages: readonly Message[];
  /** Model and tool calls in order. */
  readonly calls: readonly Call[];
  /** Every distinct system prompt, the main agent's first. */
  readonly instructions: readonly Instructions[];
  readonly tools: readonly ToolDefinition[];
  readonly feedback: readonly Feedback[];
  readonly missing: readonly MissingPart[];
  /** Where its instrumentation names prompts or code: a start for `locate`. */
  readonly prompts?: readonly PromptIdentity[];
  /** The dialects its traces are written in, the most telling first; names as in `docs/dialects.md`. */
  readonly dialects?: readonly string[];
}

/** The harness a session ran with, as far as its traces show it: what an edit changes and replay runs. */
export interface AgentConfig {
  readonly provider: string;
  readonly model: string;
  readonly instructions: string;
  readonly tools: readonly ToolDefinition[];
  readonly parameters: Attributes;
  /** How many model calls one user turn may take. */
  readonly maxTurns?: number;
}

export const toolCalls = (session: Session): readonly ToolCall[] => session.calls.filter((call) => call.kind === "tool");
export const modelCalls = (session: Session): readonly ModelCall[] => session.calls.filter((call) => call.kind === "model");

/** The user's messages in order, each with its index in `session.messages`. */
export function userTurns(session: Session): readonly { readonly index: number; readonly message: Message }[] {
  return session.messages.flatMap((message, index) => (message.role === "user" ? [{ index, message }] : []));
}

/** What each call answered as the model was told it: the text as it came, where `ToolCall.output` is what it means. */
export function toldOutputs(session: Session): (call: ToolCall) => Json | undefined {
  const key = (at: number, id: string): string => `${at} ${id}`;
  const told = new Map(answeredRequests(session.messages).map(({ at, request, result }) => [key(at, request.id), result?.output]));
  return (call) => told.get(key(call.at, call.id));
}
