import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/domain/digest.ts";
import { toolCalls } from "../../src/domain/session.ts";
import { isGood, kindOf, rulesOf, sessionsOf, share, shippedScenario, withCandidate } from "./scenario-sessions.ts";

/** How many of the cluster's kind (`refund`) and of the others end well with a candidate's edit, by the operator's own rules. */
async function rates(name: string, candidate?: string): Promise<{ readonly refund: number; readonly others: number }> {
  const scenario = shippedScenario(name);
  const sessions = await sessionsOf(candidate === undefined ? scenario : withCandidate(scenario, candidate), { seed: 7 });
  const rules = rulesOf(scenario);
  const of = (isRefund: boolean): number =>
    share(
      sessions.filter((session) => (kindOf(session) === "refund") === isRefund),
      (session) => isGood(rules, session),
    );
  return { refund: of(true), others: of(false) };
}

describe("missing-step", () => {
  test("fails nearly always at refunds, and each good edit mends about two in five of them and breaks nothing", async () => {
    const before = await rates("missing-step");
    expect(before.refund).toBeLessThan(0.15);
    expect(before.others).toBeGreaterThan(0.97);
    for (const candidate of ["policy-step", "policy-rule", "policy-in-the-tool"]) {
      const after = await rates("missing-step", candidate);
      expect(after.refund - before.refund).toBeGreaterThan(0.25);
      expect(after.refund - before.refund).toBeLessThan(0.5);
      expect(before.others - after.others).toBeLessThan(0.03);
    }
  });

  test("asks in its new step what at least three other sessions asked, always with the same answer and no personal id", async () => {
    const answers = new Map<string, Set<string>>();
    const counts = new Map<string, number>();
    for (const session of await sessionsOf(shippedScenario("missing-step"), { seed: 1, count: 300 })) {
      for (const call of toolCalls(session)) {
        if (call.tool !== "get_return_policy") continue;
        const input = canonicalJson(call.input);
        answers.set(input, (answers.get(input) ?? new Set()).add(canonicalJson(call.output ?? null)));
        counts.set(input, (counts.get(input) ?? 0) + 1);
      }
    }
    expect([...answers.keys()].toSorted()).toEqual(['{"category":"clothing"}', '{"category":"electronics"}', '{"category":"household"}']);
    expect([...answers.values()].every((one) => one.size === 1)).toBe(true);
    expect(Math.min(...counts.values())).toBeGreaterThan(3);
  });
});

describe("not-in-the-prompt", () => {
  test("stays as it is, whichever edit is made", async () => {
    const before = await rates("not-in-the-prompt");
    for (const candidate of ["policy-step", "policy-rule", "policy-in-the-tool", "friendlier"])
      expect(Math.abs((await rates("not-in-the-prompt", candidate)).refund - before.refund)).toBeLessThan(0.1);
  });
});

describe("harmful-edits", () => {
  test("makes the failure vanish with every edit, and breaks at least a quarter of what works", async () => {
    const scenario = shippedScenario("harmful-edits");
    const before = await rates("harmful-edits");
    for (const { name } of scenario.drafter.candidates) {
      const after = await rates("harmful-edits", name);
      expect(after.refund - before.refund).toBeGreaterThan(0.6);
      expect(before.others - after.others).toBeGreaterThan(0.25);
    }
  });
});
