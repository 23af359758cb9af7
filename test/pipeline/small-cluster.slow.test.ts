import { describe, expect, test } from "vitest";
import { inProcessJob } from "../../bench/in-process-job.ts";
import { shippedFile } from "../../src/compose.ts";
import type { Evidence } from "../../src/domain/evidence.ts";
import { evidenceMarkdown } from "../../src/report/evidence-markdown.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { recompute } from "../../src/stages/decide.ts";

/** The evidence of a whole job on so many recorded sessions of a shipped scenario. */
async function evidenceOf(count: number, seed: number): Promise<Evidence> {
  const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
  const { evidence, finding } = await inProcessJob({ ...scenario, sessions: { ...scenario.sessions, count, users: count } }, seed);
  if (evidence === undefined) throw new Error(`the job ended before the test: ${finding.end}`);
  return evidence;
}

describe("a job on a small cluster", () => {
  test("draws its few failing sessions with replacement, and replays every draw afresh in both arms", async () => {
    const evidence = await evidenceOf(60, 1);
    expect(evidence.plan.pool).toBeLessThan(24);
    expect(new Set(evidence.orders.failing).size).toBeLessThanOrEqual(evidence.plan.pool ?? 0);
    const failing = evidence.pairs.filter((pair) => pair.group === "failing");
    const places = new Set(failing.map((pair) => pair.index));
    expect(places.size).toBeGreaterThan(new Set(failing.map((pair) => pair.sessionId)).size);
    expect(new Set(failing.map((pair) => pair.before.replay)).size).toBe(places.size);
    for (const pair of failing) expect(pair.after.replay).not.toBe(pair.before.replay);
    expect(recompute(JSON.parse(JSON.stringify(evidence)))).toEqual({ ok: true });
    expect(evidenceMarkdown(evidence, "private")).toContain(`The evidence is about these ${evidence.plan.pool} failing sessions`);
  });

  test("of the usual size takes each session once, after a hint has shown that a prompt can help", async () => {
    const evidence = await evidenceOf(300, 1);
    expect(evidence.plan.pool).toBeUndefined();
    expect(new Set(evidence.orders.failing).size).toBe(evidence.orders.failing.length);
    expect(evidence.headroom).toMatchObject({ result: "some" });
    expect(recompute(JSON.parse(JSON.stringify(evidence)))).toEqual({ ok: true });
  });
});
