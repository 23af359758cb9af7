const shingleLength = 5;
const nearlyEqual = 0.8;
const bands = 8;
const rowsInBand = 2;
/** Different texts in one bucket that a new one is compared with: more happens only with texts that have little in common. */
const mostCompared = 24;

interface Text<T> {
  readonly item: T;
  readonly shingles: ReadonlySet<number>;
}

/**
 * Pairs of items whose texts are nearly equal (word 5-shingles, Jaccard ≥ .8), enough of them to connect all that belong together. Items
 * without a text belong to nobody. Linear: candidates come from 8 minhash bands of 2 rows (Broder 1997), which miss a pair at the limit once
 * in 3,500. Pairs of two items that are both `bound` are left out: what binds them elsewhere decides.
 */
export function* nearCopies<T>(
  items: readonly T[],
  wordsOf: (item: T) => readonly string[],
  isBound: (item: T) => boolean,
): Iterable<readonly [T, T]> {
  const texts: Text<T>[] = [];
  const equal = new Map<string, { readonly free: T[]; readonly bound: T[] }>();
  for (const item of items) {
    const words = wordsOf(item);
    if (words.length === 0) continue;
    const text = words.join(" ");
    const same = equal.get(text) ?? { free: [], bound: [] };
    equal.set(text, same);
    for (const partner of partnersOf(item, same, isBound)) yield [item, partner];
    // One free item speaks for all others of the same text; bound ones each speak for themselves.
    if (isBound(item) || same.free.length === 0) texts.push({ item, shingles: shinglesOf(words) });
    (isBound(item) ? same.bound : same.free).push(item);
  }
  yield* similar(texts, isBound);
}

/** A free item ties all of one text together; the first one does it for those that come after. */
function partnersOf<T>(
  item: T,
  { bound, free }: { readonly free: readonly T[]; readonly bound: readonly T[] },
  isBound: (item: T) => boolean,
): readonly T[] {
  const [first] = free;
  if (first !== undefined) return [first];
  return isBound(item) ? [] : bound;
}

function* similar<T>(texts: readonly Text<T>[], isBound: (item: T) => boolean): Iterable<readonly [T, T]> {
  const signatures = texts.map((text) => signatureOf(text.shingles));
  for (let band = 0; band < bands; band += 1) {
    const buckets = new Map<string, { readonly free: Text<T>[]; readonly bound: Text<T>[] }>();
    for (const [index, text] of texts.entries()) {
      const key = (signatures[index] ?? []).slice(band * rowsInBand, (band + 1) * rowsInBand).join(" ");
      const bucket = buckets.get(key) ?? { free: [], bound: [] };
      buckets.set(key, bucket);
      const known = isBound(text.item) ? bucket.free : [...bucket.free, ...bucket.bound];
      for (const other of known) if (jaccard(text.shingles, other.shingles) >= nearlyEqual) yield [text.item, other.item];
      const list = isBound(text.item) ? bucket.bound : bucket.free;
      if (list.length < mostCompared) list.push(text);
    }
  }
}

/** FNV-1a: cheap, and equal everywhere. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

function shinglesOf(words: readonly string[]): ReadonlySet<number> {
  if (words.length <= shingleLength) return new Set([hash(words.join(" "))]);
  const shingles = new Set<number>();
  for (let start = 0; start + shingleLength <= words.length; start += 1)
    shingles.add(hash(words.slice(start, start + shingleLength).join(" ")));
  return shingles;
}

/** The finalizer of MurmurHash3 with another seed for each row: as good as so many hash functions. */
function mixed(value: number, row: number): number {
  let state = (value ^ Math.imul(row + 1, 0x9e3779b9)) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

function signatureOf(shingles: ReadonlySet<number>): readonly number[] {
  return Array.from({ length: bands * rowsInBand }, (_, row) => {
    let least = 0xffffffff;
    for (const shingle of shingles) least = Math.min(least, mixed(shingle, row));
    return least;
  });
}

function jaccard(left: ReadonlySet<number>, right: ReadonlySet<number>): number {
  let common = 0;
  for (const item of left) if (right.has(item)) common += 1;
  return left.size + right.size === 0 ? 1 : common / (left.size + right.size - common);
}
