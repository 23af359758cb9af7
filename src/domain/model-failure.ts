import { TuneupError } from "./errors.ts";
import type { Attributes } from "./ids.ts";
import { isRetryableStatus } from "./retry.ts";

/** What is known of a request that a model's server did not answer well. */
export interface FailedModelCall {
  readonly model: string;
  /** What the request was for. */
  readonly purpose: string;
  /** `the Anthropic API`, or `the model server at <url>`. */
  readonly server: string;
  /** The environment variable that holds the key by default. */
  readonly keyVariable: string;
  /** Absent: no connection. */
  readonly status?: number;
  /** The provider's error type or code. Never its message: that may quote the request, and so a session. */
  readonly code?: string;
  readonly cause: unknown;
}

/** The error for a model call that failed after its last try: `model-unreachable` where later may be better, else `model-refused`. */
export function modelFailure(failed: FailedModelCall): TuneupError {
  const { model, purpose, server, status, cause } = failed;
  const fields = {
    model,
    purpose,
    ...(status === undefined ? {} : { status }),
    ...(failed.code === undefined ? {} : { code: failed.code }),
  };
  if (status === undefined) {
    return new TuneupError("model-unreachable", `${model} cannot be reached: ${server} does not answer.`, {
      remedy: "Check the network, the base URL and the proxy; `tuneup doctor --live` makes one small call.",
      retryable: true,
      fields,
      cause,
    });
  }
  if (failed.code === "insufficient_quota") {
    const remedy = `Raise the quota, or set another key in ${failed.keyVariable}.`;
    return new TuneupError("model-refused", `${server} says that the key's quota is used up.`, { remedy, fields, cause });
  }
  if (isRetryableStatus(status)) {
    const remedy = status === 429 ? "Lower --in-flight, or raise the key's rate limit." : "Try again later; what was measured is kept.";
    return new TuneupError("model-unreachable", `${server} kept answering ${status} for ${model}.`, {
      remedy,
      retryable: true,
      fields,
      cause,
    });
  }
  const code = failed.code === undefined ? "" : ` (${failed.code})`;
  return new TuneupError("model-refused", `${server} refused a request for ${model} with ${status}${code}.`, {
    remedy: refusalRemedy(status, failed.keyVariable),
    fields,
    cause,
  });
}

function refusalRemedy(status: number, keyVariable: string): string {
  if (status === 401 || status === 403) return `Check the key: ${keyVariable}, or the variable that the role names.`;
  if (status === 404) return "Check the model's name, and the base URL with its path (an OpenAI-compatible one usually ends in /v1).";
  return "`tuneup doctor --live` makes one small call per model role and shows how the provider answers.";
}

/** Request parameters without those that newer models refuse; `undefined` when there are none among them, so that asking again would change nothing. */
export function withoutSampling(parameters: Attributes = {}): Attributes | undefined {
  const { temperature, top_k: topK, top_p: topP, ...others } = parameters;
  return [temperature, topK, topP].every((one) => one === undefined) ? undefined : others;
}

/** The error for a server that does not know batches. */
export const withoutBatches = (model: string, cause: unknown): TuneupError =>
  new TuneupError("model-refused", `The server of ${model} has no batch API.`, {
    remedy: "Leave `batches` out of tuneup.operator.yml: every request then goes by itself.",
    fields: { model },
    cause,
  });
