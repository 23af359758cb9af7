import { eachGram, gramBase, tokenise, type Tokens } from "./tokens.ts";

/** A recorded text as a query: its word runs and where each stands. */
export interface Query {
  readonly tokens: Tokens;
  /** Words of a run. */
  readonly k: number;
  /** Run → its positions in the recorded text. */
  readonly grams: ReadonlyMap<number, readonly number[]>;
  /** Positions that are asked for: those that all renderings share. */
  readonly count: number;
  /** One bit for each run's hash: says quickly that a run is not asked for. */
  readonly bits: Uint8Array;
}

const runLength = 5;
const shortRunLength = 3;
/** A run that stands more often in one prompt is a list's boilerplate; its later places are left out. */
const mostPositions = 8;
const bitShift = 13;

/** Place of a run in the bit table. */
const slotOf = (gram: number): number => Math.imul(gram, 0x85ebca6b) >>> bitShift;

/** The query of several renderings of one prompt: the longest one's runs that stand in all of them, if that leaves at least half. */
export function queryOf(renderings: readonly string[]): Query {
  const sorted = renderings.toSorted((left, right) => right.length - left.length);
  const tokens = tokenise(sorted[0] ?? "");
  const k = tokens.length < 4 * runLength ? shortRunLength : runLength;
  const others = sorted.slice(1).map((text) => gramSet(tokenise(text), k));
  const all = positionsOf(tokens, k, () => true);
  const shared = others.length === 0 ? all : positionsOf(tokens, k, (gram) => others.every((set) => set.has(gram)));
  const { count, map } = shared.count * 2 >= all.count ? shared : all;
  const bits = new Uint8Array(1 << (32 - bitShift - 3));
  for (const gram of map.keys()) {
    const slot = slotOf(gram);
    bits[slot >>> 3] = (bits[slot >>> 3] ?? 0) | (1 << (slot & 7));
  }
  return { tokens, k, grams: map, count, bits };
}

/** Whether a run may be asked for; a wrong yes is possible, a wrong no is not. */
export function mayHold(query: Query, gram: number): boolean {
  const slot = slotOf(gram);
  return ((query.bits[slot >>> 3] ?? 0) & (1 << (slot & 7))) !== 0;
}

/**
 * The runs of a query that a file's words hold; `undefined` where there are none. The same as `eachGram` with `mayHold`, written out: every word
 * of the repository passes here in every search.
 */
export function sharedGrams({ bits, grams, k }: Query, words: Uint32Array): ReadonlySet<number> | undefined {
  let found: Set<number> | undefined;
  let top = 1;
  for (let index = 0; index < k; index += 1) top = Math.imul(top, gramBase);
  let gram = 0;
  for (let index = 0; index < words.length; index += 1) {
    gram = (Math.imul(gram, gramBase) + (words[index] ?? 0)) | 0;
    if (index < k - 1) continue;
    if (index >= k) gram = (gram - Math.imul(words[index - k] ?? 0, top)) | 0;
    const slot = Math.imul(gram, 0x85ebca6b) >>> bitShift;
    if (((bits[slot >>> 3] ?? 0) & (1 << (slot & 7))) === 0 || !grams.has(gram >>> 0)) continue;
    found ??= new Set();
    found.add(gram >>> 0);
  }
  return found;
}

function gramSet(tokens: Tokens, k: number): ReadonlySet<number> {
  const set = new Set<number>();
  eachGram(tokens.hashes, k, (gram) => set.add(gram));
  return set;
}

function positionsOf(
  tokens: Tokens,
  k: number,
  wanted: (gram: number) => boolean,
): { readonly map: ReadonlyMap<number, readonly number[]>; readonly count: number } {
  const map = new Map<number, number[]>();
  let count = 0;
  eachGram(tokens.hashes, k, (gram, at) => {
    if (!wanted(gram)) return;
    const known = map.get(gram);
    if (known === undefined) map.set(gram, [at]);
    else if (known.length < mostPositions) known.push(at);
    else return;
    count += 1;
  });
  return { map, count };
}
