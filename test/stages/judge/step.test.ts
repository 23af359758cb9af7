import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/domain/ids.ts";
import { type Message, textMessage } from "../../../src/domain/message.ts";
import { decisionPoints, judgeStep, makeRubric } from "../../../src/stages/judge.ts";
import { aSession } from "../../builders/session-builder.ts";

const rubric = makeRubric({
  rules: [
    {
      name: "reads the policy first",
      when: { calls: { tool: "issue_refund" } },
      require: { calls: { tool: "get_policy" }, before: { tool: "issue_refund" } },
    },
    { name: "promises no date", forbid: { agentSays: ["tomorrow"] } },
  ],
  items: [],
  signature: { rule: "tool-error", tool: "issue_refund", template: "not allowed" },
});

const failing = aSession([
  { user: "money back" },
  { call: "get_order", input: { id: "1" }, output: "ok" },
  { agent: "Shall I?" },
  { user: "yes" },
  { call: "issue_refund", input: { id: "1" }, output: "ok" },
  { agent: "Done." },
]);

const call = (tool: string, input: Json = { id: "1" }): Message => ({
  role: "assistant",
  parts: [{ kind: "tool-request", id: "x", tool, input }],
});
const points = decisionPoints(failing, "failing", rubric);

/** What is said of a reply at the step that went wrong, or at an earlier one. */
const judged = (reply: Message, place = points.length - 1) => {
  const point = points[place];
  if (point === undefined) throw new Error("no such step");
  return judgeStep({ session: failing, group: "failing", point, reply }, rubric);
};

describe("the steps that are asked for again", () => {
  test("are the one that breaks a rule and the two before it", () => {
    expect(points).toEqual([
      { at: 1, by: "earlier" },
      { at: 3, by: "earlier" },
      { at: 5, by: "rule" },
    ]);
  });

  test("else the one that a label cites, the one whose call failed as the cluster does, the last; of working sessions the last", () => {
    const noRules = makeRubric({ rules: [], items: [], ...(rubric.signature === undefined ? {} : { signature: rubric.signature }) });
    const erring = aSession([
      { user: "x" },
      { call: "issue_refund", error: "not allowed" },
      { call: "get_order", output: 1 },
      { agent: "No." },
    ]);
    expect(decisionPoints(erring, "failing", noRules, 4)).toEqual([{ at: 3, by: "evaluator" }]);
    expect(decisionPoints(erring, "failing", noRules)).toEqual([{ at: 1, by: "signature" }]);
    expect(decisionPoints(failing, "failing", noRules)).toEqual([{ at: 5, by: "last" }]);
    expect(decisionPoints(failing, "control", rubric)).toEqual([{ at: 5, by: "last" }]);
    expect(decisionPoints(aSession([{ user: "x" }]), "failing", rubric)).toEqual([]);
  });
});

describe("a step of a failing session", () => {
  test("has passed when it does what the broken rule requires, at that step or before it", () => {
    expect(judged(call("get_policy"))).toEqual({ outcome: "passed", decidedBy: "rules" });
    expect(judged(call("get_policy"), 0)).toEqual({ outcome: "passed", decidedBy: "rules" });
  });

  test("has failed when it breaks the rule, in other words too, or any other rule", () => {
    expect(judged(call("issue_refund"))).toEqual({ outcome: "failed", decidedBy: "rule: reads the policy first" });
    expect(judged(call("issue_refund", { id: "1", note: "asap" })).outcome).toBe("failed");
    expect(judged(textMessage("assistant", "You will have it tomorrow."))).toEqual({
      outcome: "failed",
      decidedBy: "rule: promises no date",
    });
  });

  test("is not good because it does nothing wrong: refusing proves nothing", () => {
    expect(judged(textMessage("assistant", "I cannot help you.")).outcome).toBe("inconclusive");
    expect(judged(call("get_order"), 0).outcome).toBe("inconclusive");
  });
});

describe("a step of a working session", () => {
  test("gets nothing for a call that only a rule for other sessions requires", () => {
    const plain = aSession([{ user: "x" }, { call: "get_order", output: 1 }, { agent: "It is on its way." }]);
    const [point] = decisionPoints(plain, "control", rubric);
    if (point === undefined) throw new Error("no step");
    expect(judgeStep({ session: plain, group: "control", point, reply: call("get_policy") }, rubric).outcome).toBe("inconclusive");
  });

  test("has passed when it does what was recorded or what a rule requires, and failed when it breaks a rule", () => {
    const working = aSession([
      { user: "x" },
      { call: "get_policy", output: 1 },
      { call: "issue_refund", input: { id: "1" }, output: "ok" },
      { agent: "Done." },
    ]);
    const [point] = decisionPoints(working, "control", rubric);
    if (point === undefined) throw new Error("no step");
    const says = (reply: Message): string => judgeStep({ session: working, group: "control", point, reply }, rubric).outcome;
    expect([
      says(call("issue_refund")),
      says(call("get_policy")),
      says(textMessage("assistant", "tomorrow")),
      says(call("get_order")),
    ]).toEqual(["passed", "passed", "failed", "inconclusive"]);
  });
});
