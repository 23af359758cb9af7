import type { Usage } from "../../domain/message.ts";
import type { RateLimits } from "../../ports/model-client.ts";
import { TokenBucket } from "./token-bucket.ts";

interface Running {
  readonly startedAt: number;
  /** Many calls may start in one millisecond; the provider still takes them one after the other. */
  readonly sequence: number;
  readonly tokens: number;
}

/** What is known of one model's limits, learned from the replies' headers and from its refusals. Times are milliseconds of one clock. */
export class ProviderLimits {
  readonly #requests = new TokenBucket();
  readonly #inputTokens = new TokenBucket();
  readonly #running = new Set<Running>();
  #pausedUntil = 0;
  #sequence = 0;
  #learnedFrom = 0;
  /** Tokens that count ÷ tokens estimated: cached ones mostly do not count. */
  #counted = 1;

  /** Milliseconds until a call of so many tokens may start. */
  waitFor(tokens: number, now: number): number {
    return Math.max(0, this.#pausedUntil - now, this.#requests.waitFor(1, now), this.#inputTokens.waitFor(tokens * this.#counted, now));
  }

  start(tokens: number, now: number): Running {
    const running = { startedAt: now, sequence: (this.#sequence += 1), tokens: tokens * this.#counted };
    this.#requests.take(1, now);
    this.#inputTokens.take(running.tokens, now);
    this.#running.add(running);
    return running;
  }

  end(running: Running): void {
    this.#running.delete(running);
  }

  refused(waitMilliseconds: number | undefined, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + (waitMilliseconds ?? 0));
  }

  /** A reply that began before one already learned from is older news. */
  learn(limits: RateLimits, running: Running, now: number): void {
    if (running.sequence < this.#learnedFrom) return;
    this.#learnedFrom = running.sequence;
    const later = [...this.#running].filter((one) => one.sequence > running.sequence);
    if (limits.requests !== undefined) this.#requests.learn(limits.requests, later.length, now);
    const tokens = later.reduce((sum, one) => sum + one.tokens, 0);
    if (limits.inputTokens !== undefined) this.#inputTokens.learn(limits.inputTokens, tokens, now);
  }

  /** Learns how many of the estimated tokens count; the last calls weigh most. */
  counted(estimate: number, usage: Usage): void {
    if (estimate <= 0) return;
    const real = Math.max(0, usage.inputTokens - (usage.cacheReadTokens ?? 0)) / estimate;
    this.#counted = 0.8 * this.#counted + 0.2 * Math.min(2, real);
  }
}
