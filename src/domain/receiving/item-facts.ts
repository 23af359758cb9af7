import type { Attributes, Json } from "../ids.ts";
import { sessionKeyOf, userIdOf } from "../session-key.ts";
import type { LogRecord, Span } from "../span.ts";

/** What the indexes of a store say of one span or log record. Names of tools and models are cut to 200 characters. */
export interface ItemFacts {
  /** The session that it names itself. */
  readonly session?: string;
  readonly user?: string;
  /** What the agent said of the session's end, as it is written. */
  readonly outcome?: string;
  /** The tool that the span called. */
  readonly tool?: string;
  /** Whether that call failed. */
  readonly toolFailed: boolean;
  /** The model that the span called. Spans around it that repeat its usage (agents, chains, workflows) have none. */
  readonly model?: string;
  /** Tokens of that call, those read from a cache included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The part of the facts that says nothing of whose item it is. */
export type CallFacts = Omit<ItemFacts, "session" | "user">;

const toolKinds: ReadonlySet<unknown> = new Set(["execute_tool", "TOOL", "tool"]);
const kindKeys = ["gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind"];
const toolNames = ["gen_ai.tool.name", "tool.name", "traceloop.entity.name", "ai.toolCall.name"];

const modelOperations: ReadonlySet<unknown> = new Set(["chat", "text_completion", "generate_content", "completion"]);
/** Spans of these kinds stand around model calls and repeat what they used. */
const frameKinds: ReadonlySet<unknown> = new Set(["AGENT", "CHAIN", "agent", "workflow", "task", "invoke_agent"]);
const modelNames = [
  "gen_ai.response.model",
  "gen_ai.request.model",
  "llm.model_name",
  "ai.response.model",
  "ai.model.id",
  "langfuse.observation.model.name",
];
const inputKeys = [
  "gen_ai.usage.input_tokens",
  "llm.token_count.prompt",
  "gen_ai.usage.prompt_tokens",
  "ai.usage.promptTokens",
  "ai.usage.inputTokens",
];
const outputKeys = [
  "gen_ai.usage.output_tokens",
  "llm.token_count.completion",
  "gen_ai.usage.completion_tokens",
  "ai.usage.completionTokens",
  "ai.usage.outputTokens",
];

const longest = 200;

/** What an index says of the item by its attributes alone: quick, for every dialect alike, and coarser than what `assemble` reads. */
export function itemFactsOf(item: Span | LogRecord): ItemFacts {
  const session = sessionKeyOf(item);
  const user = userIdOf(item);
  return {
    ...(session === undefined ? {} : { session }),
    ...(user === undefined ? {} : { user }),
    ...("startedAt" in item ? callFactsOf(item) : { toolFailed: false, inputTokens: 0, outputTokens: 0 }),
  };
}

/** What a span says of a call and of the session's end: without looking for whose it is. */
export function callFactsOf(span: Span): CallFacts {
  const { attributes } = span;
  const said = attributes["agent.outcome"] ?? attributes["session.outcome"];
  const isTool = kindKeys.some((key) => toolKinds.has(attributes[key]));
  const tool = isTool
    ? (textAt(attributes, toolNames) ?? span.name.replace(/^(?:execute_tool|running tool:?)\s+/, "").slice(0, longest))
    : undefined;
  const model = isTool ? undefined : modelOf(attributes);
  return {
    ...(typeof said === "string" ? { outcome: said.slice(0, 100) } : {}),
    ...(tool === undefined ? {} : { tool }),
    toolFailed: isTool && span.status === "error",
    ...(model === undefined ? {} : { model }),
    inputTokens: model === undefined ? 0 : countAt(attributes, inputKeys),
    outputTokens: model === undefined ? 0 : countAt(attributes, outputKeys),
  };
}

function modelOf(attributes: Attributes): string | undefined {
  if (kindKeys.some((key) => frameKinds.has(attributes[key]))) return undefined;
  const operation = attributes["gen_ai.operation.name"];
  const vercel = attributes["ai.operationId"];
  const isCall =
    modelOperations.has(operation) ||
    attributes["openinference.span.kind"] === "LLM" ||
    attributes["langfuse.observation.type"] === "generation" ||
    (typeof vercel === "string" && /\.do(?:Generate|Stream)$/.test(vercel)) ||
    (operation === undefined && vercel === undefined && attributes["gen_ai.request.model"] !== undefined);
  return isCall && !(typeof vercel === "string" && !/\.do(?:Generate|Stream)$/.test(vercel)) ? textAt(attributes, modelNames) : undefined;
}

function textAt(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === "string" && value !== "") return value.slice(0, longest);
  }
  return undefined;
}

function countAt(attributes: Attributes, keys: readonly string[]): number {
  for (const key of keys) {
    const count = wholeNumber(attributes[key]);
    if (count !== undefined) return count;
  }
  return 0;
}

/** A count a sender may have written as text; nothing above what a sum of them stays exact with. */
function wholeNumber(value: Json | undefined): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 1e9 ? number : undefined;
}

/** Labels that call a session good, as `labelWord` writes them; every other outcome is worth keeping longer. */
export const goodOutcomes: readonly string[] = [
  "success",
  "succeeded",
  "successful",
  "pass",
  "passed",
  "good",
  "ok",
  "true",
  "yes",
  "correct",
  "resolved",
  "completed",
  "complete",
  "positive",
  "thumbs_up",
  "👍",
  "factual",
  "relevant",
  "satisfied",
];

/** A label without regard to its spelling: `Thumbs up`, `thumbs-up` and `thumbs_up` are one. */
export const labelWord = (label: string): string =>
  label
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");
