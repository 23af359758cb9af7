import type { Attributes, Json } from "../../domain/ids.ts";
import type { Message, ToolDefinition, Usage } from "../../domain/message.ts";
import type { Span } from "../../domain/span.ts";

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
  readonly provider?: string;
  readonly model?: string;
  readonly parameters: Attributes;
}

export type SpanFacts = ModelFacts | ToolFacts | AgentFacts;

/** How one family of instrumentations writes. `read` gives `undefined` for spans that are none of its business. */
export interface Dialect {
  readonly name: string;
  read(span: Span): SpanFacts | undefined;
}

export const textAt = (attributes: Attributes, ...keys: readonly string[]): string | undefined => {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
};

export const numberAt = (attributes: Attributes, ...keys: readonly string[]): number | undefined => {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return undefined;
};

/** Old names of providers, folded into the current ones. */
const providers: Readonly<Record<string, string>> = {
  "az.ai.inference": "azure.ai.inference",
  "az.ai.openai": "azure.ai.openai",
  gemini: "gcp.gemini",
  vertex_ai: "gcp.vertex_ai",
  xai: "x_ai",
};
export const providerAt = (attributes: Attributes): string => {
  const given = textAt(attributes, "gen_ai.provider.name", "gen_ai.system") ?? "unknown";
  return providers[given] ?? given;
};

const prefix = "gen_ai.request.";

/** `gen_ai.request.*` without the prefix, the model left out. */
export const parametersAt = (attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) => {
      const name = key.startsWith(prefix) ? key.slice(prefix.length) : "";
      return name === "" || name === "model" || name === "choice.count" || name === "stream" || value === null ? [] : [[name, value]];
    }),
  );

export function usageAt(attributes: Attributes): Usage {
  const cacheRead = numberAt(attributes, "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens");
  const cacheWrite = numberAt(
    attributes,
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
  );
  return {
    inputTokens: numberAt(attributes, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens") ?? 0,
    outputTokens: numberAt(attributes, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens") ?? 0,
    ...(cacheRead === undefined ? {} : { cacheReadTokens: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWriteTokens: cacheWrite }),
  };
}

/** The span's error, if it ended with one. */
export function errorOf(span: Span): string | undefined {
  if (span.status !== "error") return textAt(span.attributes, "error.type");
  const thrown = span.events.find((event) => event.name === "exception");
  return (
    span.statusMessage ??
    textAt(thrown?.attributes ?? {}, "exception.message") ??
    textAt(span.attributes, "error.message", "error.type") ??
    "error"
  );
}

export function finishAt(attributes: Attributes): string | undefined {
  const reasons = attributes["gen_ai.response.finish_reasons"];
  const [first] = Array.isArray(reasons) ? (reasons as readonly Json[]) : [reasons ?? null];
  return typeof first === "string" ? first.replace(/^\["?|"?\]$/g, "") : undefined;
}
