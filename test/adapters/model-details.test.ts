import { readFileSync } from "node:fs";
import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { parsePriceFile } from "../../src/adapters/price-file/price-file.ts";
import { readPrices, shippedFile } from "../../src/compose.ts";
import { type Message, textMessage } from "../../src/domain/message.ts";
import { dollarsOf, priceIn } from "../../src/domain/replaying/price.ts";
import type { CallObserver, ModelRequest, RateLimits } from "../../src/ports/model-client.ts";

const tools = { sleep: async () => undefined, random: () => 0.5, now: () => Date.parse("2026-01-01T00:00:00Z") };
const never = new AbortController().signal;
const request = (changes: Partial<ModelRequest> = {}): ModelRequest => ({
  purpose: "replay",
  system: "You help.",
  messages: [textMessage("user", "hi")],
  maxTokens: 50,
  ...changes,
});

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const reasoning = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAAA-opaque" };
const responsesReply = {
  status: "completed",
  output: [reasoning, { type: "function_call", id: "fc_1", call_id: "call_1", name: "look", arguments: '{"id":1}' }],
  usage: { input_tokens: 100, output_tokens: 20, input_tokens_details: { cached_tokens: 64 } },
};

describe("OpenAI's Responses API", () => {
  const client = () => openaiModel({ model: "gpt-5", apiKey: "k", api: "responses", ...tools });
  const exchange = async (changes: Partial<ModelRequest>, reply: object = responsesReply) => {
    let body: Record<string, unknown> = {};
    nock("https://api.openai.com")
      .post("/v1/responses", (sent: Record<string, unknown>) => {
        body = sent;
        return true;
      })
      .reply(200, reply);
    return { reply: await client().complete(request(changes), never), body };
  };

  test("gives back tool calls and usage, and keeps reasoning as it came", async () => {
    const { reply } = await exchange({});
    expect(reply).toEqual({
      message: {
        role: "assistant",
        parts: [
          { kind: "opaque", provider: "openai-responses", value: reasoning },
          { kind: "tool-request", id: "call_1", tool: "look", input: { id: 1 } },
        ],
      },
      finish: "tool",
      usage: { inputTokens: 100, outputTokens: 20, cacheReadTokens: 64 },
    });
  });

  test("sends everything back in its order, reasoning before the call it belongs to, and stores nothing there", async () => {
    const before = (await exchange({})).reply.message;
    const result: Message = { role: "tool", parts: [{ kind: "tool-result", id: "call_1", output: { found: true } }] };
    const { body } = await exchange({
      messages: [textMessage("user", "hi"), before, result],
      parameters: { temperature: 1, seed: 3, "reasoning.level": "low", max_tokens: 99 },
      tools: [{ name: "look", description: "Looks.", parameters: { type: "object" } }],
      conversation: "c1",
    });
    expect(body).toMatchObject({
      model: "gpt-5",
      instructions: "You help.",
      store: false,
      include: ["reasoning.encrypted_content"],
      max_output_tokens: 99,
      temperature: 1,
      reasoning: { effort: "low" },
      safety_identifier: "c1",
      tools: [{ type: "function", name: "look", strict: false }],
      input: [
        { role: "user", content: "hi" },
        reasoning,
        { type: "function_call", call_id: "call_1", name: "look", arguments: '{"id":1}' },
        { type: "function_call_output", call_id: "call_1", output: '{"found":true}' },
      ],
    });
    expect(body).not.toHaveProperty("seed");
  });

  test.each([
    ["a refusal", { output: [{ type: "message", content: [{ type: "refusal", refusal: "No." }] }] }, "refused"],
    [
      "a cut answer",
      {
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        output: [{ type: "message", content: [{ type: "output_text", text: "Hel" }] }],
      },
      "length",
    ],
    ["an answer", { output: [{ type: "message", content: [{ type: "output_text", text: "Hello." }] }] }, "stop"],
  ])("knows %s", async (_what, reply, finish) => {
    expect((await exchange({}, reply)).reply.finish).toBe(finish);
  });

  test.each([{ hello: 1 }, { status: "failed", output: [] }])("says so when the reply is none: %j", async (reply) => {
    await expect(exchange({}, reply)).rejects.toMatchObject({ code: "model-malformed-reply" });
  });
});

describe("limits in the headers", () => {
  const watch = () => {
    const seen: { limits: RateLimits[]; limited: (number | undefined)[] } = { limits: [], limited: [] };
    const observer: CallObserver = { limits: (limits) => void seen.limits.push(limits), limited: (wait) => void seen.limited.push(wait) };
    return { seen, observer };
  };

  test("of Anthropic are told, and a refusal for going too fast at once", async () => {
    const { observer, seen } = watch();
    nock("https://api.anthropic.com").post("/v1/messages").reply(429, {}, { "retry-after": "3" });
    nock("https://api.anthropic.com")
      .post("/v1/messages")
      .reply(
        200,
        { content: [{ type: "text", text: "ok" }], stop_reason: "end_turn", usage: { input_tokens: 1, output_tokens: 1 } },
        {
          "anthropic-ratelimit-requests-limit": "50",
          "anthropic-ratelimit-requests-remaining": "49",
          "anthropic-ratelimit-input-tokens-limit": "30000",
          "anthropic-ratelimit-input-tokens-remaining": "29000",
        },
      );
    await anthropicModel({ model: "m", apiKey: "k", ...tools }).complete(request(), never, observer);
    expect(seen).toEqual({
      limited: [3000],
      limits: [{ requests: { perMinute: 50, remaining: 49 }, inputTokens: { perMinute: 30_000, remaining: 29_000 } }],
    });
  });

  test("of OpenAI are told; without any there is nothing to tell", async () => {
    const { observer, seen } = watch();
    const answer = { choices: [{ finish_reason: "stop", message: { content: "ok" } }] };
    const headers = {
      "x-ratelimit-limit-requests": "500",
      "x-ratelimit-remaining-requests": "499",
      "x-ratelimit-limit-tokens": "30000",
      "x-ratelimit-remaining-tokens": "28000",
    };
    nock("https://api.openai.com").post("/v1/chat/completions").reply(200, answer, headers);
    nock("https://api.openai.com").post("/v1/chat/completions").reply(200, answer);
    const client = openaiModel({ model: "m", apiKey: "k", ...tools });
    await client.complete(request(), never, observer);
    await client.complete(request(), never, observer);
    expect(seen.limits).toEqual([
      { requests: { perMinute: 500, remaining: 499 }, inputTokens: { perMinute: 30_000, remaining: 28_000 } },
      {},
    ]);
  });
});

describe("a model that takes no temperature", () => {
  const refusesTemperature = (answers: object) => {
    const bodies: Record<string, unknown>[] = [];
    const matching = (wanted: boolean) => (body: Record<string, unknown>) =>
      Object.hasOwn(body, "temperature") === wanted && bodies.push(body) > 0;
    nock("https://api.anthropic.com")
      .post("/v1/messages", matching(true))
      .reply(400, { error: { type: "invalid_request_error" } });
    nock("https://api.anthropic.com").post("/v1/messages", matching(false)).reply(200, answers);
    return bodies;
  };
  const ok = { content: [{ type: "text", text: "ok" }], stop_reason: "end_turn", usage: { input_tokens: 1, output_tokens: 1 } };
  const client = () => anthropicModel({ model: "m", apiKey: "k", ...tools });

  test("is asked again without by Tuneup's own requests", async () => {
    const bodies = refusesTemperature(ok);
    await client().complete(request({ purpose: "judge", parameters: { temperature: 0 } }), never);
    expect(bodies.map((body) => Object.hasOwn(body, "temperature"))).toEqual([true, false]);
  });

  test("is not asked otherwise than it was recorded by a replay", async () => {
    refusesTemperature(ok);
    await expect(client().complete(request({ parameters: { temperature: 0 } }), never)).rejects.toMatchObject({ code: "model-refused" });
  });
});

describe("a recorded tool choice", () => {
  test.each([
    [{ tool_choice: "required" }, { type: "any" }],
    [{ tool_choice: "look" }, { type: "tool", name: "look" }],
    [{ parallel_tool_calls: false }, { type: "auto", disable_parallel_tool_use: true }],
    [{ tool_choice: { type: "tool", name: "x" } }, { type: "tool", name: "x" }],
  ])("%j reaches Anthropic in its own form", async (parameters, expected) => {
    let body: Record<string, unknown> = {};
    nock("https://api.anthropic.com")
      .post("/v1/messages", (sent: Record<string, unknown>) => Object.assign((body = sent)) !== undefined)
      .reply(200, { content: [], stop_reason: "end_turn", usage: { input_tokens: 1, output_tokens: 1 } });
    await anthropicModel({ model: "m", apiKey: "k", ...tools }).complete(request({ parameters }), never);
    expect(body["tool_choice"]).toEqual(expected);
  });
});

describe("prices", () => {
  test("are charged by kind of token", () => {
    const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
    const usage = { inputTokens: 1_000_000, outputTokens: 100_000, cacheReadTokens: 600_000, cacheWriteTokens: 200_000 };
    // 200k plain at 3, 600k read at .3, 200k written at 3.75, 100k out at 15 per million.
    expect(dollarsOf(usage, price)).toBeCloseTo(0.6 + 0.18 + 0.75 + 1.5, 10);
  });

  test.each([
    ["claude-sonnet-4-5-20250929", 3],
    ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3],
    ["anthropic/claude-haiku-4-5", 1],
    ["claude-opus-4-5@20251101", 5],
    ["gpt-4o-2024-11-20", 2.5],
    ["openai/gpt-4.1", 2],
  ])("of %s are found under the model's own name", (model, input) => {
    expect(priceIn(readPrices(), model)?.input).toBe(input);
  });

  test("of a model that nobody wrote down are not guessed", () => {
    expect(priceIn(readPrices(), "gpt-4.1-turbo-max")).toBeUndefined();
    expect(priceIn(readPrices(), "qwen3")).toBeUndefined();
  });

  test("each name a dated source", () => {
    const path = shippedFile("prices", "models.yaml");
    const { models, sources } = parsePriceFile(path, readFileSync(path, "utf8"));
    expect(models.size).toBeGreaterThan(15);
    for (const source of sources.values())
      expect(source).toEqual({ page: expect.stringMatching(/^https:/), read: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
    expect(() => parsePriceFile("p.yaml", "sources: {}\nmodels:\n  m: { source: nowhere, input: 1, output: 2 }\n")).toThrow(
      /"nowhere" is not listed/,
    );
    expect(() => parsePriceFile("p.yaml", "models: [")).toThrow(/has problems/);
  });
});
