import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { calibrate, type JudgedLabel } from "../../../src/stages/judge.ts";

const labels = (label: JudgedLabel["label"], right: number, wrong: number, cannotTell = 0): readonly JudgedLabel[] => {
  const [agree, disagree] = label === "good" ? (["passed", "failed"] as const) : (["failed", "passed"] as const);
  return [
    ...Array.from({ length: right }, () => ({ label, judged: agree })),
    ...Array.from({ length: wrong }, () => ({ label, judged: disagree })),
    ...Array.from({ length: cannotTell }, () => ({ label, judged: "cannot-tell" as const })),
  ];
};
const both = (right: number, wrong: number) => calibrate([...labels("good", right, wrong), ...labels("bad", right, wrong)]);

describe("a judge on labelled sessions", () => {
  // Lower bound of J by sessions of each kind and agreement: two one-sided 95 % Wilson bounds.
  test.each([
    [20, 0, 0.76],
    [19, 1, 0.61],
    [18, 2, 0.48],
    [45, 5, 0.62],
    [50, 0, 0.9],
    [85, 15, 0.56],
  ])("that is right %i times and wrong %i times of each kind has J of at least %f", (right, wrong, bound) => {
    expect(both(right, wrong).youdenAtLeast).toBeCloseTo(bound, 2);
  });

  test("is trusted from J of at least .5 and κ of .6, good for drafts from .3, refused below", () => {
    expect(both(19, 1).use).toBe("trusted");
    expect(both(17, 3)).toMatchObject({ use: "draft-only", kappa: expect.closeTo(0.7, 5) });
    expect(both(14, 6).use).toBe("refused");
  });

  test("is refused with too few labels, and told which ones are missing", () => {
    const { remedy, use } = calibrate([...labels("good", 25, 0), ...labels("bad", 8, 0)]);
    expect(use).toBe("refused");
    expect(remedy).toMatch(/12 more of bad ones/);
    expect(remedy).not.toMatch(/good sessions/);
  });

  test("is told how many labels would be enough where more would help, and that none help where they would not", () => {
    expect(both(18, 2).remedy).toMatch(/2[05]|30 labels of good and/);
    expect(both(12, 8).remedy).toMatch(/More labels would not help/);
  });

  test("that often cannot tell is refused however good it is otherwise", () => {
    const often = calibrate([...labels("good", 30, 0, 10), ...labels("bad", 30, 0, 10)]);
    expect(often).toMatchObject({ use: "refused", why: expect.stringMatching(/cannot tell in 20 of 80/) });
  });
});

const verdicts = fileURLToPath(new URL("../../../../shared/data/tau2-bench/llm-judge/", import.meta.url));
const file = z.object({ entries: z.array(z.object({ task_id: z.string(), tau2_success: z.boolean(), judge_verdict: z.string() })).min(1) });
/** The public verdicts of gpt-4o on sessions of gpt-4o, beside what really came of them. */
const judgedBy = (name: string): readonly JudgedLabel[] =>
  file.parse(JSON.parse(gunzipSync(readFileSync(`${verdicts}${name}.shared.json.gz`)).toString("utf8"))).entries.map((entry) => ({
    label: entry.tau2_success ? "good" : "bad",
    judged: entry.judge_verdict === "pass" ? "passed" : entry.judge_verdict === "fail" ? "failed" : "cannot-tell",
  }));

describe.skipIf(!existsSync(verdicts))("a chat model that judged real airline sessions without knowing the answer", () => {
  test.each(["customer_outcome_v1", "policy_chain_of_thought_v1", "policy_conversation_v1", "quick_triage_v1"])(
    "is refused under the prompt %s, with the reason",
    (prompt) => {
      const own = judgedBy(`airline.${prompt}`);
      const calibration = calibrate(own);
      expect(own.length).toBeGreaterThan(20);
      expect(calibration.use).toBe("refused");
      expect(calibration.why).toMatch(/too few labelled sessions|J is at least -?\d\.\d\d/);
      expect(calibration.remedy).not.toBe("");
    },
  );

  test("is refused for its errors, not for want of labels, when all its airline verdicts are taken together", () => {
    const all = ["customer_outcome_v1", "policy_chain_of_thought_v1", "policy_conversation_v1", "quick_triage_v1"].flatMap((prompt) =>
      judgedBy(`airline.${prompt}`),
    );
    const calibration = calibrate(all);
    expect(calibration.good.sessions).toBeGreaterThanOrEqual(20);
    expect(calibration.bad.sessions).toBeGreaterThanOrEqual(20);
    expect(calibration).toMatchObject({ use: "refused", why: expect.stringMatching(/J is at least/) });
    expect(calibration.remedy).toMatch(/would not help|labels of good/);
  });
});
