import type { Attributes, Json } from "../../domain/ids.ts";
import type { Message, ToolDefinition, Usage } from "../../domain/message.ts";
import type { LogRecord, Span } from "../../domain/span.ts";
import {
  errorOf,
  finishAt,
  finishFrom,
  modelAt,
  parametersAt,
  providerAt,
  renameSettings,
  served,
  textAt,
  usageAt,
} from "./reading/attributes.ts";
import { type Content, isEmpty } from "./reading/content.ts";
import { inputFrom, unwrapped } from "./reading/parts.ts";

/** A model call as one span shows it. */
export interface ModelFacts {
  readonly kind: "model";
  readonly span: Span;
  readonly provider: string;
  readonly model: string;
  readonly parameters: Attributes;
  readonly instructions?: string;
  readonly tools: readonly ToolDefinition[];
  /** System messages left out. */
  readonly input: readonly Message[];
  readonly output: readonly Message[];
  readonly finish?: string;
  readonly error?: string;
  readonly usage: Usage;
}

/** One tool call as one span shows it. */
export interface ToolFacts {
  readonly kind: "tool";
  readonly span: Span;
  readonly tool: string;
  readonly id?: string;
  readonly input?: Json;
  readonly output?: Json;
  readonly error?: string;
}

/** An agent's span: a frame around the others; may hold a whole conversation itself. */
export interface AgentFacts {
  readonly kind: "agent";
  readonly span: Span;
  readonly agent?: string;
  readonly instructions?: string;
  readonly tools: readonly ToolDefinition[];
  readonly conversation: readonly Message[];
  /** True when `conversation` is everything that was said, replies included. */
  readonly isWhole: boolean;
  /** Whether what runs inside is this agent's own work; false for chains and workflows, which only repeat what their children say. */
  readonly isFrame: boolean;
  readonly provider: string;
  readonly model: string;
  readonly parameters: Attributes;
  readonly usage: Usage;
}

export type SpanFacts = ModelFacts | ToolFacts | AgentFacts;

/** `known` is a span that a dialect understands and that holds no part of a conversation (embeddings, steps, hooks). */
export type Reading = SpanFacts | "known" | undefined;

/** How one family of instrumentations writes. */
export interface Dialect {
  /** As `docs/dialects.md` has it. */
  readonly name: string;
  /** Whether the span is written this way. Dialects that know it by its scope are asked before those that know it by attributes. */
  matches(span: Span, logs: readonly LogRecord[]): "by-scope" | "by-attributes" | undefined;
  /** What the span says; `logs` are the log records that name it. `undefined`: its kind is not understood, so the next dialect is asked. */
  read(span: Span, logs: readonly LogRecord[]): Reading;
  /** What a session's log records say by themselves, where a dialect keeps its messages there. */
  readLogs?(logs: readonly LogRecord[]): readonly SpanFacts[];
}

interface ModelChanges {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly parameters?: Attributes;
  readonly usage?: Usage;
  readonly finish?: string | undefined;
  readonly error?: string | undefined;
}

/** A model call from its content; what a dialect does not give is read from the attributes that all of them share. */
export function modelFrom(span: Span, content: Content, changes: ModelChanges = {}): ModelFacts {
  const { attributes } = span;
  const error = changes.error ?? errorOf(span);
  const finish = changes.finish ?? finishAt(attributes) ?? finishFrom(content.finish);
  return {
    kind: "model",
    span,
    ...served(changes.provider ?? providerAt(attributes), changes.model ?? modelAt(attributes)),
    parameters: { ...renameSettings(content.parameters ?? {}), ...(changes.parameters ?? parametersAt(attributes)) },
    input: content.input,
    output: content.output,
    tools: content.tools,
    usage: changes.usage ?? usageAt(attributes),
    ...(content.instructions === undefined ? {} : { instructions: content.instructions }),
    ...(error === undefined ? {} : { error }),
    ...(finish === undefined ? {} : { finish }),
  };
}

interface ToolGiven {
  readonly tool?: string | undefined;
  readonly id?: string | undefined;
  readonly input?: Json | undefined;
  readonly output?: Json | undefined;
  readonly error?: string | undefined;
}

/** A tool call. The output's own wrapping is taken off; an output that calls itself an error is one. */
export function toolFrom(span: Span, { error, id, input, output, tool }: ToolGiven): ToolFacts {
  const answer = output === undefined ? undefined : unwrapped(output);
  const failed =
    answer?.isError === true || textAt(span.attributes, "gen_ai.tool.status") === "error" || span.attributes["tool.success"] === false;
  const wrong = error ?? errorOf(span) ?? (failed ? "the tool reported failure" : undefined);
  return {
    kind: "tool",
    span,
    tool: tool ?? textAt(span.attributes, "gen_ai.tool.name", "tool.name") ?? span.name.replace(/^(?:execute_tool|running tool:?)\s+/, ""),
    ...(id === undefined ? {} : { id }),
    ...(input === undefined ? {} : { input: inputFrom(input) }),
    ...(answer === undefined ? {} : { output: answer.output }),
    ...(wrong === undefined ? {} : { error: wrong }),
  };
}

interface AgentChanges {
  readonly isWhole?: boolean;
  readonly isFrame?: boolean;
  readonly agent?: string | undefined;
}

/** An agent's frame, with whatever conversation it repeats. */
export function agentFrom(span: Span, content: Content, { agent, isFrame = true, isWhole = false }: AgentChanges = {}): AgentFacts {
  const { attributes } = span;
  const name = agent ?? textAt(attributes, "gen_ai.agent.name", "agent.name", "agent_name");
  return {
    kind: "agent",
    span,
    tools: content.tools,
    conversation: [...content.input, ...content.output],
    isWhole,
    isFrame,
    parameters: parametersAt(attributes),
    ...served(providerAt(attributes), modelAt(attributes)),
    usage: usageAt(attributes),
    ...(name === undefined ? {} : { agent: name }),
    ...(content.instructions === undefined ? {} : { instructions: content.instructions }),
  };
}

/** The first content that holds anything. */
export function firstContent(...contents: readonly (() => Content | undefined)[]): Content | undefined {
  for (const content of contents) {
    const found = content();
    if (found !== undefined && !isEmpty(found)) return found;
  }
  return undefined;
}
