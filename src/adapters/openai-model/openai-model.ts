import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
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
import { fromChatReply, toChatBody } from "./chat-completions.ts";

export interface OpenaiModelOptions extends RetryTools {
  readonly model: string;
  /** Any text for a local server that asks for none. */
  readonly apiKey: string;
  /** Absent: OpenAI itself. With it: every server of the same API, its path included (`http://localhost:11434/v1`). */
  readonly baseUrl?: string;
  /** For one request, in milliseconds; default ten minutes. */
  readonly timeout?: number;
}

/** One model behind OpenAI's Chat Completions API or any compatible server, through the official SDK. */
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
    complete: (request, signal) => complete(client, options, request, signal),
  };
}

async function complete(client: OpenAI, options: OpenaiModelOptions, request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
  const body = toChatBody(options.model, request, { isOpenai: options.baseUrl === undefined });
  let reply: unknown;
  try {
    reply = await withRetries(
      () => client.post("/chat/completions", { body, signal }),
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
  const parsed = fromChatReply(reply);
  if (parsed !== undefined) return parsed;
  throw new TuneupError("model-malformed-reply", `${options.model} answered with something that is no Chat Completions reply.`, {
    remedy: "Check that OPENAI_BASE_URL or the role's baseUrl names a server of that API, with its path (usually /v1).",
    fields: { model: options.model, purpose: request.purpose },
  });
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
