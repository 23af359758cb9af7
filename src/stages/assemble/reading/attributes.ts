import type { Attributes, Json } from "../../../domain/ids.ts";
import type { Usage } from "../../../domain/message.ts";
import type { Span } from "../../../domain/span.ts";
import { settingsIn } from "./content.ts";
import { fieldsOf, numberIn, opened, textIn } from "./values.ts";

/** The first of these attributes that is a text and not empty. */
export const textAt = (attributes: Attributes, ...keys: readonly string[]): string | undefined => textIn(attributes, ...keys);
/** The first of these attributes that is a number. */
export const numberAt = (attributes: Attributes, ...keys: readonly string[]): number | undefined => numberIn(attributes, ...keys);
/** Whether any attribute's name begins so. */
export const hasPrefix = (attributes: Attributes, ...prefixes: readonly string[]): boolean =>
  Object.keys(attributes).some((key) => prefixes.some((prefix) => key.startsWith(prefix)));
/** By scope, else by attributes, else not at all. */
export const matchOf = (scope: boolean, attributes: boolean): "by-scope" | "by-attributes" | undefined =>
  scope ? "by-scope" : attributes ? "by-attributes" : undefined;
/** Whether the scope is one of these or begins with one that ends in `*`. */
export const hasScope = (span: Span, ...scopes: readonly string[]): boolean =>
  span.scope !== undefined && scopes.some((one) => (one.endsWith("*") ? span.scope?.startsWith(one.slice(0, -1)) : span.scope === one));

/** Old names of providers, folded into the current ones. */
const providers: Readonly<Record<string, string>> = {
  "az.ai.inference": "azure.ai.inference",
  "az.ai.openai": "azure.ai.openai",
  azure: "azure.ai.openai",
  bedrock: "aws.bedrock",
  gemini: "gcp.gemini",
  google: "gcp.gemini",
  "google-gla": "gcp.gemini",
  "google-vertex": "gcp.vertex_ai",
  "google.generative-ai": "gcp.gemini",
  "google.vertex": "gcp.vertex_ai",
  vertex_ai: "gcp.vertex_ai",
  vertexai: "gcp.vertex_ai",
  mistralai: "mistral_ai",
  xai: "x_ai",
};
/** These name the framework, not who serves the model (traces.md: a trap of several dialects). */
const frameworks: ReadonlySet<string> = new Set([
  "strands-agents",
  "gcp.vertex.agent",
  "microsoft.agent_framework",
  "langchain",
  "autogen",
  "unknown",
]);
const plainProviders: ReadonlySet<string> = new Set(["openai", "anthropic", "groq", "deepseek", "cohere", "perplexity"]);
/** Model names tell their maker where nothing else does. */
const makers: readonly (readonly [prefix: string, provider: string])[] = [
  ["gpt-", "openai"],
  ["chatgpt-", "openai"],
  ["o1", "openai"],
  ["o3", "openai"],
  ["o4", "openai"],
  ["us.anthropic.", "aws.bedrock"],
  ["eu.anthropic.", "aws.bedrock"],
  ["anthropic.claude", "aws.bedrock"],
  ["claude", "anthropic"],
  ["gemini", "gcp.gemini"],
  ["mistral", "mistral_ai"],
  ["deepseek", "deepseek"],
  ["grok", "x_ai"],
  ["command", "cohere"],
];

const providerKeys = ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"] as const;
const modelKeys = [
  "gen_ai.request.model",
  "langfuse.observation.model.name",
  "llm.request.model_name",
  "llm.model_name",
  "ai.model.id",
  "gen_ai.response.model",
  "llm.response.model_name",
  "ai.response.model",
  "model_name",
  "model",
] as const;

/** The model as it was asked for, else as it answered, under any dialect's name; `unknown` when none says. */
export const modelAt = (attributes: Attributes): string => textAt(attributes, ...modelKeys) ?? "unknown";

/** The provider under its current name, without the SDK's suffix (`openai.chat`, `anthropic.messages`); framework names count as unknown. */
export function providerAt(attributes: Attributes): string {
  for (const key of providerKeys) {
    const given = textAt(attributes, key)
      ?.toLowerCase()
      .replace(/\.(?:chat|responses|messages|completion)$/, "");
    if (given === undefined || frameworks.has(given)) continue;
    return Object.hasOwn(providers, given) ? (providers[given] ?? given) : given;
  }
  const model = modelAt(attributes);
  if (model.includes("/publishers/google/")) return "gcp.vertex_ai";
  // LiteLLM writes `provider/model`.
  const [before = "", after] = model.split("/", 2);
  if (after !== undefined && (Object.hasOwn(providers, before) || plainProviders.has(before))) return providers[before] ?? before;
  return makers.find(([prefix]) => model.startsWith(prefix))?.[1] ?? "unknown";
}

const requestPrefix = "gen_ai.request.";
const notSettings: ReadonlySet<string> = new Set(["model", "choice.count", "stream", "is_stream"]);
const settingsPrefix = "ai.settings.";
const renamed: Readonly<Record<string, string>> = {
  maxOutputTokens: "max_tokens",
  maxTokens: "max_tokens",
  topP: "top_p",
  topK: "top_k",
  toolChoice: "tool_choice",
};

/** Settings in a JSON attribute, under the names of `gen_ai.request.*`. */
const bag = (value: Json | undefined): Attributes => renameSettings(settingsIn(fieldsOf(opened(value)) ?? {}));
/** Settings under the names of `gen_ai.request.*`. */
export const renameSettings = (given: Attributes): Attributes =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [renamed[key] ?? key, opened(value) ?? value]));

/** `gen_ai.request.*` without the prefix, the model left out; where there is none, the settings of the older dialects under the same names. */
export function parametersAt(attributes: Attributes): Attributes {
  const current = Object.entries(attributes).flatMap(([key, value]): [string, Json][] => {
    const name = key.startsWith(requestPrefix) ? key.slice(requestPrefix.length) : "";
    const isEmptyValue = value === null || value === "" || value === "[]" || (Array.isArray(value) && value.length === 0);
    return name === "" || notSettings.has(name) || isEmptyValue ? [] : [[name, value]];
  });
  const older = Object.entries(attributes).flatMap(([key, value]): [string, Json][] =>
    key.startsWith(settingsPrefix) ? [[key.slice(settingsPrefix.length), value]] : [],
  );
  const choice = opened(attributes["ai.prompt.toolChoice"]);
  return {
    ...bag(attributes["langfuse.observation.model.parameters"]),
    ...bag(attributes["llm.invocation_parameters"]),
    ...renameSettings(settingsIn(Object.fromEntries(older))),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...Object.fromEntries(current),
  };
}

const inputKeys = [
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.prompt_tokens",
  "llm.token_count.prompt",
  "ai.usage.inputTokens",
  "ai.usage.promptTokens",
] as const;
const outputKeys = [
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.completion_tokens",
  "llm.token_count.completion",
  "ai.usage.outputTokens",
  "ai.usage.completionTokens",
] as const;
const cacheReadKeys = [
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.cache_read_input_tokens",
  "llm.token_count.prompt_details.cache_read",
  "ai.usage.cachedInputTokens",
] as const;
const cacheWriteKeys = [
  "gen_ai.usage.cache_write.input_tokens",
  "gen_ai.usage.cache_creation.input_tokens",
  "gen_ai.usage.cache_creation_input_tokens",
  "llm.token_count.prompt_details.cache_write",
  "ai.usage.inputTokenDetails.cacheWriteTokens",
] as const;

interface Counted {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly dollars?: number | undefined;
}

const counted = (value: number | undefined): number | undefined => (value !== undefined && value >= 0 && value < 1e12 ? value : undefined);

/** Usage from what a dialect counted; absent and impossible counts are left out. */
export function usageOf({ cacheRead, cacheWrite, dollars, input, output }: Counted): Usage {
  const [read, write, cost] = [counted(cacheRead), counted(cacheWrite), counted(dollars)];
  return {
    inputTokens: counted(input) ?? 0,
    outputTokens: counted(output) ?? 0,
    ...(read === undefined ? {} : { cacheReadTokens: read }),
    ...(write === undefined ? {} : { cacheWriteTokens: write }),
    ...(cost === undefined ? {} : { dollars: cost }),
  };
}

/** Langfuse keeps the counts as one object, under the names of whoever counted. */
function langfuseUsage(attributes: Attributes): Usage | undefined {
  const given = fieldsOf(opened(attributes["langfuse.observation.usage_details"]));
  if (given === undefined) return undefined;
  return usageOf({
    input: numberIn(given, "input", "input_tokens", "prompt_tokens", "promptTokens"),
    output: numberIn(given, "output", "output_tokens", "completion_tokens", "completionTokens"),
    cacheRead: numberIn(given, "input_cache_read", "cache_read_input_tokens", "prompt_details.cache_read", "input_cached_tokens"),
    cacheWrite: numberIn(given, "input_cache_creation", "cache_creation_input_tokens", "prompt_details.cache_write"),
    dollars: numberIn(fieldsOf(opened(attributes["langfuse.observation.cost_details"])) ?? {}, "total"),
  });
}

/** What a span counted, under any dialect's names. */
export const usageAt = (attributes: Attributes): Usage =>
  langfuseUsage(attributes) ??
  usageOf({
    input: numberAt(attributes, ...inputKeys),
    output: numberAt(attributes, ...outputKeys),
    cacheRead: numberAt(attributes, ...cacheReadKeys),
    cacheWrite: numberAt(attributes, ...cacheWriteKeys),
    dollars: numberAt(attributes, "llm.cost.total", "operation.cost", "gen_ai.usage.cost"),
  });

/** The span's error, if it ended with one. */
export function errorOf(span: Span): string | undefined {
  const { attributes } = span;
  const named = textAt(attributes, "error.message", "error.type");
  if (span.status !== "error") return named;
  const thrown = span.events.find((event) => event.name === "exception");
  return span.statusMessage ?? textAt(thrown?.attributes ?? {}, "exception.message") ?? named ?? "error";
}

const finishes: Readonly<Record<string, string>> = {
  "tool-calls": "tool_call",
  tool_calls: "tool_call",
  tool_use: "tool_call",
  tooluse: "tool_call",
  function_call: "tool_call",
  endturn: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  maxtokens: "length",
  "content-filter": "content_filter",
  safety: "content_filter",
};

/** A reason to stop under its name in the GenAI conventions: stop, length, content_filter, tool_call, error. */
export function finishFrom(value: Json | undefined): string | undefined {
  const given = opened(value);
  const [first] = Array.isArray(given) ? (given as readonly Json[]) : [given ?? null];
  if (typeof first !== "string" || first === "") return undefined;
  const name = first.toLowerCase().slice(0, 100);
  return Object.hasOwn(finishes, name) ? finishes[name] : name;
}

/** Why the model stopped, from any dialect's attribute. */
export const finishAt = (attributes: Attributes): string | undefined =>
  finishFrom(attributes["gen_ai.response.finish_reasons"] ?? attributes["ai.response.finishReason"] ?? attributes["llm.finish_reason"]);

/** LiteLLM's `anthropic/claude-…` is the provider's `claude-…`; a prefix that is not the provider's belongs to the model's name. */
export function served(provider: string, model: string): { readonly provider: string; readonly model: string } {
  const at = model.indexOf("/");
  const before = at < 0 ? "" : model.slice(0, at);
  return { provider, model: before !== "" && (providers[before] ?? before) === provider ? model.slice(at + 1) : model };
}
