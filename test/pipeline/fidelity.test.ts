import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { configOf } from "../../src/domain/agent-config.ts";
import { digest } from "../../src/domain/ids.ts";
import type { HeldOut, Sample, Shown } from "../../src/domain/sample.ts";
import type { Session } from "../../src/domain/session.ts";
import { measureFidelity } from "../../src/pipeline/fidelity.ts";
import type { ModelClient, ModelRequest } from "../../src/ports/model-client.ts";
import { makeRubric } from "../../src/stages/judge.ts";
import { aRuntime } from "../builders/runtime.ts";
import { aSession } from "../builders/session-builder.ts";

const recorded = (id: string, words: string): Session =>
  aSession([{ user: `question of ${id}` }, { call: "get_policy", input: { of: id }, output: "30 days" }, { agent: words }], { id });
const many = (kind: string, words: string, count = 12): readonly Session[] =>
  Array.from({ length: count }, (_, index) => recorded(`${kind}-${index}`, words));
const failing = many("bad", "I guess.");
const working = many("good", "It is 30 days.");
const tested = many("tested", "I guess.", 9);

const split: Extract<Sample, { result: "sampled" }> = {
  result: "sampled",
  shown: failing.slice(0, 8).map((session) => session as Shown),
  failing: tested.map((session) => session as HeldOut),
  control: working.map((session) => session as HeldOut),
  order: digest("sha256:01"),
  excluded: {},
};

/** An agent that answers with what `words` says for each session. */
function agentSaying(words: (id: string) => string, requests: ModelRequest[] = []): () => ModelClient {
  return () => ({
    model: "m",
    simulated: false,
    complete: async (request) => {
      requests.push(request);
      const opening = request.messages[0]?.parts[0];
      const id = opening?.kind === "text" ? opening.text.replace("question of ", "") : "";
      const asked = request.messages.some((message) => message.role === "tool");
      return {
        message: asked
          ? { role: "assistant", parts: [{ kind: "text", text: words(id) }] }
          : { role: "assistant", parts: [{ kind: "tool-request", id: "c", tool: "get_policy", input: { of: id } }] },
        finish: "stop",
        usage: { inputTokens: 10, outputTokens: 1 },
      };
    },
  });
}

const rules = [{ name: "knows the policy", forbid: { agentSays: ["i guess"] } }];
const measure = (
  words: (id: string) => string,
  more: { readonly budget?: number; readonly rules?: typeof rules; readonly requests?: ModelRequest[] } = {},
) =>
  measureFidelity(
    {
      corpus: [...failing, ...working, ...tested],
      rubric: makeRubric({ rules: more.rules ?? rules, items: [] }),
      effects: {},
      seed: 1,
      configOf: (session) => configOf(session),
      ...(more.budget === undefined ? {} : { budget: { tokens: more.budget } }),
      sample: split,
      members: [...failing, ...tested],
      inFlight: 4,
      candidates: 4,
    },
    { agent: agentSaying(words, more.requests), measured: new MemoryLedger() },
    aRuntime(),
  );
const asRecorded = (id: string): string => (id.startsWith("good") ? "It is 30 days." : "I guess.");

describe("before any candidate is tested", () => {
  test("self-replays of an agent that does again what it did pass the gate", async () => {
    const fidelity = await measure(asRecorded);
    expect(fidelity).toMatchObject({
      failing: { replayed: 12, reproduced: 12 },
      working: { replayed: 12, reproduced: 12 },
      chanceCorrected: 1,
      sameTools: 1,
      grounded: 1,
      sameDecision: 1,
      world: "recorded",
      gate: { result: "passed" },
    });
    // Wilson's one-sided lower bound of 12 out of 12.
    expect(fidelity.failsAgainAtLeast).toBeCloseTo(0.816, 3);
  });

  test("no failing session of the test's own order is replayed: that would favour the edit", async () => {
    const requests: ModelRequest[] = [];
    await measure(asRecorded, { requests });
    expect(JSON.stringify(requests)).not.toContain("question of tested-");
    expect(JSON.stringify(requests)).toContain("question of bad-11");
  });

  test("failures that do not come back end the job with that reason", async () => {
    const { gate } = await measure((id) => (id.startsWith("good") || Number(id.split("-")[1]) > 4 ? "It is 30 days." : "I guess."));
    expect(gate).toMatchObject({ result: "failed", why: expect.stringMatching(/only 5 of 12 failing sessions fail/) });
  });

  test("working sessions that fail when run again end it too", async () => {
    const { gate } = await measure((id) => (id === "good-1" ? "It is 30 days." : "I guess."));
    expect(gate).toMatchObject({ result: "failed", why: expect.stringMatching(/only 1 of 12 working ones pass/) });
  });

  test("so does a rubric that cannot judge anything, and the remedy names what would", async () => {
    const { gate } = await measure(asRecorded, { rules: [] });
    expect(gate).toMatchObject({
      result: "failed",
      why: expect.stringMatching(/nothing could judge them/),
      remedy: expect.stringMatching(/rules/),
    });
  });

  test("and a budget that does not reach for it", async () => {
    const { gate } = await measure(asRecorded, { budget: 300 });
    expect(gate).toMatchObject({ result: "failed", why: expect.stringMatching(/the budget allowed \d+ of 24/), outOfBudget: true });
  });
});
