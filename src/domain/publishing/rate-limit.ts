import { retryAfter } from "../retry.ts";

/** A failed answer of a forge, as far as limits go. */
export interface LimitedAnswer {
  readonly status: number;
  /** GitHub's own words. */
  readonly message?: string;
  readonly header: (name: string) => string | null;
}

const usualWait = 60_000;
const longestWait = 2 * 60 * 60 * 1000;

function isLimit({ header, message = "", status }: LimitedAnswer): boolean {
  if (status === 429) return true;
  return status === 403 && (/\brate limit\b/i.test(message) || header("retry-after") !== null || header("x-ratelimit-remaining") === "0");
}

/**
 * How long GitHub wants quiet, in milliseconds, or `undefined` for an answer that is no limit: 429, or 403 with a telling header or GitHub's own words;
 * `retry-after` first, then the time at which a used-up primary limit starts anew, else a minute: the hour's reset says nothing about other limits.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function quietWanted(answer: LimitedAnswer, now: number): number | undefined {
  if (!isLimit(answer)) return undefined;
  const { header } = answer;
  const spent = header("x-ratelimit-remaining") === "0";
  const reset = spent ? Number(header("x-ratelimit-reset") ?? Number.NaN) * 1000 - now : Number.NaN;
  const wished = retryAfter(header, now) ?? (Number.isFinite(reset) ? Math.max(1000, reset) : usualWait);
  return Math.min(longestWait, wished);
}

/** The forge's answer in an error of a client, if it holds one. */
export function failedAnswer(error: unknown): LimitedAnswer | undefined {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return undefined;
  const response = "response" in error && typeof error.response === "object" && error.response !== null ? error.response : {};
  const headers: Readonly<Record<string, unknown>> =
    "headers" in response && typeof response.headers === "object" && response.headers !== null ? { ...response.headers } : {};
  return { status: error.status, message: error.message, header: (name) => headerText(headers[name]) };
}

const headerText = (value: unknown): string | null => (typeof value === "string" || typeof value === "number" ? String(value) : null);
