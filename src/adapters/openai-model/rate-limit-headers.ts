import type { RateLimit, RateLimits } from "../../ports/model-client.ts";

/** The `x-ratelimit-*` headers of OpenAI and most compatible servers: one limit for requests, one for all tokens, both per minute. */
export function rateLimitsOf(header: (name: string) => string | null): RateLimits {
  const limit = (what: string): RateLimit | undefined => {
    const perMinute = Number(header(`x-ratelimit-limit-${what}`) ?? Number.NaN);
    const remaining = Number(header(`x-ratelimit-remaining-${what}`) ?? Number.NaN);
    return perMinute > 0 && Number.isFinite(remaining) ? { perMinute, remaining } : undefined;
  };
  const requests = limit("requests");
  const inputTokens = limit("tokens");
  return { ...(requests === undefined ? {} : { requests }), ...(inputTokens === undefined ? {} : { inputTokens }) };
}
