import { describe, expect, test } from "vitest";
import { digest } from "../../../src/domain/ids.ts";
import { seededRandom } from "../../../src/domain/random.ts";
import type { Pair } from "../../../src/domain/replay.ts";
import { correctedEffect, labelledEffect, ratesOf } from "../../../src/stages/decide.ts";
import { pairsOf } from "../../builders/evidence-builder.ts";

const judged = (signs: string, by = "model"): readonly Pair[] =>
  pairsOf(signs, "failing", digest("sha256:aa")).map((pair) => ({
    ...pair,
    before: { ...pair.before, decidedBy: by },
    after: { ...pair.after, decidedBy: by },
  }));

const rates = { sensitivity: 0.9, good: 50, specificity: 0.8, bad: 50 };

describe("an effect freed of the judge's error", () => {
  test("is the counted one over J, with the uncertainty of the judge's rates in its interval", () => {
    // 24 fixed and 3 broken of 60: .35/.7 = .5, Var = Var(δ)/J² + δ²·Var(J)/J², by hand.
    const effect = correctedEffect(judged(`${"+".repeat(24)}${"-".repeat(3)}${".".repeat(33)}`), rates);
    expect(effect).toMatchObject({ effect: 0.5, interval: [0.2707, 0.7293], pairs: 60, judgedByModel: 120 });
  });

  test("is never more than all sessions, however much the judge errs", () => {
    expect(correctedEffect(judged(`${"+".repeat(19)}.`), rates)).toMatchObject({ effect: 1, interval: [1, 1] });
    expect(correctedEffect(judged(`${"-".repeat(19)}.`), rates)).toMatchObject({ effect: -1 });
  });

  test("gives each arm its true share", () => {
    const effect = correctedEffect(judged("=".repeat(29) + ".".repeat(29) + "+-"), rates);
    expect(effect).toMatchObject({ before: 0.4286, after: 0.4286, effect: 0 });
  });

  test("leaves alone what rules decided, and is not made where no model judged or the judge is a coin", () => {
    const half = [...judged("+.".repeat(5)), ...judged("+.".repeat(5), "rules")];
    expect(correctedEffect(half, rates)?.effect).toBeCloseTo((0.5 + 0.5 / 0.7) / 2, 4);
    expect(correctedEffect(judged("++", "rules"), rates)).toBeUndefined();
    expect(correctedEffect(judged("++"), { ...rates, specificity: 0.1 })).toBeUndefined();
    expect(correctedEffect([], rates)).toBeUndefined();
    expect(correctedEffect(judged("..=="), rates)).toBeUndefined();
  });

  test("counts a bad session of which the judge could not tell as one that it did not pass", () => {
    expect(ratesOf({ good: { sessions: 20, agreed: 18, cannotTell: 1 }, bad: { sessions: 20, agreed: 15, cannotTell: 3 } })).toEqual({
      sensitivity: 0.9,
      good: 20,
      specificity: 0.9,
      bad: 20,
    });
  });

  test("holds the truth in about 95 of 100 intervals, whatever the judge gets wrong", () => {
    const random = seededRandom(3, "corrected");
    const says = (isGood: boolean): boolean => random() < (isGood ? rates.sensitivity : 1 - rates.specificity);
    let held = 0;
    const jobs = 1000;
    for (let job = 0; job < jobs; job += 1) {
      const signs = Array.from({ length: 60 }, () => {
        const [before, after] = [random() < 0.2, random() < 0.5].map((isGood) => says(isGood));
        return before === after ? "." : after ? "+" : "-";
      });
      const count = (isGood: boolean): number => Array.from({ length: 50 }).filter(() => says(isGood)).length;
      const measured = { good: 50, sensitivity: count(true) / 50, bad: 50, specificity: 1 - count(false) / 50 };
      const [low, high] = correctedEffect(judged(signs.join("")), measured)?.interval ?? [1, 1];
      held += Number(low <= 0.3 && high >= 0.3);
    }
    expect(held / jobs).toBeGreaterThan(0.92);
    expect(held / jobs).toBeLessThan(0.99);
  });
});

describe("an effect from people's labels and the judge's verdicts together", () => {
  const labelled = [
    ...Array.from({ length: 10 }, () => ({ label: 1, judged: 1 })),
    ...Array.from({ length: 4 }, () => ({ label: 0, judged: 1 })),
    ...Array.from({ length: 14 }, () => ({ label: 0, judged: 0 })),
    ...Array.from({ length: 2 }, () => ({ label: -1, judged: -1 })),
  ];
  const unlabelled = [
    ...Array.from({ length: 20 }, () => 1),
    ...Array.from({ length: 35 }, () => 0),
    ...Array.from({ length: 5 }, () => -1),
  ];

  test("weighs the judge by how well it follows the labels", () => {
    expect(labelledEffect({ labelled, unlabelled })).toEqual({
      labelled: 30,
      unlabelled: 60,
      weight: 0.535,
      effect: 0.1864,
      interval: [0.0371, 0.3358],
    });
  });

  test("is that of the labels alone where the judge contradicts them or nothing else was judged, and nothing below thirty labels", () => {
    const contrary = labelled.map(({ label }) => ({ label, judged: -label }));
    expect(labelledEffect({ labelled: contrary, unlabelled })).toMatchObject({ weight: 0, effect: 0.2667 });
    expect(labelledEffect({ labelled, unlabelled: [] })).toMatchObject({ weight: 0, effect: 0.2667 });
    expect(labelledEffect({ labelled: labelled.slice(1), unlabelled })).toBeUndefined();
  });

  test("is not made of labels that all say the same: an interval without width would claim to know", () => {
    const same = labelled.map(({ judged: said }) => ({ label: 1, judged: said }));
    expect(labelledEffect({ labelled: same, unlabelled })).toBeUndefined();
  });
});
