/** How often a trait stands among failed and among passing sessions. */
export interface TraitTable {
  readonly failedWith: number;
  readonly failed: number;
  readonly passedWith: number;
  readonly passed: number;
}

/** P(at least so many failed sessions carry the trait | failing has nothing to do with it): Fisher's exact test, one-sided. */
export function fisherExact({ failed, failedWith, passed, passedWith }: TraitTable): number {
  const withTrait = failedWith + passedWith;
  const all = failed + passed;
  const whole = logChoose(all, withTrait);
  let tail = 0;
  for (let k = failedWith; k <= Math.min(failed, withTrait); k += 1) {
    if (withTrait - k > passed) continue;
    tail += Math.exp(logChoose(failed, k) + logChoose(passed, withTrait - k) - whole);
  }
  return Math.min(1, tail);
}

const logFactorials: readonly number[] = (() => {
  const table = [0];
  for (let n = 1; n <= 2000; n += 1) table.push((table[n - 1] ?? 0) + Math.log(n));
  return table;
})();

/** Stirling's series beyond the table: its error there is far below what a test at 5 % notices. */
const logFactorial = (n: number): number => logFactorials[n] ?? n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n);

const logChoose = (n: number, k: number): number => (k < 0 || k > n ? -Infinity : logFactorial(n) - logFactorial(k) - logFactorial(n - k));

/** Which of several p-values stand at a false discovery rate (Benjamini & Hochberg 1995). */
export function discoveries(values: readonly number[], rate: number): readonly boolean[] {
  const order = values.map((value, index) => ({ value, index })).toSorted((left, right) => left.value - right.value);
  const last = order.findLastIndex(({ value }, rank) => value <= ((rank + 1) / values.length) * rate);
  const kept = new Set(order.slice(0, last + 1).map(({ index }) => index));
  return values.map((_, index) => kept.has(index));
}
