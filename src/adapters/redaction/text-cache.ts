import { detached } from "../../domain/text/detached-text.ts";

/**
 * Remembers something for texts, up to a number of characters: what was not asked for while as much again came in is forgotten.
 * Asking again gives the same, so that forgetting costs only time.
 */
export class TextCache<T> {
  readonly #budget: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #characters = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  get(text: string): T | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.#keep(text, old);
    return old;
  }

  set(text: string, value: T): void {
    this.#keep(detached(text), value);
  }

  #keep(text: string, value: T): void {
    this.#young.set(text, value);
    this.#characters += text.length + 100;
    if (this.#characters < this.#budget / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#characters = 0;
  }
}
