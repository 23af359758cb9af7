import { beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { inProcessJob, jobOn, scanScenario } from "../../bench/in-process-job.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { memoryWorkspace } from "../../src/adapters/memory-workspace/memory-workspace.ts";
import { shippedFile } from "../../src/compose.ts";
import { wilsonLower } from "../../src/domain/replaying/wilson.ts";
import { documentSteps, eligible, improve, type JobResult } from "../../src/pipeline.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { recompute } from "../../src/stages/decide.ts";
import { aFidelity } from "../builders/attempt-builder.ts";
import { aRuntime } from "../builders/runtime.ts";

const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));

function withPlan(plan: object): Scenario {
  const operator = parse(scenario.operatorFile) as { readonly plan?: object };
  return { ...scenario, operatorFile: stringify({ ...operator, canary: "never", plan: { ...operator.plan, ...plan } }) };
}

describe("candidates tried on single steps first", () => {
  test("that lead to few better steps are dropped, the others share the level, and the evidence says so and verifies", async () => {
    const { evidence } = await inProcessJob(withPlan({ screen: true }), 1);
    const kept = evidence?.screen?.candidates.filter((one) => one.result !== "dropped").map((one) => one.candidate);
    expect(evidence?.screen?.candidates.length).toBeGreaterThan(kept?.length ?? 0);
    expect(evidence?.candidates.map((one) => one.id)).toEqual(kept);
    expect(evidence?.plan.candidates).toBe(kept?.length);
    expect(evidence?.winner).toBeDefined();
    expect(recompute(JSON.parse(JSON.stringify(evidence)))).toEqual({ ok: true });
    const screen = evidence?.screen;
    const tampered = { ...evidence, screen: { ...screen, candidates: screen?.candidates.map((one) => ({ ...one, result: "kept" })) } };
    expect(recompute(JSON.parse(JSON.stringify(tampered))).ok).toBe(false);
  });
});

describe("where whole sessions cannot be replayed truly", () => {
  const shares = { failsAgain: 10 / 12, failsAgainAtLeast: wilsonLower(10, 12), chanceCorrected: 10 / 12 };
  const unfaithful = aFidelity({ ...shares, gate: { result: "failed", why: "they do not fail again", remedy: "none" } });
  async function jobWith(plan: object): Promise<JobResult> {
    const own = withPlan(plan);
    const scanned = await scanScenario(own, 1);
    const [cluster] = eligible(scanned.document.clusters);
    if (cluster === undefined) throw new Error("no cluster");
    const documents = new MemoryLedger();
    const { input, tools } = jobOn({ cluster, scanned, scenario: own, models: simulatedModels(own, 1), documents, seed: 1 });
    const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files: own.files }).open("HEAD");
    const attempt = { ...tools.attempt, fidelity: async () => unfaithful };
    return improve(input, checkout, { ...tools, attempt }, documentSteps(documents, "job"), aRuntime());
  }

  let result: JobResult;
  beforeAll(async () => {
    result = await jobWith({ decisionLevel: true });
  });

  test("the job ends, unless the operator wants single steps tested", async () => {
    expect((await jobWith({})).finding).toMatchObject({ end: "not-replayable" });
    expect(result.evidence?.plan.level).toBe("decision");
  });

  test("a winner on single steps is decision-level, and its pull request a draft that says why", () => {
    expect(result.finding).toMatchObject({ end: "proposed", verdict: { result: "decision-level" } });
    expect(result.proposal).toMatchObject({ draft: true, body: expect.stringContaining("single steps") });
    expect(result.proposal?.body).not.toContain("useless edits at most");
  });

  test("no tool was called in either arm, and the evidence verifies", () => {
    const arms = result.evidence?.pairs.flatMap((pair) => [pair.before, pair.after]) ?? [];
    expect(arms.length).toBeGreaterThan(20);
    expect(arms.every((arm) => arm.modelCalls <= 3 && Object.values(arm.tiers).every((count) => count === 0))).toBe(true);
    expect(recompute(JSON.parse(JSON.stringify(result.evidence)))).toEqual({ ok: true });
  });
});
