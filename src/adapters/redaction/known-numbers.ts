import { type Finding, phoneValue } from "./personal-data.ts";

const mostNumbers = 200_000;
const bareRuns = /(?<![\w.-])\d{8,15}(?![\w.-]\d|\w)/g;

/**
 * Numbers that were found in a telling form, `415-555-0123` or `call 4155550123`. The same digits without separators are then the same number:
 * a customer writes one form, the agent passes the other to its tool.
 */
export class KnownNumbers {
  readonly #known = new Map<string, { readonly kind: string; readonly value: string }>();
  /** Grows with every new number, so that a caller sees whether texts looked at before must be looked at again. */
  size = 0;

  learn({ kind, value }: Finding): void {
    const digits = kind === "PHONE" ? value : kind === "NATIONAL_ID" && value.startsWith("US") ? value.slice(2) : undefined;
    if (digits === undefined || digits.length < 8 || this.#known.has(digits)) return;
    this.#known.set(digits, { kind, value });
    this.size += 1;
    if (this.#known.size > mostNumbers) for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }

  find(text: string): readonly Finding[] {
    if (this.#known.size === 0) return [];
    const findings: Finding[] = [];
    for (const { 0: run, index } of text.matchAll(bareRuns)) {
      const known = this.#known.get(run) ?? this.#known.get(phoneValue(run) ?? run);
      if (known !== undefined) findings.push({ start: index, end: index + run.length, ...known });
    }
    return findings;
  }
}
