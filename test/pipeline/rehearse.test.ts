import nock from "nock";
import { afterEach, describe, expect, test } from "vitest";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { configOf } from "../../src/domain/agent-config.ts";
import type { ConfigChange } from "../../src/domain/config-change.ts";
import type { Allowed } from "../../src/domain/edit.ts";
import type { Session } from "../../src/domain/session.ts";
import { Rehearsal, type RehearsalInput, type RehearsalTools } from "../../src/pipeline/rehearse.ts";
import type { ModelClient, ModelRequest } from "../../src/ports/model-client.ts";
import { makeRubric } from "../../src/stages/judge.ts";
import { anAllowed } from "../builders/evidence-builder.ts";
import { aRuntime } from "../builders/runtime.ts";
import { aSession, aTool } from "../builders/session-builder.ts";

const session = aSession(
  [{ user: "refund ORD-12345" }, { call: "get_order", input: { id: "ORD-12345" }, output: { status: "delivered" } }, { agent: "Done." }],
  { tools: [aTool("get_order"), aTool("issue_refund")], parameters: { temperature: 0.3 } },
);

/** A model that does what was recorded and keeps every request. */
function recordedAgent(): { readonly agent: RehearsalTools["agent"]; readonly requests: { provider: string; request: ModelRequest }[] } {
  const requests: { provider: string; request: ModelRequest }[] = [];
  const agent = (provider: string, model: string): ModelClient => ({
    model,
    simulated: false,
    complete: async (request) => {
      requests.push({ provider: `${provider}/${model}`, request: structuredClone(request) });
      const at = session.messages.findIndex((message, index) => index >= request.messages.length && message.role === "assistant");
      const message = session.messages[at] ?? { role: "assistant" as const, parts: [] };
      return { message, finish: "stop", usage: { inputTokens: 100, outputTokens: 10 } };
    },
  });
  return { agent, requests };
}

const edited = (...changes: readonly ConfigChange[]): Allowed => ({ ...anAllowed, changes });
const rubric = makeRubric({ rules: [{ name: "says done", require: { agentSays: ["done"] } }], items: [] });
const input = (more: Partial<RehearsalInput> = {}): RehearsalInput => ({
  corpus: [session],
  rubric,
  effects: {},
  seed: 1,
  configOf: (one: Session) => configOf(one),
  ...more,
});
const place = { group: "failing" as const, index: 0, session };

const inPrompt: ConfigChange = {
  target: "instructions",
  before: "You are a support agent.",
  after: "You are a careful support agent.",
};
const changes: readonly (readonly [what: string, change: ConfigChange])[] = [
  ["the system prompt", inPrompt],
  ["a tool description", { target: "tool", tool: "get_order", before: "Does get_order.", after: "Looks an order up by its id." }],
  ["a parameter", { target: "parameter", key: "temperature", before: 0.3, after: 0 }],
  ["the model", { target: "parameter", key: "model", before: "gpt-x", after: "gpt-y" }],
];

/** Every place in which two JSON values differ, as paths. */
function differences(left: unknown, right: unknown, path = ""): readonly string[] {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return left === right ? [] : [path];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => differences(Reflect.get(left, key), Reflect.get(right, key), `${path}/${key}`));
}

describe("the two arms of a pair", () => {
  test.each(changes)("differ in %s and in nothing else", async (_what, change) => {
    const { agent, requests } = recordedAgent();
    const pair = await new Rehearsal(input(), { agent, measured: new MemoryLedger() }, aRuntime()).pair(place, edited(change));
    expect(pair?.dropped).toBeUndefined();
    const arms = Map.groupBy(requests, ({ provider, request }) =>
      JSON.stringify([provider, request.system, request.tools, request.parameters]),
    );
    const [before = [], after = []] = [...arms.values()];
    expect(before.length).toBe(2);
    expect(after.length).toBe(before.length);
    const where: Readonly<Record<string, string>> = { instructions: "/request/system", tool: "/request/tools/0/description" };
    const expected =
      where[change.target] ?? (change.target === "parameter" && change.key === "model" ? "/provider" : "/request/parameters/temperature");
    for (const [index, one] of before.entries()) expect(differences(one, after[index])).toEqual([expected]);
  });

  test("differ in an edited loop limit by where they end, and in no request before", async () => {
    const { agent, requests } = recordedAgent();
    const limit: ConfigChange = { target: "parameter", key: "max_turns", before: 10, after: 1 };
    const pair = await new Rehearsal(input(), { agent, measured: new MemoryLedger() }, aRuntime()).pair(place, edited(limit));
    expect(new Set(requests.slice(0, 2).map(({ request }) => JSON.stringify(request))).size).toBe(1);
    expect([pair?.before.ended, pair?.after.ended, pair?.after.modelCalls]).toEqual(["finished", "limit", 1]);
  });

  test("get the same answers from the same recordings, seeds and conversation ids", async () => {
    const { agent, requests } = recordedAgent();
    await new Rehearsal(input(), { agent, measured: new MemoryLedger() }, aRuntime()).pair(place, edited(inPrompt));
    expect(new Set(requests.map(({ request }) => request.conversation)).size).toBe(1);
    expect(new Set(requests.map(({ request }) => request.parameters?.["seed"])).size).toBe(1);
  });

  test("that cannot be told apart because the edit does not apply are not replayed at all", async () => {
    const { agent, requests } = recordedAgent();
    const rehearsal = new Rehearsal(input(), { agent, measured: new MemoryLedger() }, aRuntime());
    const pair = await rehearsal.pair(place, edited({ target: "instructions", before: "No such text.", after: "x" }));
    expect(pair?.dropped).toMatch(/does not stand exactly once/);
    expect([requests.length, rehearsal.replays, pair?.before.usage.inputTokens]).toEqual([0, 0, 0]);
  });

  test("are measured once, also by the next process, but anew when there are other recordings", async () => {
    const ledger = new MemoryLedger();
    const { agent, requests } = recordedAgent();
    const run = (corpus: readonly Session[]) =>
      new Rehearsal(input({ corpus }), { agent, measured: ledger }, aRuntime()).pair(place, edited(inPrompt));
    await run([session]);
    const paid = requests.length;
    await run([session]);
    expect(requests.length).toBe(paid);
    await run([session, { ...session, id: "another" as Session["id"] }]);
    expect(requests.length).toBe(2 * paid);
  });
});

describe("after a crash in the middle of a conversation", () => {
  test("it goes on at its first unanswered call: no call is paid twice, and what it cost is counted whole", async () => {
    const ledger = new MemoryLedger();
    const { agent, requests } = recordedAgent();
    const dying: RehearsalTools["agent"] = (provider, model) => {
      const client = agent(provider, model);
      return {
        ...client,
        complete: (request, signal) => {
          if (request.messages.length > 1) return Promise.reject(new Error("killed"));
          return client.complete(request, signal);
        },
      };
    };
    await expect(new Rehearsal(input(), { agent: dying, measured: ledger }, aRuntime()).selfReplay(session)).rejects.toThrow("killed");
    expect(requests).toHaveLength(1);
    const arm = await new Rehearsal(input(), { agent, measured: ledger }, aRuntime()).selfReplay(session);
    expect(requests).toHaveLength(2);
    expect(arm).toMatchObject({ outcome: "passed", modelCalls: 2, usage: { inputTokens: 200, outputTokens: 20 } });
    const left = await Promise.all((await ledger.keys("partial/")).map((key) => ledger.get(key)));
    expect(left).toEqual([[]]);
  });
});

describe("a budget", () => {
  test("is not crossed: no replay begins that would probably exceed it, and what was measured stays", async () => {
    const ledger = new MemoryLedger();
    const { agent, requests } = recordedAgent();
    const run = (tokens: number) =>
      new Rehearsal(input({ budget: { tokens } }), { agent, measured: ledger }, aRuntime()).pair(place, edited(inPrompt));
    expect(await run(20)).toBeUndefined();
    expect(requests).toEqual([]);
    expect((await run(10_000))?.after.outcome).toBe("passed");
    expect(requests.length).toBe(4);
  });
});

describe("on the wire", () => {
  afterEach(() => {
    nock.cleanAll();
    nock.enableNetConnect();
  });
  const clock = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };

  test.each([
    ["Anthropic", "https://api.anthropic.com", "/v1/messages", () => anthropicModel({ model: "m", apiKey: "k", ...clock })],
    ["OpenAI", "https://api.openai.com", "/v1/chat/completions", () => openaiModel({ model: "m", apiKey: "k", ...clock })],
  ])("%s bodies of both arms differ in the system prompt alone", async (name, host, path, client) => {
    nock.disableNetConnect();
    const bodies: Record<string, unknown>[] = [];
    nock(host)
      .post(path, (body: Record<string, unknown>) => bodies.push(body) > 0)
      .times(2)
      .reply(200, () =>
        name === "Anthropic"
          ? { content: [{ type: "text", text: "Done." }], stop_reason: "end_turn", usage: { input_tokens: 1, output_tokens: 1 } }
          : { choices: [{ finish_reason: "stop", message: { content: "Done." } }] },
      );
    const pair = await new Rehearsal(input(), { agent: client, measured: new MemoryLedger() }, aRuntime()).pair(place, edited(inPrompt));
    expect(pair?.dropped).toBeUndefined();
    expect(differences(bodies[0], bodies[1])).toEqual([name === "Anthropic" ? "/system/0/text" : "/messages/0/content"]);
  });
});
