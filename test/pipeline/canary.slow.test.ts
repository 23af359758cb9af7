import { describe, expect, test } from "vitest";
import { inProcessJob } from "../../bench/in-process-job.ts";
import { shippedFile } from "../../src/compose.ts";
import { canaryIsDue } from "../../src/pipeline/canary.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { recompute } from "../../src/stages/decide.ts";

const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));

describe("the canary of a job", () => {
  test("is an edit without meaning in the same test: it changes next to nothing and would not be accepted", async () => {
    const { evidence } = await inProcessJob({ ...scenario, operatorFile: `${scenario.operatorFile}\ncanary: always\n` }, 1);
    expect(evidence?.canary).toMatchObject({ accepted: false, rephrased: expect.any(Number) });
    expect(evidence?.canary?.pairs).toBeGreaterThanOrEqual(9);
    expect(evidence?.canary?.fixed).toBeLessThan(9);
    expect(recompute(evidence)).toEqual({ ok: true });
  });

  test("is never run where the operator does not want it", async () => {
    const { evidence } = await inProcessJob({ ...scenario, operatorFile: `${scenario.operatorFile}\ncanary: never\n` }, 1);
    expect(evidence?.canary).toBeUndefined();
  });

  test("comes in about one job of twenty, and always in the same ones", () => {
    const jobs = Array.from({ length: 4000 }, (_, index) => `sha256:${(index * 2_654_435_761).toString(16).padStart(16, "0").slice(-16)}`);
    const due = jobs.filter((job) => canaryIsDue(job, "sometimes"));
    expect(due.length / jobs.length).toBeGreaterThan(0.03);
    expect(due.length / jobs.length).toBeLessThan(0.07);
    expect(jobs.filter((job) => canaryIsDue(job, "sometimes"))).toEqual(due);
    expect(canaryIsDue(jobs[0] ?? "", "never")).toBe(false);
  });
});
