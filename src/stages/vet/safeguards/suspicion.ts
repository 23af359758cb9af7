import type { Judgement } from "./judgement.ts";
import { bias, telling, threshold, weights } from "./weights.ts";

/** More of one signal says no more: nothing can be outweighed by saying something harmless again and again. */
export const mostOfOneSignal = 3;

/**
 * How much a passage's signals speak for a weakened safeguard, as the logarithm of the odds: a sum of weights (logistic regression), fitted to
 * edits that strangers wrote. Signals that were never seen there weigh nothing.
 */
export function suspicionOf(signals: Judgement["signals"]): number {
  let sum = bias;
  for (const [signal, count] of signals) sum += (weights[signal] ?? 0) * Math.min(count, mostOfOneSignal);
  return sum;
}

/** Whether what the rules found in a passage is to be shown to a person. What no rule found is never suspicious, whatever it weighs. */
export const isSuspicious = ({ changed, signals, softened }: Judgement): boolean =>
  (changed !== undefined || softened !== undefined) &&
  (signals.keys().some((signal) => telling.has(signal)) || suspicionOf(signals) >= threshold);
