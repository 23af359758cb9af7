import type { Usage } from "../message.ts";

/** What one model costs, in US dollars per million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  /** Input read from the provider's cache; absent: as other input. */
  readonly cacheRead?: number;
  /** Input written to it; absent: as other input. */
  readonly cacheWrite?: number;
  /** What a batch costs of the plain price; absent: half, as at Anthropic and OpenAI. */
  readonly batch?: number;
}

/** What a batch costs of the plain price where the price says nothing else. */
export const usualBatchShare = 0.5;

/** What so many tokens cost. `inputTokens` includes the cached ones, which have prices of their own. */
export function dollarsOf(usage: Usage, price: ModelPrice): number {
  const read = usage.cacheReadTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  const plain = Math.max(0, usage.inputTokens - read - written);
  const millionths =
    plain * price.input +
    read * (price.cacheRead ?? price.input) +
    written * (price.cacheWrite ?? price.input) +
    usage.outputTokens * price.output;
  return millionths / 1_000_000;
}

/** Limits of what a job may cost; absent: none. */
export interface Budget {
  readonly dollars?: number;
  readonly tokens?: number;
}

/** What is left of a budget; below zero when more was spent. */
export function leftOf(budget: Budget, spent: Usage): Budget {
  return {
    ...(budget.tokens === undefined ? {} : { tokens: budget.tokens - spent.inputTokens - spent.outputTokens }),
    ...(budget.dollars === undefined ? {} : { dollars: budget.dollars - (spent.dollars ?? 0) }),
  };
}

/** Whether so much exceeds a budget. A model without a known price costs no dollars here: only a token budget holds it. */
export function exceeds(usage: Usage, budget: Budget): boolean {
  if (budget.tokens !== undefined && usage.inputTokens + usage.outputTokens > budget.tokens) return true;
  return budget.dollars !== undefined && (usage.dollars ?? 0) > budget.dollars;
}

/**
 * The price of a model by its name. Dated snapshots (`-20250929`, `-2025-08-07`), a gateway's prefix (`anthropic/`, `us.anthropic.`) and
 * suffix (`-v1:0`, `@20250929`, `[1m]`) are looked through. `undefined` where nobody wrote one down: no guess by similarity.
 */
export function priceIn(table: ReadonlyMap<string, ModelPrice>, model: string): ModelPrice | undefined {
  const exact = table.get(model);
  if (exact !== undefined) return exact;
  const plain = model
    .toLowerCase()
    .replace(/^.*\//, "")
    .replace(/^(?:[a-z]{2,6}\.)?(?:anthropic|openai)\./, "")
    .replace(/\[[^\]]*\]$/, "")
    .replace(/-v\d+(?::\d+)?$/, "")
    .replace(/[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$/, "")
    .replace(/-latest$/, "");
  return table.get(plain);
}
