import { TuneupError } from "./errors.ts";

/** What trying again needs of the world. */
export interface RetryTools {
  /** Rejects when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a failed try means: `afterMilliseconds` is the server's own wish (`retry-after`), obeyed when it lies within the limits. */
export type Failure = { readonly retry: false } | { readonly retry: true; readonly afterMilliseconds?: number };

export interface RetryLimits {
  /** Tries in all, the first one included. */
  readonly tries: number;
  readonly firstDelayMilliseconds: number;
  readonly longestDelayMilliseconds: number;
}

export const modelRetryLimits: RetryLimits = { tries: 6, firstDelayMilliseconds: 500, longestDelayMilliseconds: 60_000 };

/** HTTP statuses after which the same request may succeed: timeout, conflict, rate limit, server errors, Anthropic's 529 included. */
export const isRetryableStatus = (status: number): boolean => status === 408 || status === 409 || status === 429 || status >= 500;

/**
 * Seconds or an HTTP date (RFC 9110 §10.2.3) as milliseconds from now; `retry-after-ms` wins where a server sends it. `undefined` when
 * there is no readable wish.
 */
export function retryAfter(header: (name: string) => string | null, now: number): number | undefined {
  const milliseconds = Number(header("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const text = header("retry-after");
  if (text === null) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Runs `work` until it succeeds, fails for good, or the limits are reached; then throws its last error as it was. Delays grow by powers of
 * two with full jitter (never below half), so that many clients do not come back at once. An abort throws `cancelled` at once.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  failureOf: (error: unknown) => Failure,
  options: { readonly limits: RetryLimits; readonly tools: RetryTools; readonly signal: AbortSignal },
): Promise<T> {
  const { limits, tools, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    if (signal.aborted) throw cancelled(signal.reason);
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw cancelled(error);
      const failure = failureOf(error);
      if (!failure.retry || attempt >= limits.tries) throw error;
      const grown = Math.min(limits.longestDelayMilliseconds, limits.firstDelayMilliseconds * 2 ** (attempt - 1));
      const wished = failure.afterMilliseconds;
      if (wished !== undefined && wished > limits.longestDelayMilliseconds) throw error;
      await pause(Math.max(wished ?? 0, grown * (0.5 + tools.random() / 2)), tools, signal);
    }
  }
}

async function pause(milliseconds: number, tools: RetryTools, signal: AbortSignal): Promise<void> {
  try {
    await tools.sleep(milliseconds, signal);
  } catch (error) {
    throw signal.aborted ? cancelled(error) : error;
  }
}

/** The error of work that was told to stop. */
export const cancelled = (cause: unknown): TuneupError =>
  new TuneupError("cancelled", "Cancelled.", { remedy: "Run the same again: what was measured is kept.", retryable: true, cause });
