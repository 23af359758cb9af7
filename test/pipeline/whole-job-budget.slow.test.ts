import { describe, expect, test } from "vitest";
import { inProcessJob } from "../../bench/in-process-job.ts";
import { shippedFile } from "../../src/compose.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { recompute } from "../../src/stages/decide.ts";

const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
const withBudget = (tokens: number) => ({ ...scenario, operatorFile: `${scenario.operatorFile}\nbudget: { tokens: ${tokens} }\n` });

describe("a whole job with a budget", () => {
  test("too small for the self-replays ends before drafting, and says what to raise", async () => {
    const { finding, spent } = await inProcessJob(withBudget(20_000), 1);
    expect(finding).toMatchObject({
      end: "not-replayable",
      why: expect.stringMatching(/the budget allowed/),
      remedy: expect.stringMatching(/budget/),
    });
    expect((spent?.inputTokens ?? 0) + (spent?.outputTokens ?? 0)).toBeLessThan(20_000);
  });

  test("that ends the test in the middle leaves evidence that verifies, decided on what was measured, within the budget", async () => {
    const whole = await inProcessJob(scenario, 1);
    const all = (whole.spent?.inputTokens ?? 0) + (whole.spent?.outputTokens ?? 0);
    const budget = Math.round(all * 0.6);
    const { evidence, finding, spent } = await inProcessJob(withBudget(budget), 1);
    expect(finding.end).toBe("decided");
    expect(evidence?.verdicts.map((verdict) => verdict.result)).not.toContain("improves");
    expect(recompute(evidence)).toEqual({ ok: true });
    expect(evidence?.pairs.length).toBeGreaterThan(0);
    expect(evidence?.pairs.length).toBeLessThan(whole.evidence?.pairs.length ?? 0);
    // Kept by estimate: a replay may take a little more than the recording did.
    expect((spent?.inputTokens ?? 0) + (spent?.outputTokens ?? 0)).toBeLessThan(budget * 1.1);
  });
});
