/**
 * How many calls may be under way: additive increase, multiplicative decrease (Chiu & Jain 1989). A refusal halves it, each good call adds
 * one over the current limit, up to the ceiling.
 */
export class AdaptiveLimit {
  readonly #ceiling: number;
  #limit: number;
  #cutAt = -Infinity;

  constructor(ceiling: number) {
    this.#ceiling = ceiling;
    this.#limit = ceiling;
  }

  /** At least one. */
  get current(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  succeeded(): void {
    this.#limit = Math.min(this.#ceiling, this.#limit + 1 / this.#limit);
  }

  /** A call that began before the last cut says nothing new: one burst of refusals halves the limit once. */
  refused(startedAt: number, now: number): void {
    if (startedAt < this.#cutAt) return;
    this.#limit = Math.max(1, this.#limit / 2);
    this.#cutAt = now;
  }
}
