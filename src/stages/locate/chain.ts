/** One word run that stands in both texts. */
export interface Hit {
  /** Index of its first word in the file. */
  readonly file: number;
  /** Index of its first word in the recorded text. */
  readonly query: number;
  /** The run's hash. */
  readonly gram: number;
  readonly weight: number;
}

/** Hits that go forward in both texts, with the score of the chain. */
export interface Chain {
  readonly hits: readonly Hit[];
  readonly score: number;
}

const lookBack = 60;
const widestGap = 120;
const gapCost = 0.02;

/**
 * The best colinear chain: hits in rising order in both texts, at most 120 file words apart, scored by weights less .02 a skipped word.
 * Sparse dynamic programming over the last 60 hits. `hits` must be in file order.
 */
export function bestChain(hits: readonly Hit[]): Chain {
  const scores = new Float64Array(hits.length);
  const previous = new Int32Array(hits.length).fill(-1);
  let best = -1;
  for (const [index, hit] of hits.entries()) {
    let gain = 0;
    for (let back = index - 1; back >= 0 && back >= index - lookBack; back -= 1) {
      const before = hits[back];
      if (before === undefined || hit.file - before.file > widestGap) break;
      if (before.file >= hit.file || before.query >= hit.query) continue;
      const gap = Math.max(0, hit.file - before.file - 1);
      const linked = (scores[back] ?? 0) - gap * gapCost;
      if (linked > gain) {
        gain = linked;
        previous[index] = back;
      }
    }
    scores[index] = hit.weight + gain;
    if (best < 0 || (scores[index] ?? 0) > (scores[best] ?? 0)) best = index;
  }
  const chain: Hit[] = [];
  for (let index = best; index >= 0; index = previous[index] ?? -1) {
    const hit = hits[index];
    if (hit !== undefined) chain.push(hit);
  }
  return { hits: chain.toReversed(), score: best < 0 ? 0 : (scores[best] ?? 0) };
}
