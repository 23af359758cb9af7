import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { clusterId } from "../../src/domain/ids.ts";
import { defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { commitLevel, keepLookedAt, planOfSample } from "../../src/pipeline/committed-plan.ts";
import { spentAlpha } from "../../src/stages/decide.ts";
import { anAttempt, aSample } from "../builders/attempt-builder.ts";

const plan = planFor(defaultPlan, 1);
const first = anAttempt(aSample(["a", "b", "c"]));
const overlapping = anAttempt(aSample(["c", "d"]));
const fresh = anAttempt(aSample(["x", "y"]));

describe("the level of a job", () => {
  test("is whole on sessions that no job has looked at", async () => {
    const ledger = new MemoryLedger();
    expect(await commitLevel(plan, first, "job-1", ledger)).toEqual(plan);
    expect(await commitLevel(plan, fresh, "job-2", ledger)).toEqual(plan);
  });

  test("shrinks with every earlier job that shares a session", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, "job-1", ledger);
    expect(await commitLevel(plan, overlapping, "job-2", ledger)).toEqual({
      ...plan,
      alpha: spentAlpha(0.05, 2),
      spending: { alpha: 0.05, job: 2 },
    });
    expect((await commitLevel(plan, overlapping, "job-3", ledger)).spending?.job).toBe(3);
  });

  test("is the same when a job is run again, before or after its end", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, "job-1", ledger);
    await commitLevel(plan, overlapping, "job-2", ledger);
    expect(await commitLevel(plan, first, "job-1", ledger)).toEqual(plan);
    await keepLookedAt(overlapping, "job-2", ["c"], ledger);
    expect((await commitLevel(plan, overlapping, "job-2", ledger)).spending?.job).toBe(2);
  });

  test("is not lowered by sessions that an earlier job had in its order but never looked at", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, "job-1", ledger);
    await keepLookedAt(first, "job-1", ["a", "b"], ledger);
    expect(await commitLevel(plan, overlapping, "job-2", ledger)).toEqual(plan);
  });

  test("of another cluster is its own", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, "job-1", ledger);
    expect(await commitLevel(plan, anAttempt(aSample(["a"]), { cluster: clusterId("c-other") }), "job-2", ledger)).toEqual(plan);
  });

  test("is not guessed when what the ledger holds cannot be read", async () => {
    const ledger = new MemoryLedger();
    await ledger.put(`tested/${first.project}/${first.cluster}/job-0`, { version: 9 });
    await expect(commitLevel(plan, first, "job-1", ledger)).rejects.toThrow(/version/);
  });
});

describe("the plan of a sample", () => {
  test("carries how the failing sessions are drawn and when the test may be looked at", () => {
    const small = planOfSample(defaultPlan, anAttempt(aSample(["a", "a"], [], { pool: 1 })), 4);
    expect(small).toMatchObject({ pool: 1, candidates: 4 });
    expect(planOfSample(defaultPlan, anAttempt(aSample(["a", "b"], [], { looks: [2] })), 4)).toMatchObject({ looks: [2] });
  });

  test("raises the null share by the judge's errors, only where a model judges", () => {
    const rates = { basePassRate: 0.1, sensitivity: 0.9, specificity: 0.9 };
    expect(planOfSample({ ...defaultPlan, theta0: 0.57 }, first, 1, rates).theta0).toBeCloseTo(0.6042, 4);
    expect(planOfSample({ ...defaultPlan, theta0: 0.57 }, first, 1).theta0).toBe(0.57);
    expect(planOfSample(defaultPlan, first, 1, rates).theta0).toBe(0.5);
  });
});
