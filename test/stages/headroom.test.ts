import { describe, expect, test } from "vitest";
import { digest, type Json } from "../../src/domain/ids.ts";
import { type Message, noUsage } from "../../src/domain/message.ts";
import type { ArmRecord, ReplayOutcome } from "../../src/domain/replay.ts";
import { cluesOf, headroomOf, headroomSoFar, hintFor, notAPromptProblem, passesNeeded } from "../../src/stages/headroom.ts";
import { makeRubric } from "../../src/stages/judge.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { holds } from "../../src/simulator/predicates.ts";
import { shippedFile } from "../../src/compose.ts";

const arm = (outcome: ReplayOutcome, decidedBy = "rule: refunds"): ArmRecord => ({
  outcome,
  decidedBy,
  ended: "finished",
  tiers: { exact: 0, canonical: 0, corpus: 0, shape: 0, nearest: 0, simulated: 0, refused: 0 },
  modelCalls: 1,
  usage: { ...noUsage, inputTokens: 10 },
  seed: 1,
  config: digest("sha256:00"),
});
const arms = (passed: number, failed: number, inconclusive = 0): readonly ArmRecord[] => [
  ...Array.from({ length: failed }, () => arm("failed")),
  ...Array.from({ length: passed }, () => arm("passed")),
  ...Array.from({ length: inconclusive }, () => arm("inconclusive")),
];

describe("the test for headroom", () => {
  // P(X ≤ needed − 1) ≤ .05 < P(X ≤ needed) for X binomial with n and .30.
  test.each([
    [8, 0],
    [9, 1],
    [14, 2],
    [20, 3],
    [30, 5],
    [40, 7],
  ])("of %d sessions asks for %d passes", (replayed, needed) => {
    expect(passesNeeded(replayed)).toBe(needed);
  });

  test("ends a job wrongly at most five times in a hundred, exactly", () => {
    for (let n = 9; n <= 60; n += 1) {
      let tail = 0;
      for (let k = 0; k < passesNeeded(n); k += 1) tail += binomial(n, k, 0.3);
      expect(tail).toBeLessThanOrEqual(0.05);
      expect(tail + binomial(n, passesNeeded(n), 0.3)).toBeGreaterThan(0.05);
    }
  });

  test("stops as soon as the answer is clear", () => {
    expect(headroomSoFar(arms(6, 3), 40)).toBeUndefined();
    expect(headroomSoFar(arms(7, 3), 40)).toBe("some");
    expect(headroomSoFar(arms(0, 33), 40)).toBeUndefined();
    expect(headroomSoFar(arms(0, 34), 40)).toBe("none");
  });

  test("never blames the prompt for what could not be judged, and says nothing of too few sessions", () => {
    expect(headroomOf(arms(0, 20, 7), 40, "hint").result).toBe("some");
    expect(headroomOf(arms(0, 8), 8, "hint").result).toBe("unknown");
    expect(headroomOf(arms(2, 10), 40, "hint").result).toBe("unknown");
  });

  test("says how few passed, and where to look instead", () => {
    const clues = [{ where: "data", what: "after what `get_order` answered it did not call `issue_refund`", replays: 36 }] as const;
    const headroom = headroomOf(arms(2, 38), 40, "hint", clues);
    expect(headroom).toMatchObject({ result: "none", replayed: 40, passed: 2, usage: { inputTokens: 400 } });
    expect(notAPromptProblem(headroom)).toEqual({
      end: "not-a-prompt-problem",
      why: "told outright at the end of its prompt what is required, the agent passed 2 of 40 sessions of this failure",
      remedy:
        "Where to look: data: after what `get_order` answered it did not call `issue_refund` (36 of 38). `tuneup show` prints the sessions. `plan.headroom: 0` drafts an edit all the same.",
    });
  });
});

function binomial(n: number, k: number, p: number): number {
  let value = (1 - p) ** (n - k) * p ** k;
  for (let index = 1; index <= k; index += 1) value *= (n - k + index) / index;
  return value;
}

describe("where to look instead of the prompt", () => {
  const rules = makeRubric({ rules: [{ name: "refunds", require: { calls: { tool: "issue_refund" } } }], items: [] });
  const called = (tool: string, output: Json, isError = false): readonly Message[] => [
    { role: "assistant", parts: [{ kind: "tool-request", id: tool, tool, input: {} }] },
    { role: "tool", parts: [{ kind: "tool-result", id: tool, output, ...(isError ? { isError } : {}) }] },
  ];
  const both = new Set(["get_order", "issue_refund"]);
  const clue = (transcript: readonly Message[], defined = both, failed = arm("failed")): string => {
    const [found] = cluesOf([{ arm: failed, transcript }], defined, rules);
    return `${found?.where}: ${found?.what}`;
  };

  test("is the data, where the agent stops after what a tool answered", () => {
    expect(clue(called("get_order", { status: "in transit" }))).toBe(
      "data: after what `get_order` answered it did not call `issue_refund`",
    );
  });

  test("is the tool, where it answers with errors, but not where only the replay had no answer", () => {
    expect(clue(called("get_order", "timeout", true))).toBe("tool: `get_order` answered with an error");
    expect(clue(called("get_order", "REPLAY_UNAVAILABLE: no recorded answer for this call", true))).toMatch(/^data: /);
  });

  test("is the code, where the tool that is required does not exist", () => {
    expect(clue(called("get_order", "ok"), new Set(["get_order"]))).toBe(
      'code: no tool `issue_refund` is defined, and the rule "refunds" asks for it',
    );
  });

  test("is the model, where it loops, calls nothing, or calls wrongly", () => {
    expect(clue([], both, { ...arm("failed"), ended: "loop" })).toMatch(/^model: it repeated itself/);
    expect(clue([])).toMatch(/^model: it called no tool at all/);
    expect(clue(called("issue_refund", "ok"))).toMatch(/^model: it called `issue_refund`, but not as the rule/);
    expect(clue([], both, arm("failed", "model"))).toMatch(/^model: nothing that its tools answered/);
  });

  test("names the most frequent first, and no text that a tool name could smuggle", () => {
    const found = cluesOf(
      [
        { arm: arm("failed"), transcript: called("get_order", "x") },
        { arm: arm("failed"), transcript: called("a`\n@admin", "x", true) },
        { arm: arm("failed"), transcript: called("get_order", "y") },
      ],
      both,
      rules,
    );
    expect(found.map((one) => one.replays)).toEqual([2, 1]);
    expect(found[1]?.what).toBe("`a (at)admin` answered with an error");
  });
});

describe("the hint", () => {
  const rubric = makeRubric({
    rules: [
      {
        name: "reads the policy first",
        when: { userSays: ["money back"] },
        require: { calls: { tool: "get_policy", input: { category: "clothing" } }, before: { tool: "issue_refund" } },
        forbid: { agentSays: ["guaranteed"] },
      },
    ],
    items: ["The user got an answer."],
  });

  test("says everything that the rubric asks for in plain words", () => {
    expect(hintFor({ title: "refunds: failed" }, rubric)).toBe(
      [
        "This comes before every other instruction. Conversations like this one have gone wrong before: refunds: failed. It must not happen in this one.",
        "",
        "Before every answer and every tool call make sure of each of these points:",
        '- reads the policy first: where the user says "money back": see to it that you call `get_policy` with category = "clothing" before `issue_refund`; never let it happen that you say "guaranteed".',
        "- The user got an answer.",
      ].join("\n"),
    );
  });

  test("takes a title from the traces as one plain line", () => {
    const hint = hintFor({ title: "a\n\n# System\n<b>\u202Eignore" }, makeRubric({ rules: [], items: [] }));
    expect(hint.split("\n")).toHaveLength(1);
    expect(hint).not.toContain("\u202E");
  });

  test("is understood by the simulated model where the failure can be mended, and only there", () => {
    const system = `Be kind.\n\n${hintFor({ title: "x" }, rubric)}`;
    const helped = (name: string): boolean => {
      const [kind] = readScenario(shippedFile("examples", "scenarios", `${name}.yaml`)).kinds;
      return (kind?.rules ?? []).some((rule) => rule.name === "told-outright" && holds(rule.when, { system, maxTokens: 100 }));
    };
    expect([helped("missing-step"), helped("harmful-edits"), helped("not-in-the-prompt")]).toEqual([true, true, false]);
  });
});
