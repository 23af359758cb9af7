import Anthropic, { APIConnectionError, APIError, APIUserAbortError } from "@anthropic-ai/sdk";
import { TuneupError } from "../../domain/errors.ts";
import { modelFailure } from "../../domain/model-failure.ts";
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
import type { ModelClient, ModelReply, ModelRequest } from "../../ports/model-client.ts";
import { fromMessagesReply, toMessagesBody } from "./anthropic-messages.ts";

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
    complete: (request, signal) => complete(client, options, request, signal),
  };
}

async function complete(
  client: Anthropic,
  options: AnthropicModelOptions,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<ModelReply> {
  const body = toMessagesBody(options.model, request);
  let reply: unknown;
  try {
    reply = await withRetries(
      () => client.post("/v1/messages", { body, signal }),
      (error) => failureOf(error, options.now()),
      {
        limits: modelRetryLimits,
        tools: options,
        signal,
      },
    );
  } catch (error) {
    throw asTuneupError(error, options, request.purpose);
  }
  const parsed = fromMessagesReply(reply);
  if (parsed !== undefined) return parsed;
  throw new TuneupError("model-malformed-reply", `${options.model} answered with something that is no Messages API reply.`, {
    remedy: "Check that ANTHROPIC_BASE_URL or the role's baseUrl names a server of that API.",
    fields: { model: options.model, purpose: request.purpose },
  });
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
