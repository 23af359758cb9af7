import { describe, expect, test } from "vitest";
import { configOf } from "../../src/domain/agent-config.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import type { AgentConfig, Session } from "../../src/domain/session.ts";
import type { Replay, ToolEffect } from "../../src/domain/replay.ts";
import { recordedWorld, replay, replayable } from "../../src/stages/replay.ts";
import { aRuntime } from "../builders/runtime.ts";
import { aSession } from "../builders/session-builder.ts";
import { type Answer, scriptedModel } from "../doubles/scripted-model.ts";

const config = (session: Session, changes: Partial<AgentConfig> = {}): AgentConfig => {
  const own = configOf(session);
  if (own === undefined) throw new Error("the session has a configuration");
  return { ...own, ...changes };
};

interface Played {
  readonly replay: Replay;
  readonly model: ReturnType<typeof scriptedModel>;
}

async function play(
  session: Session,
  answers: readonly Answer[],
  options: {
    readonly corpus?: readonly Session[];
    readonly effects?: Record<string, ToolEffect>;
    readonly config?: Partial<AgentConfig>;
  } = {},
): Promise<Played> {
  const world = recordedWorld({ session, corpus: options.corpus ?? [session], effects: options.effects ?? {} });
  const model = scriptedModel(answers);
  return { replay: await replay({ session, config: config(session, options.config), world, seed: 7 }, model, aRuntime()), model };
}

const refund = aSession([
  { user: "refund ORD-12345 please" },
  { call: "get_order", input: { order_id: "ORD-12345" }, output: { status: "delivered" } },
  { agent: "Shall I?" },
  { user: "yes" },
  { call: "issue_refund", input: { order_id: "ORD-12345", amount: 10 }, output: { refund: "issued", order_id: "ORD-12345", amount: 10 } },
  { agent: "Done." },
]);

const asRecorded: readonly Answer[] = [
  { call: "get_order", input: { order_id: "ORD-12345" } },
  "Shall I?",
  { call: "issue_refund", input: { order_id: "ORD-12345", amount: 10 } },
  "Done.",
];

describe("a replay of a recorded session", () => {
  test("that does what was recorded gets the recorded answers and diverges nowhere", async () => {
    const { replay: done } = await play(refund, asRecorded);
    expect(done).toMatchObject({ ended: "finished", modelCalls: 4, tiers: { exact: 2, refused: 0 } });
    expect(done.divergedAtTurn).toBeUndefined();
    expect(done.transcript.map((message) => message.role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
      "assistant",
      "tool",
      "assistant",
    ]);
  });

  test("finds an answer although the input is written a little differently", async () => {
    const { replay: done } = await play(refund, [
      { call: "get_order", input: { order_id: " ORD-12345 ", note: "" } },
      "Shall I?",
      ...asRecorded.slice(2),
    ]);
    expect(done.tiers).toMatchObject({ exact: 1, canonical: 1 });
  });

  test("gives the last answer again when a read is repeated, and calls four equal calls a loop", async () => {
    const again: Answer = { call: "get_order", input: { order_id: "ORD-12345" } };
    const { replay: done } = await play(refund, [again, again, again, again]);
    expect(done).toMatchObject({ ended: "loop", tiers: { exact: 1, canonical: 3 } });
  });

  test("never reads what was recorded before a write that the recording has not made", async () => {
    const { replay: done } = await play(refund, [
      { call: "issue_refund", input: { order_id: "ORD-12345", amount: 10 } },
      { call: "get_order", input: { order_id: "ORD-12345" } },
      "Hm.",
      "Done.",
    ]);
    expect(done.tiers).toMatchObject({ exact: 1, canonical: 0, refused: 1 });
    expect(done.divergedAtTurn).toBe(0);
  });

  test("answers a write that was recorded otherwise in the recorded shape with this call's values", async () => {
    const { replay: done } = await play(refund, [
      ...asRecorded.slice(0, 2),
      { call: "issue_refund", input: { order_id: "ORD-12345", amount: 99 } },
      "Done.",
    ]);
    const results = done.transcript.flatMap((message) =>
      message.parts.flatMap((part) => (part.kind === "tool-result" ? [part.output] : [])),
    );
    expect(results.at(-1)).toEqual({ refund: "issued", order_id: "ORD-12345", amount: 99 });
    expect(done.tiers.shape).toBe(1);
  });

  test("is inconclusive at the second answer that nobody recorded, and says so to the agent the first time", async () => {
    const { replay: done, model } = await play(refund, [{ call: "get_weather" }, { call: "get_moon" }]);
    expect(done).toMatchObject({ ended: "inconclusive", tiers: { refused: 2 } });
    expect(JSON.stringify(model.requests[1]?.messages)).toContain("REPLAY_UNAVAILABLE");
  });

  test("repeats a recorded error as an error", async () => {
    const session = aSession([{ user: "hi" }, { call: "get_order", input: {}, error: "Error: not found" }, { agent: "Sorry." }]);
    const { model } = await play(session, [{ call: "get_order", input: {} }, "Sorry."]);
    expect(model.requests[1]?.messages.at(-1)?.parts[0]).toMatchObject({ kind: "tool-result", isError: true, output: "Error: not found" });
  });

  test("stops at twice the recorded model calls and four more for one turn", async () => {
    const answers = Array.from({ length: 15 }, (_, index): Answer => ({ call: "calculate", input: { step: index } }));
    const { replay: done } = await play(refund, answers, {
      corpus: [
        refund,
        aSession(
          answers.map((_, index) => ({ call: "calculate", input: { step: index }, output: index })),
          { id: "other" },
        ),
      ],
    });
    expect(done).toMatchObject({ ended: "limit", modelCalls: 8 });
  });

  test("keeps to the agent's own limit", async () => {
    const { replay: done } = await play(refund, asRecorded, { config: { maxTurns: 1 } });
    expect(done).toMatchObject({ ended: "limit", modelCalls: 1 });
  });

  test("is lost, not failed, when the model cannot be reached; a refused request ends the job", async () => {
    const gone = new TuneupError("model-unreachable", "down", { remedy: "wait", retryable: true });
    expect((await play(refund, [gone])).replay.ended).toBe("infrastructure");
    const wrong = new TuneupError("model-refused", "bad", { remedy: "fix" });
    await expect(play(refund, [wrong])).rejects.toThrow("bad");
  });
});

describe("answers from other sessions", () => {
  const policy = (id: string, output = "14 days"): Session =>
    aSession([{ user: `question ${id}` }, { call: "get_policy", input: { category: "electronics" }, output }, { agent: "ok" }], { id });
  const ask: readonly Answer[] = [{ call: "get_policy", input: { category: "electronics" } }, "Shall I?", ...asRecorded.slice(2)];

  test("serve a read on which three of them agree", async () => {
    const { replay: done } = await play(refund, ask, { corpus: [refund, policy("a"), policy("b"), policy("c")] });
    expect(done.tiers.corpus).toBe(1);
  });

  test.each([
    ["two are too few", [policy("a"), policy("b")]],
    ["they disagree", [policy("a"), policy("b"), policy("c", "30 days")]],
  ])("serve nothing when %s", async (_why, others) => {
    const { replay: done } = await play(refund, ask, { corpus: [refund, ...others] });
    expect(done.tiers).toMatchObject({ corpus: 0, refused: 1 });
  });

  test("never show what belongs to another person", async () => {
    const profile = (id: string): Session =>
      aSession([{ user: id }, { call: "get_profile", input: { name: "me" }, output: { email: "ada@example.com" } }, { agent: "ok" }], {
        id,
      });
    const { replay: done } = await play(refund, [{ call: "get_profile", input: { name: "me" } }, "Shall I?", ...asRecorded.slice(2)], {
      corpus: [refund, profile("a"), profile("b"), profile("c")],
    });
    expect(done.tiers).toMatchObject({ corpus: 0, refused: 1 });
    expect(JSON.stringify(done.transcript)).not.toContain("ada@example.com");
  });

  test("serve a write only where the operator says that it is a read", async () => {
    const sync = (id: string): Session =>
      aSession([{ user: id }, { call: "sync", input: { scope: "all" }, output: "done" }, { agent: "ok" }], { id });
    const corpus = [refund, sync("a"), sync("b"), sync("c")];
    const answers: readonly Answer[] = [{ call: "sync", input: { scope: "all" } }, "Shall I?", ...asRecorded.slice(2)];
    expect((await play(refund, answers, { corpus })).replay.tiers).toMatchObject({ shape: 2, corpus: 0 });
    expect((await play(refund, answers, { corpus, effects: { sync: "read" } })).replay.tiers).toMatchObject({ corpus: 1, exact: 1 });
  });
});

describe("the two arms of a pair", () => {
  test("send requests that differ in the edit and in nothing else", async () => {
    const before = await play(refund, asRecorded);
    const after = await play(refund, asRecorded, { config: { instructions: "You are a careful support agent." } });
    const strip = (requests: Played["model"]["requests"]): unknown => requests.map((request) => ({ ...request, system: "" }));
    expect(strip(before.model.requests)).toEqual(strip(after.model.requests));
    expect(before.model.requests[0]?.system).not.toBe(after.model.requests[0]?.system);
  });

  test("carry the recorded parameters as they are", async () => {
    const session = aSession([{ user: "hi" }, { agent: "hello" }], {
      parameters: { temperature: 0.2, max_tokens: 77, "reasoning.level": "low" },
    });
    const { model } = await play(session, ["hello"]);
    expect(model.requests[0]).toMatchObject({ maxTokens: 77, parameters: { temperature: 0.2, "reasoning.level": "low", seed: 7 } });
  });
});

describe("what can be replayed", () => {
  test("a session with its tools defined", () => {
    expect(replayable(refund, config(refund))).toEqual({ ok: true });
  });

  test("not one whose tools nobody defines: the reason names what is missing", () => {
    expect(replayable(refund, config(refund, { tools: [] }))).toMatchObject({
      ok: false,
      why: expect.stringMatching(/^tool-definitions:/),
    });
  });

  test("not one that was cut when it was recorded", () => {
    expect(replayable({ ...refund, missing: ["truncated"] }, config(refund))).toMatchObject({
      ok: false,
      why: expect.stringMatching(/^truncated:/),
    });
  });
});
