import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Evidence } from "../../../src/domain/evidence.ts";
import { correctedEffects, evidenceSchema, guardedNull, recompute, seal, spentAlpha } from "../../../src/stages/decide.ts";
import { wilsonLower } from "../../../src/domain/replaying/wilson.ts";
import { aCalibration, aFidelity } from "../../builders/attempt-builder.ts";
import { anEvidence } from "../../builders/evidence-builder.ts";

type Tamper = (evidence: Evidence) => object;

const trueFidelity = aFidelity({
  failsAgain: 10 / 12,
  failsAgainAtLeast: wilsonLower(10, 12),
  passesAgain: 1,
  chanceCorrected: 10 / 12,
});

const problemsOf = (document: unknown): readonly string[] => {
  const result = recompute(JSON.parse(JSON.stringify(document)));
  return result.ok ? [] : result.problems.map((problem) => `${problem.path.join(".")} ${problem.message}`);
};

/** The pair of this place with its after changed. */
const flipped = (evidence: Evidence, index: number): Evidence["pairs"] =>
  evidence.pairs.map((pair) =>
    pair.index === index && pair.group === "failing" ? { ...pair, after: { ...pair.after, outcome: "passed" } } : pair,
  );

/** What a forger would do: change a part and seal everything anew. */
const resealed = (tamper: Tamper): Tamper => {
  return (evidence) => {
    const { seals: _seals, ...open } = tamper(evidence) as Evidence;
    return seal(open);
  };
};

describe("an evidence file", () => {
  test("verifies as it was written", () => {
    expect(recompute(JSON.parse(JSON.stringify(anEvidence())))).toEqual({ ok: true });
  });

  test("with a changed outcome names the pair and the figures that no longer follow", () => {
    const evidence = anEvidence();
    const problems = problemsOf({ ...evidence, pairs: flipped(evidence, 1) });
    expect(problems).toContain("pairs.1 is not what was sealed");
    expect(problems.find((one) => one.startsWith("verdicts.0.failing.pairs"))).toMatch(/is \d+, the pairs give \d+/);
  });

  test("with a changed token count names the pair", () => {
    const evidence = anEvidence();
    const [first, ...rest] = evidence.pairs;
    if (first === undefined) throw new Error("no pairs");
    const cheaper = { ...first, after: { ...first.after, usage: { ...first.after.usage, inputTokens: 1 } } };
    expect(problemsOf({ ...evidence, pairs: [cheaper, ...rest] })).toEqual(
      expect.arrayContaining(["pairs.0 is not what was sealed", expect.stringMatching(/^usage is .* drafting and the arms give/)]),
    );
  });

  test.each<[string, Tamper, RegExp]>([
    ["a changed outcome", (evidence) => ({ ...evidence, pairs: flipped(evidence, 1) }), /^verdicts\.0\.failing\.pairs/],
    [
      "a better bound",
      (evidence) => ({ ...evidence, verdicts: evidence.verdicts.map((verdict) => ({ ...verdict, controlBound: 0.01 })) }),
      /^verdicts\.0\.controlBound is 0\.01/,
    ],
    ["an easier boundary", (evidence) => ({ ...evidence, boundary: evidence.boundary.map((count) => count - 1) }), /^boundary\.0 is 1/],
    [
      "a left-out failure",
      (evidence) => ({ ...evidence, pairs: evidence.pairs.filter((pair) => !(pair.index === 1 && pair.group === "failing")) }),
      /before the test had decided/,
    ],
    [
      "a pair that stands twice",
      (evidence) => ({ ...evidence, pairs: [...evidence.pairs, ...evidence.pairs.slice(0, 1)] }),
      /stands twice/,
    ],
    ["another winner", (evidence) => ({ ...evidence, winner: "sha256:zz" }), /^winner is sha256:zz/],
    ["a looser level", (evidence) => ({ ...evidence, plan: { ...evidence.plan, alpha: 0.5 } }), /^plan\.alpha/],
    [
      "a level that forgets the earlier jobs",
      (evidence) => ({ ...evidence, plan: { ...evidence.plan, spending: { alpha: 0.05, job: 2 } } }),
      /^plan\.alpha is 0\.05, job 2 on these sessions leaves 0\.0075/,
    ],
    [
      "a level that forgets the repository's earlier jobs",
      (evidence) => ({ ...evidence, plan: { ...evidence.plan, lond: { alpha: 0.05, job: 3, accepted: 1 } } }),
      /^plan\.alpha is 0\.05, job 3 of the repository leaves 0\.0067/,
    ],
    [
      "more accepted edits than there were jobs",
      (evidence) => ({ ...evidence, plan: { ...evidence.plan, lond: { alpha: 0.05, job: 2, accepted: 2 } } }),
      /^plan\.lond counts 2 accepted edits before job 2/,
    ],
    [
      "a null share below what the judge's errors ask for",
      (evidence) => ({
        ...evidence,
        plan: { ...evidence.plan, guardBand: { bias: 0.05, basePassRate: 0.1, sensitivity: 0.9, specificity: 0.9 } },
      }),
      /^plan\.theta0 is 0\.5, the guard band gives 0\.6/,
    ],
    [
      "a session that is not at its place",
      (evidence) => ({ ...evidence, pairs: evidence.pairs.map((pair) => (pair.index === 3 ? { ...pair, sessionId: "failing-0" } : pair)) }),
      /^pairs\.3\.sessionId session failing-0 is not at failing 3/,
    ],
    [
      "another order than the committed one",
      (evidence) => ({ ...evidence, orders: { ...evidence.orders, failing: evidence.orders.failing.toReversed() } }),
      /^order is sha256/,
    ],
    [
      "one session at two places",
      (evidence) => ({ ...evidence, orders: { ...evidence.orders, control: evidence.orders.control.map(() => "control-0") } }),
      /^orders\.control one session stands at two places/,
    ],
    [
      "replays said to be truer than they were",
      (evidence) => ({ ...evidence, fidelity: { ...trueFidelity, failsAgain: 1 } }),
      /^fidelity\.failsAgain is 1, the counts beside it give 0\.8/,
    ],
    [
      "a judge said to be better than it was",
      (evidence) => ({ ...evidence, calibration: { ...aCalibration(0.9, 0.9), specificity: 0.99 } }),
      /^calibration\.specificity is 0\.99, the counts beside it give 0\.9/,
    ],
    ["a lower bill", (evidence) => ({ ...evidence, usage: { inputTokens: 1, outputTokens: 1 } }), /^usage is/],
  ])("with %s does not verify, not even when it is sealed anew", (_what, tamper, problem) => {
    expect(problemsOf(tamper(anEvidence()))).toContainEqual(expect.stringMatching(problem));
    expect(problemsOf(resealed(tamper)(anEvidence()))).toContainEqual(expect.stringMatching(problem));
  });

  test.each<[string, Tamper, string]>([
    ["title", (evidence) => ({ ...evidence, cluster: { ...evidence.cluster, title: "something else" } }), "cluster is not what was sealed"],
    ["model", (evidence) => ({ ...evidence, models: { ...evidence.models, agent: "another" } }), "models is not what was sealed"],
    ["unknown field", (evidence) => ({ ...evidence, praise: "excellent" }), "praise is not what was sealed"],
  ])("with a changed %s is told by its seal", (_what, tamper, problem) => {
    expect(problemsOf(tamper(anEvidence()))).toEqual([problem]);
  });

  test.each([null, [], "x", {}, { version: 2 }, { version: 1, pairs: "many" }, { version: 1, seals: { fields: { __proto__: "x" } } }])(
    "that is %j is refused with a reason, never a crash",
    (document) => {
      expect(recompute(document).ok).toBe(false);
    },
  );

  test("nested without end, or with the largest numbers that its form allows, is answered all the same", () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 20_000; depth += 1) nested = [nested];
    expect(recompute({ ...anEvidence(), nested })).toEqual({
      ok: false,
      problems: [{ path: [], message: "is nested deeper than 40 levels" }],
    });
    const evidence = anEvidence();
    const plan = { ...evidence.plan, maximumDiscordant: 500, failingCap: 10_000, controlCap: 10_000 };
    expect(recompute({ ...evidence, plan, available: { failing: 10_000, control: 10_000 } }).ok).toBe(false);
  });

  test("with what was measured before drafting verifies too", () => {
    const { seals: _seals, ...open } = anEvidence();
    expect(problemsOf(seal({ ...open, fidelity: trueFidelity, calibration: aCalibration(0.9, 0.9) }))).toEqual([]);
  });

  test("with effects freed of the judge's error holds exactly those that its pairs and its calibration give", () => {
    const { pairs, seals: _seals, ...open } = anEvidence();
    const judged = pairs.map((pair) => ({
      ...pair,
      before: { ...pair.before, decidedBy: "model" },
      after: { ...pair.after, decidedBy: "model" },
    }));
    const evidence = { ...open, pairs: judged, fidelity: trueFidelity, calibration: aCalibration(0.9, 0.9) };
    const corrected = correctedEffects(evidence);
    expect(corrected).toMatchObject([{ group: "failing" }]);
    expect(problemsOf(seal({ ...evidence, corrected }))).toEqual([]);
    expect(problemsOf(seal({ ...evidence, corrected: corrected.map((one) => ({ ...one, effect: 1 })) }))).toEqual([
      expect.stringMatching(/^corrected\.0\.effect is 1, the pairs give 0\.\d+/),
    ]);
    expect(problemsOf(seal({ ...evidence, corrected: [] }))[0]).toMatch(/^corrected has 0 entries/);
  });

  test("has the published form", async () => {
    // Compiles only as long as the type and the published form agree.
    const document: z.input<typeof evidenceSchema> = JSON.parse(JSON.stringify(anEvidence())) as MutableDeep<Evidence>;
    expect(evidenceSchema.safeParse(document).success).toBe(true);
    const schema = `${JSON.stringify(z.toJSONSchema(evidenceSchema, { io: "input" }), undefined, 2)}\n`;
    await expect(schema).toMatchFileSnapshot("../../../docs/evidence.schema.json");
  });
});

type MutableDeep<T> = T extends string | number | boolean | undefined ? T : { -readonly [K in keyof T]: MutableDeep<T[K]> };

describe("the level of later jobs", () => {
  test("is whole at first, then shrinks so fast that all later ones together add two fifths", () => {
    expect(spentAlpha(0.05, 1)).toBe(0.05);
    expect(spentAlpha(0.05, 2)).toBeCloseTo(0.0076, 4);
    let later = 0;
    for (let job = 2; job <= 10_000; job += 1) later += spentAlpha(0.05, job);
    expect(later).toBeLessThan(0.3921 * 0.05);
  });
});

describe("the null share where only a model judges", () => {
  const band = { bias: 0.05, basePassRate: 0.1, sensitivity: 0.9, specificity: 0.9 };

  test("is what a lenient judge can make of sessions that pass always or never", () => {
    // p₊ = .9·.9·.15 + .1·.9·.1 = .1305, p₋ = .9·.1·.85 + .009 = .0855
    expect(guardedNull(band)).toBeCloseTo(0.1305 / 0.216, 4);
  });

  test("is never below .57, and .57 where there is no bias to fear", () => {
    expect(guardedNull({ ...band, bias: 0 })).toBe(0.57);
    expect(guardedNull({ ...band, basePassRate: 0.95 })).toBe(0.57);
  });

  test("grows with the bias and with the judge's strictness", () => {
    expect(guardedNull({ ...band, bias: 0.1 })).toBeGreaterThan(guardedNull(band));
    expect(guardedNull({ ...band, specificity: 0.98 })).toBeGreaterThan(guardedNull(band));
  });
});
