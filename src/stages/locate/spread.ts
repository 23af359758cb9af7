import { type Query, sharedGrams } from "./query.ts";

/** How the runs of a query are spread over the files. */
export interface Spread {
  /** Files with at least one run, with the runs of the query that each holds. */
  readonly files: ReadonlyMap<string, ReadonlySet<number>>;
  /** Weight of a run: the rarer among the files, the heavier (IDF). */
  weigh(gram: number): number;
}

/** Looks for the runs of a query in all files. */
export function spreadOf(query: Query, files: ReadonlyMap<string, Uint32Array>): Spread {
  const holding = new Map<string, ReadonlySet<number>>();
  const frequency = new Map<number, number>();
  for (const [path, words] of files) {
    const own = sharedGrams(query, words);
    if (own === undefined) continue;
    holding.set(path, own);
    for (const gram of own) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
  }
  return { files: holding, weigh: (gram) => Math.log((files.size + 1) / ((frequency.get(gram) ?? 0) + 1)) + 0.1 };
}
