interface Timer {
  readonly at: number;
  readonly sequence: number;
  readonly wake: () => void;
}

/** A clock on which waiting costs nothing: whenever all work waits, it jumps to the next timer. Milliseconds. */
export class VirtualClock {
  #now = 0;
  #sequence = 0;
  #timers: Timer[] = [];

  readonly now = (): number => this.#now;

  readonly sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      this.#timers.push({ at: this.#now + Math.max(0, milliseconds), sequence: (this.#sequence += 1), wake: resolve });
    });

  /** Runs work to its end and returns how long it took on this clock. */
  async time(work: () => Promise<unknown>): Promise<number> {
    const began = this.#now;
    const state = { ended: false };
    const running = work().finally(() => {
      state.ended = true;
    });
    while (!state.ended) {
      // Everything that can go on without time passing goes on first.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (!state.ended) this.#advance();
    }
    await running;
    return this.#now - began;
  }

  #advance(): void {
    const [next] = this.#timers.toSorted((left, right) => left.at - right.at || left.sequence - right.sequence);
    if (next === undefined) return;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#now = next.at;
    next.wake();
  }
}
