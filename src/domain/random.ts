import { keyedHash } from "./digest.ts";

/** A stream of numbers in [0, 1): equal seeds give equal streams on every machine. */
export type Random = () => number;

/** splitmix32 seeded from a keyed hash of the parts (Steele, Lea & Flood 2014, 32-bit variant): for sampling and simulation, never for secrets. */
export function seededRandom(seed: number, ...parts: readonly string[]): Random {
  let state = Number.parseInt(keyedHash(String(seed), parts.join("\u0000")).slice(0, 8), 16);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
}

/** The items in an order fixed by seed and key alone: HMAC-SHA256(seed, key) ascending, so that a subset keeps its order. */
export function keyedOrder<T>(items: readonly T[], seed: number, keyOf: (item: T) => string): readonly T[] {
  return items
    .map((item) => ({ item, rank: keyedHash(String(seed), keyOf(item)) }))
    .sort((left, right) => (left.rank < right.rank ? -1 : left.rank > right.rank ? 1 : 0))
    .map(({ item }) => item);
}
