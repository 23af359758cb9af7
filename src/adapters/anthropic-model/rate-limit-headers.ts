import type { RateLimit, RateLimits } from "../../ports/model-client.ts";

/** The `anthropic-ratelimit-*` headers of a reply: limits per minute and what is left of them. */
export function rateLimitsOf(header: (name: string) => string | null): RateLimits {
  const limit = (what: string): RateLimit | undefined => {
    const perMinute = Number(header(`anthropic-ratelimit-${what}-limit`) ?? Number.NaN);
    const remaining = Number(header(`anthropic-ratelimit-${what}-remaining`) ?? Number.NaN);
    return perMinute > 0 && Number.isFinite(remaining) ? { perMinute, remaining } : undefined;
  };
  const requests = limit("requests");
  const inputTokens = limit("input-tokens") ?? limit("tokens");
  const outputTokens = limit("output-tokens");
  return {
    ...(requests === undefined ? {} : { requests }),
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
  };
}
