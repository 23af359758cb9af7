import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../src/domain/random.ts";
import { levelLeft, londAlpha } from "../../../src/stages/decide.ts";

describe("the level of a repository's jobs together", () => {
  test.each([
    [1, 0, 0.030396],
    [2, 0, 0.007599],
    [2, 1, 0.015198],
    [3, 1, 0.006755],
    [10, 4, 0.00152],
  ])("of job %i with %i accepted edits before it is %f of .05", (job, accepted, level) => {
    expect(londAlpha(0.05, job, accepted)).toBeCloseTo(level, 6);
  });

  test("is never above the chosen one, and nothing is taken off where no rule applies", () => {
    for (let job = 1; job <= 50; job += 1) expect(londAlpha(0.05, job, job - 1)).toBeLessThan(0.05);
    expect(levelLeft({})).toBeUndefined();
  });

  test("keeps useless edits below the chosen share of all accepted ones, where each alone at the whole level would not", () => {
    const shareOfUseless = (level: (job: number, accepted: number) => number): number => {
      const random = seededRandom(1, "repositories");
      const repositories = 2000;
      let sum = 0;
      for (let index = 0; index < repositories; index += 1) {
        let [accepted, useless] = [0, 0];
        for (let job = 1; job <= 40; job += 1) {
          const isUseless = random() < 0.95;
          if (random() >= (isUseless ? level(job, accepted) : 0.8)) continue;
          accepted += 1;
          useless += Number(isUseless);
        }
        sum += useless / Math.max(1, accepted);
      }
      return sum / repositories;
    };
    expect(shareOfUseless((job, accepted) => londAlpha(0.05, job, accepted))).toBeLessThan(0.05);
    expect(shareOfUseless(() => 0.05)).toBeGreaterThan(0.3);
  });
});
