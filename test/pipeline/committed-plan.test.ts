import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { clusterId } from "../../src/domain/ids.ts";
import { defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { commitLevel, keepAccepted, keepLookedAt, planOfSample } from "../../src/pipeline/committed-plan.ts";
import { londAlpha, spentAlpha } from "../../src/stages/decide.ts";
import { aCalibration, aFidelity, anAttempt, aSample } from "../builders/attempt-builder.ts";

const plan = planFor(defaultPlan, 1);
const first = anAttempt(aSample(["a", "b", "c"]));
const overlapping = anAttempt(aSample(["c", "d"]));
const fresh = anAttempt(aSample(["x", "y"]));

describe("the level of a job", () => {
  test("is whole on sessions that no job has looked at", async () => {
    const ledger = new MemoryLedger();
    expect(await commitLevel(plan, first, { job: "job-1" }, ledger)).toEqual(plan);
    expect(await commitLevel(plan, fresh, { job: "job-2" }, ledger)).toEqual(plan);
  });

  test("shrinks with every earlier job that shares a session", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, { job: "job-1" }, ledger);
    expect(await commitLevel(plan, overlapping, { job: "job-2" }, ledger)).toEqual({
      ...plan,
      alpha: spentAlpha(0.05, 2),
      spending: { alpha: 0.05, job: 2 },
    });
    expect((await commitLevel(plan, overlapping, { job: "job-3" }, ledger)).spending?.job).toBe(3);
  });

  test("is no other job's, when several begin at the same moment", async () => {
    const ledger = new MemoryLedger();
    // Every look and every note takes a turn, so that all see the ledger empty at first.
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const slow: Parameters<typeof commitLevel>[3] = {
      get: async (key) => (await turn(), ledger.get(key)),
      put: async (key, document) => (await turn(), ledger.put(key, document)),
      keys: async (prefix) => (await turn(), ledger.keys(prefix)),
    };
    const jobs = ["job-1", "job-2", "job-3"];
    const committed = await Promise.all(jobs.map((job) => commitLevel(plan, first, { job, over: "repository" }, slow)));
    expect(new Set(committed.map((one) => one.spending?.job ?? 1)).size).toBe(3);
    expect(new Set(committed.map((one) => one.lond?.job)).size).toBe(3);
    const again = await Promise.all(jobs.map((job) => commitLevel(plan, first, { job, over: "repository" }, slow)));
    expect(again).toEqual(committed);
  });

  test("is the same when a job is run again, before or after its end", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, { job: "job-1" }, ledger);
    await commitLevel(plan, overlapping, { job: "job-2" }, ledger);
    expect(await commitLevel(plan, first, { job: "job-1" }, ledger)).toEqual(plan);
    await keepLookedAt(overlapping, "job-2", ["c"], ledger);
    expect((await commitLevel(plan, overlapping, { job: "job-2" }, ledger)).spending?.job).toBe(2);
  });

  test("is not lowered by sessions that an earlier job had in its order but never looked at", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, { job: "job-1" }, ledger);
    await keepLookedAt(first, "job-1", ["a", "b"], ledger);
    expect(await commitLevel(plan, overlapping, { job: "job-2" }, ledger)).toEqual(plan);
  });

  test("shrinks with every earlier job when the same edit is tested again, on fresh sessions too", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, { job: "job-1" }, ledger);
    expect((await commitLevel(plan, { ...fresh, later: true }, { job: "job-2" }, ledger)).spending?.job).toBe(2);
  });

  test("of another cluster is its own", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, { job: "job-1" }, ledger);
    expect(await commitLevel(plan, anAttempt(aSample(["a"]), { cluster: clusterId("c-other") }), { job: "job-2" }, ledger)).toEqual(plan);
  });

  test("is not guessed when what the ledger holds cannot be read", async () => {
    const ledger = new MemoryLedger();
    await ledger.put(`tested/${first.project}/${first.cluster}/job-0`, { version: 9 });
    await expect(commitLevel(plan, first, { job: "job-1" }, ledger)).rejects.toThrow(/version/);
  });
});

describe("the level of a job where the error is bounded over the repository", () => {
  const jobAt = (ledger: MemoryLedger, job: string) => commitLevel(plan, anAttempt(aSample([job])), { job, over: "repository" }, ledger);

  test("falls with its number and rises with the edits that were accepted before", async () => {
    const ledger = new MemoryLedger();
    expect(await jobAt(ledger, "job-1")).toEqual({ ...plan, alpha: londAlpha(0.05, 1, 0), lond: { alpha: 0.05, job: 1, accepted: 0 } });
    await keepAccepted(first, "job-1", true, ledger);
    expect((await jobAt(ledger, "job-2")).alpha).toBe(londAlpha(0.05, 2, 1));
    await keepAccepted(first, "job-2", false, ledger);
    expect((await jobAt(ledger, "job-3")).lond).toEqual({ alpha: 0.05, job: 3, accepted: 1 });
  });

  test("is not raised by what was accepted after it had begun", async () => {
    const ledger = new MemoryLedger();
    await jobAt(ledger, "job-1");
    const begun = await jobAt(ledger, "job-2");
    await keepAccepted(first, "job-1", true, ledger);
    expect(await jobAt(ledger, "job-2")).toEqual(begun);
  });

  test("is the smaller one where it has looked at sessions of an earlier job too", async () => {
    const ledger = new MemoryLedger();
    await commitLevel(plan, first, { job: "job-1" }, ledger);
    const level = await commitLevel(plan, overlapping, { job: "job-2", over: "repository" }, ledger);
    expect(level).toMatchObject({ alpha: spentAlpha(0.05, 2), spending: { job: 2 }, lond: { job: 1 } });
    expect(londAlpha(0.05, 1, 0)).toBeGreaterThan(spentAlpha(0.05, 2));
  });

  test("is another repository's own", async () => {
    const ledger = new MemoryLedger();
    await jobAt(ledger, "job-1");
    const elsewhere = anAttempt(aSample(["x"]), { repository: { owner: "other", name: "agent" } });
    expect((await commitLevel(plan, elsewhere, { job: "job-2", over: "repository" }, ledger)).lond?.job).toBe(1);
  });
});

describe("the plan of a sample", () => {
  test("carries how the failing sessions are drawn and when the test may be looked at", () => {
    const small = planOfSample(defaultPlan, anAttempt(aSample(["a", "a"], [], { pool: 1 })), 4);
    expect(small).toMatchObject({ pool: 1, candidates: 4 });
    expect(planOfSample(defaultPlan, anAttempt(aSample(["a", "b"], [], { looks: [2] })), 4)).toMatchObject({ looks: [2] });
  });

  test("raises the null share by the judge's errors where nothing else judges", () => {
    const judged = anAttempt(first.sample, { calibration: aCalibration(0.9, 0.9), fidelity: aFidelity({ failsAgain: 0.82 }) });
    const plan57 = { ...defaultPlan, theta0: 0.57 };
    expect(planOfSample(plan57, judged, 1).guardBand).toMatchObject({
      bias: 0.05,
      sensitivity: 0.9,
      specificity: 0.9,
      basePassRate: expect.closeTo(0.1),
    });
    expect(planOfSample(plan57, judged, 1).theta0).toBeCloseTo(0.6042, 4);
    expect(planOfSample(plan57, first, 1).theta0).toBe(0.57);
    expect(planOfSample(defaultPlan, judged, 1).theta0).toBe(0.5);
  });

  test("raises it also where there are rules, but it was the model that failed the sessions that were run again", () => {
    const calibration = aCalibration(0.9, 0.9);
    const by = (failedByModel: number): number =>
      planOfSample(defaultPlan, anAttempt(first.sample, { calibration, fidelity: aFidelity({ failedByModel }) }), 1).theta0;
    expect(by(0)).toBe(0.5);
    expect(by(4)).toBe(0.5);
    expect(by(5)).toBeGreaterThan(0.57);
    expect(planOfSample(defaultPlan, anAttempt(first.sample, { fidelity: aFidelity({ failedByModel: 10 }) }), 1).theta0).toBe(0.57);
  });
});
