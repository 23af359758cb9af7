import type { Attributes, Digest, Json } from "../domain/ids.ts";
import type { Message, ToolDefinition, Usage } from "../domain/message.ts";

export interface ModelRequest {
  /** What the call is for, as the ledger and the logs name it: `draft`, `judge`, `replay` … */
  readonly purpose: string;
  /** Digest of the prompt file that shaped the request, where one did. */
  readonly prompt?: Digest;
  /** An opaque id of the conversation, the same in every arm: sent as `metadata.user_id` (Anthropic) or `user` (OpenAI). */
  readonly conversation?: string;
  readonly system: string;
  /** No system messages in here. */
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[];
  /** JSON Schema the reply shall follow; a client that cannot enforce it asks for it in words. */
  readonly output?: Json;
  readonly maxTokens: number;
  /** Further sampling parameters under their `gen_ai.request.*` names without the prefix: temperature, top_p, seed, stop_sequences, reasoning.level … */
  readonly parameters?: Attributes;
}

export interface ModelReply {
  readonly message: Message;
  readonly finish: "stop" | "length" | "tool" | "refused";
  readonly usage: Usage;
}

/** One limit of a provider: so many per minute, so many left now. */
export interface RateLimit {
  readonly perMinute: number;
  readonly remaining: number;
}

/** What a provider says of its limits in the headers of a reply. */
export interface RateLimits {
  readonly requests?: RateLimit;
  /** Input tokens that were not read from a cache; where a provider has one limit for all tokens, that one. */
  readonly inputTokens?: RateLimit;
  readonly outputTokens?: RateLimit;
}

/** Who watches a call while it is under way; every method may be called several times. */
export interface CallObserver {
  /** A try was turned down because there were too many (429, 529); the client waits and tries again by itself. */
  limited(waitMilliseconds: number | undefined): void;
  /** The limits that stood beside a reply. */
  limits(limits: RateLimits): void;
}

/** One request of a batch. Its name is at most 64 letters, digits, `-` and `_`, and another one's in no batch of the same model. */
export interface BatchedRequest {
  readonly name: string;
  readonly request: ModelRequest;
}

/** What came of a batch; a request without a reply could not be answered: the provider gave up on it, or its time ran out. */
export type BatchState = { readonly state: "running" } | { readonly state: "ended"; readonly replies: ReadonlyMap<string, ModelReply> };

/**
 * A provider's way to answer many requests together, within a day and for less money. Throws as `complete` does; a server without it throws
 * `model-refused` saying so. Handing in the same requests twice pays for them twice: keeping the id is for who calls.
 */
export interface ModelBatches {
  /** Hands requests in; resolves with the batch's id. */
  submit(requests: readonly BatchedRequest[], signal: AbortSignal): Promise<string>;
  /** A batch that the provider has forgotten is `ended` without replies. */
  look(batch: string, signal: AbortSignal): Promise<BatchState>;
}

/**
 * One model behind one endpoint. Retries 408, 409, 429, 5xx, 529 and broken connections within its limits, obeying `retry-after`;
 * then throws a TuneupError: `model-unreachable` (retryable), `model-refused` (a 4xx: the request is wrong or not allowed),
 * `model-malformed-reply`. An abort ends it at once with `cancelled`. Usage counts what was paid, retries included.
 */
export interface ModelClient {
  /** The model's id as the provider knows it. */
  readonly model: string;
  /** True for Tuneup's own simulated model. */
  readonly simulated: boolean;
  complete(request: ModelRequest, signal: AbortSignal, observer?: CallObserver): Promise<ModelReply>;
  /** Absent where the provider's API has none. */
  readonly batches?: ModelBatches;
}

/** The models by role, as the operator configured them. */
export interface Models {
  /** The model the agent itself runs on. */
  agent(provider: string, model: string): ModelClient;
  readonly drafter: ModelClient;
  /** Absent: only rules and the evaluator judge. */
  readonly judge?: ModelClient;
}
