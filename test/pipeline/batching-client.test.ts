import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { configureModels } from "../../src/compose/models.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { noUsage, textMessage, textOf } from "../../src/domain/message.ts";
import { batchingClient } from "../../src/pipeline/batches/batching-client.ts";
import type { BatchedRequest, ModelClient, ModelReply, ModelRequest } from "../../src/ports/model-client.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import { aRuntime } from "../builders/runtime.ts";
import { shippedScenario } from "../simulator/scenario-sessions.ts";

const request = (text: string): ModelRequest => ({ purpose: "judge", system: "s", messages: [textMessage("user", text)], maxTokens: 100 });
const replyTo = (asked: ModelRequest, by: string): ModelReply => ({
  message: textMessage("assistant", `${by}: ${asked.messages.map((message) => textOf(message)).join()}`),
  finish: "stop",
  usage: { ...noUsage, inputTokens: 10, outputTokens: 2 },
});

/** A provider whose batches run for a number of looks, and answer everything but what is named. */
function provider(options: { readonly looks?: number; readonly unanswered?: string } = {}) {
  const batches: (readonly BatchedRequest[])[] = [];
  const asked: string[] = [];
  const looks = new Map<string, number>();
  const model: ModelClient = {
    model: "judge-1",
    simulated: false,
    complete: async (one) => {
      asked.push(textOf(one.messages[0] ?? textMessage("user", "")));
      return replyTo(one, "alone");
    },
    batches: {
      submit: async (requests) => `b${batches.push(requests)}`,
      look: async (batch) => {
        const count = (looks.get(batch) ?? 0) + 1;
        looks.set(batch, count);
        if (count <= (options.looks ?? 0)) return { state: "running" };
        const own = batches[Number(batch.slice(1)) - 1] ?? [];
        const answered = own.filter((one) => !JSON.stringify(one.request).includes(options.unanswered ?? "\0"));
        return { state: "ended", replies: new Map(answered.map((one) => [one.name, replyTo(one.request, "batch")])) };
      },
    },
  };
  return { model, batches, asked };
}

const sleep = async (): Promise<void> => undefined;
const ask = async (client: ModelClient, text: string): Promise<string> =>
  textOf((await client.complete(request(text), new AbortController().signal)).message);

describe("requests that nobody waits for", () => {
  test("go in together, wait until the batch has ended, and are never handed in twice", async () => {
    const { asked, batches, model } = provider({ looks: 3 });
    const kept = new MemoryLedger();
    const client = batchingClient(model, { kept, sleep }, aRuntime());
    expect(await Promise.all(["a", "b", "a"].map((text) => ask(client, text)))).toEqual(["batch: a", "batch: b", "batch: a"]);
    expect(batches.map((batch) => batch.length)).toEqual([2]);
    expect(await ask(batchingClient(model, { kept, sleep }, aRuntime()), "a")).toBe("batch: a");
    expect([batches.length, asked]).toEqual([1, []]);
  });

  test("are found again by the next process when this one ends while they wait", async () => {
    const { batches, model } = provider({ looks: 2 });
    const kept = new MemoryLedger();
    let sleeps = 0;
    const dying = async (): Promise<void> => {
      sleeps += 1;
      if (sleeps > 1) throw new Error("killed");
    };
    await expect(ask(batchingClient(model, { kept, sleep: dying }, aRuntime()), "a")).rejects.toThrow("killed");
    expect(await ask(batchingClient(model, { kept, sleep }, aRuntime()), "a")).toBe("batch: a");
    expect(batches).toHaveLength(1);
  });

  test("are asked by themselves where the provider gave up on them", async () => {
    const { asked, model } = provider({ unanswered: "hard" });
    const client = batchingClient(model, { kept: new MemoryLedger(), sleep }, aRuntime());
    expect(await Promise.all([ask(client, "easy"), ask(client, "hard")])).toEqual(["batch: easy", "alone: hard"]);
    expect(asked).toEqual(["hard"]);
  });

  test("end with an error that says how to go on when a batch takes more than a day", async () => {
    const { model } = provider({ looks: Infinity });
    const client = batchingClient(model, { kept: new MemoryLedger(), sleep }, aRuntime());
    await expect(ask(client, "a")).rejects.toThrow(/has not ended after more than a day/);
  });

  test("go by themselves to a model that has no batches", async () => {
    const { batches: _batches, ...plain } = provider().model;
    expect(await ask(batchingClient(plain, { kept: new MemoryLedger(), sleep }, aRuntime()), "a")).toBe("alone: a");
  });
});

describe("batches over HTTP", () => {
  let server: SimulatedModelServer;
  beforeAll(async () => {
    server = await startSimulatedModelServer({ scenario: shippedScenario("missing-step"), seed: 1 });
  });
  afterAll(() => server.close());
  const retry = { sleep, random: () => 0.5, now: () => 0 };
  const model = "simulated-support-1";

  test.each<[string, () => ModelClient]>([
    ["Anthropic's Message Batches", () => anthropicModel({ model, apiKey: "k", baseUrl: server.url, ...retry })],
    ["OpenAI's Batch API", () => openaiModel({ model, apiKey: "k", baseUrl: `${server.url}/v1`, ...retry })],
  ])("as %s answer what single requests answer", async (_what, open) => {
    const client = open();
    const batched = batchingClient(client, { kept: new MemoryLedger(), sleep }, aRuntime());
    const before = server.requests();
    const together = await Promise.all(
      ["Hello", "Where is my order?"].map((text) => batched.complete(request(text), new AbortController().signal)),
    );
    // Handing in (and uploading), two looks, the results; never the single endpoint.
    expect(server.requests() - before).toBeLessThanOrEqual(6);
    const alone = await Promise.all(
      ["Hello", "Where is my order?"].map((text) => client.complete(request(text), new AbortController().signal)),
    );
    expect(together).toEqual(alone);
  });

  test.each<[string, () => ModelClient]>([
    ["Anthropic", () => anthropicModel({ model, apiKey: "k", baseUrl: server.url, ...retry })],
    ["OpenAI", () => openaiModel({ model, apiKey: "k", baseUrl: `${server.url}/v1`, ...retry })],
  ])("that %s has forgotten have ended without replies, so that their requests are asked alone", async (_who, open) => {
    const client = open();
    const state = await client.batches?.look("batch_forgotten", new AbortController().signal);
    expect(state).toEqual({ state: "ended", replies: new Map() });
  });

  test("cost half of the plain price, or what the price says", async () => {
    const dollars = async (batch?: number): Promise<number> => {
      const price = { input: 10, output: 10, ...(batch === undefined ? {} : { batch }) };
      const operator = { models: { judge: { provider: "anthropic" as const, model, baseUrl: server.url } }, prices: { [model]: price } };
      const { judge } = configureModels(readEnvironment({ ANTHROPIC_API_KEY: "k" }), operator, {}, { retry, prices: new Map() });
      if (judge === undefined) throw new Error("no judge");
      const signal = new AbortController().signal;
      const plain = (await judge.complete(request("Hello"), signal)).usage.dollars ?? 0;
      const batched = batchingClient(judge, { kept: new MemoryLedger(), sleep }, aRuntime());
      return ((await batched.complete(request("Hello"), signal)).usage.dollars ?? 0) / plain;
    };
    expect(await dollars()).toBeCloseTo(0.5);
    expect(await dollars(0.25)).toBeCloseTo(0.25);
  });

  test("of a server that has none are refused with the setting to change", async () => {
    const client = anthropicModel({ model, apiKey: "k", baseUrl: `${server.url}/elsewhere`, ...retry });
    await expect(client.batches?.submit([{ name: "a", request: request("a") }], new AbortController().signal)).rejects.toThrow(
      /has no batch API/,
    );
  });
});
