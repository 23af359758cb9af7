/** Whether what protects is in place; `off` leaves it out through injected parts, to show that the case would notice. */
export type Guard = "on" | "off";

/** One attack or fault: what is done, and what must hold afterwards. */
export interface Case {
  /** `A05`, `F12`. */
  readonly id: string;
  readonly title: string;
  /** What is left out when the guard is off. */
  readonly guard: string;
  /** What does not hold afterwards, one sentence each; `[]` when all does. */
  run(guard: Guard): Promise<readonly string[]>;
}

/** An attack or fault against which nothing is built yet, and what is missing. */
export interface Unguarded {
  readonly id: string;
  readonly title: string;
  readonly lacks: string;
}

export interface Judged {
  readonly id: string;
  readonly title: string;
  readonly guard: string;
  /** What did not hold with the guard in place. */
  readonly withGuard: readonly string[];
  /** What did not hold without it; at least one thing, or the case proves nothing. */
  readonly withoutGuard: readonly string[];
  readonly passed: boolean;
}

/** Runs a case both ways. It is passed when everything holds with the guard, and something does not without it. */
export async function judge(one: Case): Promise<Judged> {
  const withGuard = await one.run("on");
  const withoutGuard = await one.run("off");
  const { guard, id, title } = one;
  return { id, title, guard, withGuard, withoutGuard, passed: withGuard.length === 0 && withoutGuard.length > 0 };
}

/** Collects what does not hold. */
export class Findings {
  readonly #found: string[] = [];

  /** Notes the sentence when the condition does not hold. */
  must(holds: boolean, otherwise: string): void {
    if (!holds) this.#found.push(otherwise);
  }

  get all(): readonly string[] {
    return [...new Set(this.#found)];
  }
}

/** What a promise ends in, as a value. */
export const settled = async <T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
