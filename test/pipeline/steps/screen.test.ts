import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../../src/adapters/memory-ledger/memory-ledger.ts";
import { configOf } from "../../../src/domain/agent-config.ts";
import type { Allowed } from "../../../src/domain/edit.ts";
import { digest } from "../../../src/domain/ids.ts";
import type { Message } from "../../../src/domain/message.ts";
import type { Budget } from "../../../src/domain/replaying/price.ts";
import { screenCandidates } from "../../../src/pipeline/steps/screen.ts";
import type { ModelClient } from "../../../src/ports/model-client.ts";
import { makeRubric } from "../../../src/stages/judge.ts";
import { anAllowed } from "../../builders/evidence-builder.ts";
import { aRuntime } from "../../builders/runtime.ts";
import { aSession } from "../../builders/session-builder.ts";

const rubric = makeRubric({
  rules: [
    {
      name: "reads the policy first",
      when: { calls: { tool: "issue_refund" } },
      require: { calls: { tool: "get_policy" }, before: { tool: "issue_refund" } },
    },
  ],
  items: [],
});

/** Failing sessions; the prompt of the odd ones lacks the sentence that the narrow edit changes. */
const shown = Array.from({ length: 6 }, (_, index) =>
  aSession([{ user: "money back" }, { call: "issue_refund", input: { id: "1" }, output: "ok" }, { agent: "Done." }], {
    id: `s-${index}`,
    instructions: index % 2 === 0 ? "Be kind. Be quick." : "Be kind.",
  }),
);

const candidate = (name: string, before: string, after: string): Allowed => ({
  ...anAllowed,
  candidate: { ...anAllowed.candidate, id: digest(`sha256:${name}`) },
  changes: [{ target: "instructions", before, after }],
});
const wide = candidate("01", "Be kind.", "Be kind. Read the policy.");
const idle = candidate("02", "Be kind.", "Be very kind.");
const narrow = candidate("03", "Be quick.", "Be very quick.");

/** What a step takes, at most, by its estimate. */
const perStep = { inputTokens: 12, outputTokens: 6 };

/** An agent that reads the policy where its prompt says so. */
const agent = (_provider: string, model: string): ModelClient => ({
  model,
  simulated: false,
  complete: async ({ system }) => {
    const tool = system.includes("Read the policy") ? "get_policy" : "issue_refund";
    const message: Message = { role: "assistant", parts: [{ kind: "tool-request", id: "x", tool, input: { id: "1" } }] };
    return { message, finish: "tool", usage: perStep };
  },
});

const screened = (allowed: readonly Allowed[], budget: Budget = {}) =>
  screenCandidates(
    allowed,
    { corpus: shown, rubric, effects: {}, seed: 1, configOf: (session) => configOf(session), cited: new Map(), shown, inFlight: 4, budget },
    { agent, measured: new MemoryLedger() },
    aRuntime(),
  );

describe("candidates tried on single steps", () => {
  test("are dropped where another leads to far more right steps", async () => {
    const { candidates } = await screened([wide, idle]);
    expect(candidates.map((one) => [one.fixed, one.result])).toEqual([
      [6, "kept"],
      [0, "dropped"],
    ]);
  });

  test("stay where they could not be tried on every session that the others were tried on, and drop nobody", async () => {
    const { candidates } = await screened([wide, narrow]);
    expect(candidates.map((one) => one.result)).toEqual(["kept", "not-asked"]);
  });

  test("that are asked side by side never cross the budget together", async () => {
    const { usage } = await screened([wide, idle], { tokens: 100 });
    expect(usage.inputTokens + usage.outputTokens).toBeLessThanOrEqual(100);
    expect(usage.inputTokens).toBeGreaterThan(0);
  });
});
