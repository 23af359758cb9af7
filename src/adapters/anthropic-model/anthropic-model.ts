import Anthropic, { APIConnectionError, APIError, APIUserAbortError } from "@anthropic-ai/sdk";
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
import type { BatchState, CallObserver, ModelClient, ModelReply, ModelRequest } from "../../ports/model-client.ts";
import { fromMessagesReply, toMessagesBody } from "./anthropic-messages.ts";
import { lookAtBatch, submitBatch } from "./message-batches.ts";
import { rateLimitsOf } from "./rate-limit-headers.ts";

export interface AnthropicModelOptions extends RetryTools {
  readonly model: string;
  readonly apiKey: string;
  readonly baseUrl?: string;
  /** For one request, in milliseconds; default ten minutes. */
  readonly timeout?: number;
}

/** One model behind the Anthropic Messages API, through the official SDK. Retries are ours, so that they obey one policy for every provider. */
export function anthropicModel(options: AnthropicModelOptions): ModelClient {
  const client = new Anthropic({
    apiKey: options.apiKey,
    // Given explicitly: the SDK would read the environment, which is for `src/config` alone.
    authToken: null,
    baseURL: options.baseUrl ?? "https://api.anthropic.com",
    maxRetries: 0,
    timeout: options.timeout ?? 600_000,
    logLevel: "off",
  });
  return {
    model: options.model,
    simulated: isSimulatedModel(options.model),
    complete: (request, signal, observer) => complete(client, options, { request, signal, observer }),
    batches: {
      submit: (requests, signal) => retried(() => submitBatch(client, options.model, requests, signal), options, signal),
      look: (batch, signal) => retried(() => endedIfGone(lookAtBatch(client, options.model, batch, signal)), options, signal),
    },
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
async function retried<T>(work: () => Promise<T>, options: AnthropicModelOptions, signal: AbortSignal): Promise<T> {
  try {
    return await withRetries(work, (error) => failureOf(error, options.now()), { limits: modelRetryLimits, tools: options, signal });
  } catch (error) {
    if (error instanceof APIError && (error.status === 404 || error.status === 405)) throw withoutBatches(options.model, error);
    throw asTuneupError(error, options, "batch");
  }
}

async function complete(client: Anthropic, options: AnthropicModelOptions, call: Call): Promise<ModelReply> {
  let reply: unknown;
  try {
    reply = await post(client, options, call);
  } catch (error) {
    const plain = askedAgain(error, call.request);
    if (plain === undefined) throw asTuneupError(error, options, call.request.purpose);
    return complete(client, options, { ...call, request: plain });
  }
  const parsed = fromMessagesReply(reply);
  if (parsed !== undefined) return parsed;
  throw new TuneupError("model-malformed-reply", `${options.model} answered with something that is no Messages API reply.`, {
    remedy: "Check that ANTHROPIC_BASE_URL or the role's baseUrl names a server of that API.",
    fields: { model: options.model, purpose: call.request.purpose },
  });
}

interface Call {
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
  readonly observer: CallObserver | undefined;
}

async function post(client: Anthropic, options: AnthropicModelOptions, { observer, request, signal }: Call): Promise<unknown> {
  const body = toMessagesBody(options.model, request);
  return withRetries(
    async () => {
      const { data, response } = await client.post<unknown>("/v1/messages", { body, signal }).withResponse();
      observer?.limits(rateLimitsOf((name) => response.headers.get(name)));
      return data;
    },
    (error) => {
      const failure = failureOf(error, options.now());
      if (failure.retry && error instanceof APIError && (error.status === 429 || error.status === 529))
        observer?.limited(failure.afterMilliseconds);
      return failure;
    },
    { limits: modelRetryLimits, tools: options, signal },
  );
}

/**
 * Newer models refuse sampling parameters with a 400. Tuneup's own requests (judge, label, draft) go again without them; a replay's are the
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
  const { status, headers } = error as APIError<number, Headers>;
  if (!isRetryableStatus(status)) return { retry: false };
  const wished = retryAfter((name) => headers.get(name), now);
  return wished === undefined ? { retry: true } : { retry: true, afterMilliseconds: wished };
}

function asTuneupError(error: unknown, options: AnthropicModelOptions, purpose: string): unknown {
  if (error instanceof TuneupError) return error;
  if (error instanceof APIUserAbortError) return cancelled(error);
  if (!(error instanceof APIError)) return error;
  return modelFailure({
    model: options.model,
    purpose,
    server: options.baseUrl === undefined ? "the Anthropic API" : `the model server at ${options.baseUrl}`,
    keyVariable: "ANTHROPIC_API_KEY",
    ...(typeof error.status === "number" ? { status: error.status } : {}),
    ...(typeof error.type === "string" ? { code: error.type } : {}),
    cause: error,
  });
}
