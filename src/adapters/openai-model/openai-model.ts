import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
import { TuneupError } from "../../domain/errors.ts";
import { modelFailure, withoutBatches, withoutSampling } from "../../domain/model-failure.ts";
import {
  cancelled,
  type Failure,
  isRetryableStatus,
  modelRetryLimits,
  retryAfter,
  type RetryTools,
  withRetries,
} from "../../domain/retry.ts";
import { isSimulatedModel } from "../../domain/simulated-model.ts";
import type { BatchState, CallObserver, ModelBatches, ModelClient, ModelReply, ModelRequest } from "../../ports/model-client.ts";
import { type BatchApi, lookAtBatch, submitBatch } from "./batches.ts";
import { fromChatReply, toChatBody } from "./chat-completions.ts";
import { rateLimitsOf } from "./rate-limit-headers.ts";
import { fromResponsesReply, toResponsesBody } from "./responses.ts";

export interface OpenaiModelOptions extends RetryTools {
  readonly model: string;
  /** Any text for a local server that asks for none. */
  readonly apiKey: string;
  /** Absent: OpenAI itself. With it: every server of the same API, its path included (`http://localhost:11434/v1`). */
  readonly baseUrl?: string;
  /** Default `chat`, which every compatible server speaks. `responses` is OpenAI's own, and keeps reasoning between calls. */
  readonly api?: "chat" | "responses";
  /** For one request, in milliseconds; default ten minutes. */
  readonly timeout?: number;
}

/** One model behind OpenAI's Chat Completions or Responses API or any compatible server, through the official SDK. */
export function openaiModel(options: OpenaiModelOptions): ModelClient {
  const client = new OpenAI({
    apiKey: options.apiKey,
    baseURL: options.baseUrl ?? "https://api.openai.com/v1",
    // Given explicitly: the SDK would read the environment, which is for `src/config` alone.
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: options.timeout ?? 600_000,
    logLevel: "off",
  });
  return {
    model: options.model,
    simulated: isSimulatedModel(options.model),
    complete: (request, signal, observer) => complete(client, options, { request, signal, observer }),
    batches: batchesOf(client, options),
  };
}

function batchesOf(client: OpenAI, options: OpenaiModelOptions): ModelBatches {
  const api: BatchApi =
    options.api === "responses"
      ? { endpoint: "/v1/responses", fromReply: fromResponsesReply }
      : { endpoint: "/v1/chat/completions", fromReply: fromChatReply };
  return {
    submit: (requests, signal) => {
      const lines = requests.map(({ name, request }) => ({ name, body: bodyOf(options, request) }));
      return retried(() => submitBatch(client, api, lines, signal), options, signal);
    },
    look: (batch, signal) => retried(() => endedIfGone(lookAtBatch(client, api, batch, signal)), options, signal),
  };
}

/** A batch that the server has forgotten brings nothing more: its requests are asked one by one. */
async function endedIfGone(look: Promise<BatchState>): Promise<BatchState> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof APIError && error.status === 404) return { state: "ended", replies: new Map() };
    throw error;
  }
}

/** Work on a batch under the same policy as any call. */
async function retried<T>(work: () => Promise<T>, options: OpenaiModelOptions, signal: AbortSignal): Promise<T> {
  try {
    return await withRetries(work, (error) => failureOf(error, options.now()), { limits: modelRetryLimits, tools: options, signal });
  } catch (error) {
    if (error instanceof APIError && (error.status === 404 || error.status === 405)) throw withoutBatches(options.model, error);
    throw asTuneupError(error, options, "batch");
  }
}

const bodyOf = (options: OpenaiModelOptions, request: ModelRequest): Record<string, unknown> =>
  options.api === "responses"
    ? toResponsesBody(options.model, request)
    : toChatBody(options.model, request, { isOpenai: options.baseUrl === undefined });

async function complete(client: OpenAI, options: OpenaiModelOptions, call: Call): Promise<ModelReply> {
  const { purpose } = call.request;
  let reply: unknown;
  try {
    reply = await post(client, options, call);
  } catch (error) {
    const plain = askedAgain(error, call.request);
    if (plain === undefined) throw asTuneupError(error, options, purpose);
    return complete(client, options, { ...call, request: plain });
  }
  const parsed = options.api === "responses" ? fromResponsesReply(reply) : fromChatReply(reply);
  if (parsed !== undefined) return parsed;
  const api = options.api === "responses" ? "Responses" : "Chat Completions";
  throw new TuneupError("model-malformed-reply", `${options.model} answered with something that is no ${api} reply.`, {
    remedy: "Check that OPENAI_BASE_URL or the role's baseUrl names a server of that API, with its path (usually /v1).",
    fields: { model: options.model, purpose },
  });
}

interface Call {
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
  readonly observer: CallObserver | undefined;
}

async function post(client: OpenAI, options: OpenaiModelOptions, { observer, request, signal }: Call): Promise<unknown> {
  const isResponses = options.api === "responses";
  const body = bodyOf(options, request);
  return withRetries(
    async () => {
      const { data, response } = await client
        .post<unknown>(isResponses ? "/responses" : "/chat/completions", { body, signal })
        .withResponse();
      observer?.limits(rateLimitsOf((name) => response.headers.get(name)));
      return data;
    },
    (error) => {
      const failure = failureOf(error, options.now());
      if (failure.retry && error instanceof APIError && error.status === 429) observer?.limited(failure.afterMilliseconds);
      return failure;
    },
    { limits: modelRetryLimits, tools: options, signal },
  );
}

/**
 * Reasoning models refuse sampling parameters with a 400. Tuneup's own requests (judge, label, draft) go again without them; a replay's are the
 * recorded harness, which is not ours to change.
 */
function askedAgain(error: unknown, request: ModelRequest): ModelRequest | undefined {
  if (!(error instanceof APIError) || error.status !== 400 || request.purpose === "replay") return undefined;
  const parameters = withoutSampling(request.parameters);
  return parameters === undefined ? undefined : { ...request, parameters };
}

function failureOf(error: unknown, now: number): Failure {
  if (error instanceof APIUserAbortError || !(error instanceof APIError)) return { retry: false };
  if (error instanceof APIConnectionError) return { retry: true };
  const { status, headers, code } = error as APIError<number, Headers>;
  // A used-up quota answers 429 as well, but no waiting mends it.
  if (!isRetryableStatus(status) || code === "insufficient_quota") return { retry: false };
  const wished = retryAfter((name) => headers.get(name), now);
  return wished === undefined ? { retry: true } : { retry: true, afterMilliseconds: wished };
}

function asTuneupError(error: unknown, options: OpenaiModelOptions, purpose: string): unknown {
  if (error instanceof TuneupError) return error;
  if (error instanceof APIUserAbortError) return cancelled(error);
  if (!(error instanceof APIError)) return error;
  return modelFailure({
    model: options.model,
    purpose,
    server: options.baseUrl === undefined ? "the OpenAI API" : `the model server at ${options.baseUrl}`,
    keyVariable: "OPENAI_API_KEY",
    ...(typeof error.status === "number" ? { status: error.status } : {}),
    ...(typeof error.code === "string" ? { code: error.code } : {}),
    cause: error,
  });
}
