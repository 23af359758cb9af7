import { describe, expect, test } from "vitest";
import { discoveries, fisherExact } from "../../../src/stages/cluster/fisher.ts";

describe("Fisher's exact test", () => {
  test("agrees with the lady tasting tea: all four of four cups", () => {
    expect(fisherExact({ failedWith: 4, failed: 4, passedWith: 0, passed: 4 })).toBeCloseTo(1 / 70, 12);
    expect(fisherExact({ failedWith: 3, failed: 4, passedWith: 1, passed: 4 })).toBeCloseTo(17 / 70, 12);
  });

  test("is 1 where nothing was seen, and where everybody has the trait", () => {
    expect(fisherExact({ failedWith: 0, failed: 9, passedWith: 5, passed: 9 })).toBeCloseTo(1, 12);
    expect(fisherExact({ failedWith: 9, failed: 9, passedWith: 9, passed: 9 })).toBeCloseTo(1, 12);
  });

  test("holds its level: a trait that has nothing to do with failing is significant in at most 5 % of all tables", () => {
    // All ways to deal 8 traits among 12 failed and 15 passing sessions, weighted by how often each happens.
    const choose = (n: number, k: number): number =>
      k < 0 || k > n ? 0 : Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((a, b) => a * b, 1);
    let size = 0;
    for (let k = 0; k <= 8; k += 1) {
      const p = fisherExact({ failedWith: k, failed: 12, passedWith: 8 - k, passed: 15 });
      if (p <= 0.05) size += (choose(12, k) * choose(15, 8 - k)) / choose(27, 8);
    }
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(0.05);
  });

  test("stays a number for large tables", () => {
    const p = fisherExact({ failedWith: 3000, failed: 6000, passedWith: 2000, passed: 6000 });
    expect(p).toBeGreaterThanOrEqual(0);
    expect(p).toBeLessThan(1e-50);
  });
});

describe("the false discovery rate", () => {
  test("keeps every value up to the largest that fits (Benjamini & Hochberg's own example)", () => {
    const values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1];
    expect(discoveries(values, 0.05).filter(Boolean)).toHaveLength(4);
  });

  test("keeps a value above its own limit when a later one fits, and none when none does", () => {
    expect(discoveries([0.04, 0.03, 0.045], 0.05)).toEqual([true, true, true]);
    expect(discoveries([0.2, 0.3], 0.05)).toEqual([false, false]);
    expect(discoveries([], 0.05)).toEqual([]);
  });
});
