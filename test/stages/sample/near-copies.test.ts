import { expect, test } from "vitest";
import { seededRandom } from "../../../src/domain/random.ts";
import { nearCopies } from "../../../src/stages/sample/near-copies.ts";

const words = (text: string): readonly string[] => text.split(" ");

test("misses hardly any pair that is nearly equal, and joins none that is not", () => {
  const random = seededRandom(11, "near copies");
  const draw = (count: number): string[] => Array.from({ length: count }, () => `w${Math.floor(random() * 5000)}`);
  const originals = Array.from({ length: 300 }, () => draw(60));
  // Two changed words cost ten of 56 shingles: Jaccard 46/66 < .8; one costs five: 51/61 > .8.
  const changed = (text: readonly string[], places: readonly number[]): string[] =>
    text.map((word, index) => (places.includes(index) ? `changed-${index}` : word));
  const near = originals.map((text) => changed(text, [30]));
  const far = originals.map((text) => changed(text, [20, 40]));
  const pairsOf = (copies: readonly (readonly string[])[]): number => {
    const texts = [...originals, ...copies].map((text) => text.join(" "));
    const pairs = [
      ...nearCopies(
        texts.keys().toArray(),
        (index) => words(texts[index] ?? ""),
        () => false,
      ),
    ];
    return new Set(pairs.map(([left, right]) => (Math.abs(left - right) === 300 ? Math.min(left, right) : -1))).size;
  };
  expect(pairsOf(near)).toBeGreaterThanOrEqual(299);
  expect(pairsOf(far)).toBe(0);
});
