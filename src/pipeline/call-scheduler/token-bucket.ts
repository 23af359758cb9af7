import type { RateLimit } from "../../ports/model-client.ts";

/** A limit per minute as a bucket that refills evenly. Without a known limit it holds everything. */
export class TokenBucket {
  #perMillisecond = Infinity;
  #capacity = Infinity;
  #level = Infinity;
  #at = 0;

  /** Takes what a call needs; the level may fall below zero when the estimate was too low. */
  take(amount: number, now: number): void {
    this.#refill(now);
    this.#level -= amount;
  }

  /** Milliseconds until so much is there; what is larger than the bucket waits for a full one. */
  waitFor(amount: number, now: number): number {
    this.#refill(now);
    const lacking = Math.min(amount, this.#capacity) - this.#level;
    return lacking <= 0 || this.#capacity === Infinity ? 0 : Math.ceil(lacking / this.#perMillisecond);
  }

  /** What a reply's headers say; `since` was taken by calls that began after the one that was answered. */
  learn({ perMinute, remaining }: RateLimit, since: number, now: number): void {
    if (!(perMinute > 0)) return;
    this.#perMillisecond = perMinute / 60_000;
    this.#capacity = perMinute;
    this.#level = Math.min(perMinute, remaining - since);
    this.#at = now;
  }

  #refill(now: number): void {
    if (this.#capacity === Infinity) return;
    this.#level = Math.min(this.#capacity, this.#level + (now - this.#at) * this.#perMillisecond);
    this.#at = now;
  }
}
