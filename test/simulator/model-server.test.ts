import { request as plainRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { textMessage } from "../../src/domain/message.ts";
import { agentConfigOf } from "../../src/simulator/agent-files.ts";
import { piecesOf } from "../../src/simulator/http/api.ts";
import { latencyOf, weatherOf } from "../../src/simulator/http/weather.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { shippedScenario } from "./scenario-sessions.ts";

const scenario = shippedScenario("missing-step");
const config = agentConfigOf(scenario);
const never = new AbortController().signal;
const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
const model = "simulated-support-1";

let server: SimulatedModelServer;
beforeAll(async () => {
  server = await startSimulatedModelServer({ scenario, seed: 1 });
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

async function post(route: string, body: unknown, headers?: Readonly<Record<string, string>>, url = server.url): Promise<Answer> {
  const response = await fetch(`${url}${route}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(headers ?? { authorization: "Bearer any", "anthropic-version": "2023-06-01" }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

const hello = { role: "user", content: "hello" };
const question = "Hi, Ines here. Where is my order ORD-12345? I am waiting for the desk lamp Halo.";
const anthropicTools = config.tools.map((tool) => ({ name: tool.name, description: tool.description, input_schema: tool.parameters }));
const openaiTools = config.tools.map((tool) => ({ type: "function", function: tool }));
const use = { type: "tool_use", id: "t", name: "get_order", input: {} };
const result = { type: "tool_result", tool_use_id: "t", content: "x" };

describe("the simulated model behind HTTP", () => {
  test("answers both providers' SDKs just as it answers in process", async () => {
    const request = {
      purpose: "replay",
      system: config.instructions,
      messages: [textMessage("user", question)],
      tools: config.tools,
      maxTokens: 100,
      conversation: "d",
      parameters: { temperature: 0.3 },
    };
    const inProcess = await simulatedModels(scenario, 1).agent("anthropic", model).complete(request, never);
    const anthropic = await anthropicModel({ model, apiKey: "any", baseUrl: server.url, ...retry }).complete(request, never);
    const openai = await openaiModel({ model, apiKey: "any", baseUrl: `${server.url}/v1`, ...retry }).complete(request, never);
    expect(anthropic.message).toEqual({
      role: "assistant",
      parts: [{ kind: "tool-request", id: "call_1", tool: "get_order", input: { order_id: "ORD-12345" } }],
    });
    expect([openai.message, inProcess.message]).toEqual([anthropic.message, anthropic.message]);
    expect([anthropic.finish, openai.finish, inProcess.finish]).toEqual(["tool", "tool", "tool"]);
    expect(anthropic.usage).toEqual(inProcess.usage);
  });

  test("has the same luck over either API as in process, so that a demo shows what a bench measured", async () => {
    const finishes = async (ask: (index: number) => Promise<{ readonly finish: string }>): Promise<readonly string[]> =>
      (await Promise.all(Array.from({ length: 40 }, (_, index) => ask(index)))).map((reply) => reply.finish);
    const cluster: Scenario = { ...scenario, kinds: scenario.kinds.map((kind) => ({ ...kind, ability: 0 })) };
    const own = await startSimulatedModelServer({ scenario: cluster, seed: 1 });
    const request = (index: number) => ({
      purpose: "replay",
      system: config.instructions,
      messages: [textMessage("user", question.replace("12345", String(10_000 + index)))],
      tools: config.tools,
      maxTokens: 100,
      conversation: `c${index}`,
      parameters: { temperature: 0.3, seed: index },
    });
    const inProcess = await finishes((index) => simulatedModels(cluster, 1).agent("anthropic", model).complete(request(index), never));
    const anthropic = anthropicModel({ model, apiKey: "any", baseUrl: own.url, ...retry });
    const openai = openaiModel({ model, apiKey: "any", baseUrl: `${own.url}/v1`, ...retry });
    expect(new Set(inProcess)).toEqual(new Set(["tool", "stop"]));
    expect(await finishes((index) => anthropic.complete(request(index), never))).toEqual(inProcess);
    expect(await finishes((index) => openai.complete(request(index), never))).toEqual(inProcess);
    await own.close();
  });

  test("says with every answer that it is a simulation, and gives each an id", async () => {
    const answers = await Promise.all([
      post("/v1/messages", { model, max_tokens: 9, messages: [hello] }),
      post("/v1/messages", {}),
      post("/v1/nowhere", {}),
      post("/v1/chat/completions", { model, stream: true, messages: [hello] }),
    ]);
    expect(answers.map((answer) => answer.headers.get("x-tuneup-simulation"))).toEqual(["true", "true", "true", "true"]);
    expect(answers[0]?.headers.get("request-id")).toMatch(/^req_simulated_\d{6}$/);
    expect(answers[3]?.headers.get("x-request-id")).toMatch(/^req_simulated_\d{6}$/);
    expect(answers[0]?.body["model"]).toBe(model);
  });

  test("answers as no other model than a simulated one", async () => {
    const anthropic = await post("/v1/messages", { model: "claude-x", max_tokens: 9, messages: [hello] });
    expect([anthropic.status, anthropic.body]).toEqual([
      404,
      { type: "error", error: { type: "not_found_error", message: "model: claude-x" } },
    ]);
    const openai = await post("/v1/chat/completions", { model: "gpt-x", messages: [hello] });
    expect([openai.status, openai.body]).toMatchObject([404, { error: { code: "model_not_found" } }]);
    const list = (await (await fetch(`${server.url}/v1/models`)).json()) as { readonly data: readonly { readonly id: string }[] };
    expect(list.data.map((one) => one.id)).toEqual([model, "simulated-drafter-1", "simulated-judge-1"]);
  });

  test("wants a key and, at Anthropic's, a version; knows its routes", async () => {
    const body = { model, max_tokens: 1, messages: [hello] };
    expect(await post("/v1/messages", body, {})).toMatchObject({ status: 401, body: { error: { type: "authentication_error" } } });
    expect(await post("/v1/messages", body, { "x-api-key": "any" })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining("anthropic-version") } },
    });
    expect(await post("/v1/chat/completions", body, {})).toMatchObject({ status: 401, body: { error: { code: "invalid_api_key" } } });
    expect((await post("/v1/nowhere", {})).status).toBe(404);
    expect((await fetch(`${server.url}/v1/messages`)).status).toBe(404);
  });

  test("bounds a body, and outlives a client that goes away in the middle of one", async () => {
    const small = await startSimulatedModelServer({ scenario, seed: 1, largestBody: 1000 });
    const large = await post(
      "/v1/messages",
      { model, max_tokens: 1, messages: [{ role: "user", content: "x".repeat(5000) }] },
      undefined,
      small.url,
    );
    expect([large.status, large.body]).toMatchObject([413, { error: { type: "request_too_large" } }]);
    await new Promise<void>((resolve) => {
      const client = plainRequest(`${small.url}/v1/messages`, {
        method: "POST",
        headers: { "x-api-key": "any", "anthropic-version": "2023-06-01", "content-length": "500" },
      });
      client.on("error", () => resolve());
      client.write("{", () => client.destroy());
    });
    expect((await post("/v1/messages", { model, max_tokens: 9, messages: [hello] }, undefined, small.url)).status).toBe(200);
    await small.close();
  });
});

describe("malformed requests are refused as Anthropic refuses them when", () => {
  const base = { model, max_tokens: 1 };
  test.each<[string, unknown, RegExp]>([
    ["max_tokens is missing", { model, messages: [hello] }, /max_tokens: Field required/],
    ["no message is given", { ...base, messages: [] }, /at least one message/],
    ["an assistant begins", { ...base, messages: [{ role: "assistant", content: "hi" }] }, /first message must use the user role/],
    ["a system message stands in the list", { ...base, messages: [{ role: "system", content: "hi" }] }, /messages\.0\.role/],
    [
      "a tool call has no result",
      { ...base, tools: anthropicTools, messages: [hello, { role: "assistant", content: [use] }, hello] },
      /messages\.2: tool call t has no result/,
    ],
    [
      "a tool call comes last",
      { ...base, tools: anthropicTools, messages: [hello, { role: "assistant", content: [use] }] },
      /last message's tool calls have no result/,
    ],
    [
      "an assistant answers its own tool call",
      { ...base, tools: anthropicTools, messages: [hello, { role: "assistant", content: [use] }, { role: "assistant", content: "x" }] },
      /no result/,
    ],
    ["a result answers nothing", { ...base, messages: [{ role: "user", content: [result] }] }, /answers no tool call/],
    [
      "a call is answered twice",
      {
        ...base,
        tools: anthropicTools,
        messages: [hello, { role: "assistant", content: [use] }, { role: "user", content: [result, result] }],
      },
      /more than one result/,
    ],
    [
      "words stand before a result",
      {
        ...base,
        tools: anthropicTools,
        messages: [hello, { role: "assistant", content: [use] }, { role: "user", content: [{ type: "text", text: "so" }, result] }],
      },
      /must come first/,
    ],
    [
      "tools are used and not defined",
      { ...base, messages: [hello, { role: "assistant", content: [use] }, { role: "user", content: [result] }] },
      /must define tools/,
    ],
    [
      "a tool call lacks its input",
      {
        ...base,
        tools: anthropicTools,
        messages: [hello, { role: "assistant", content: [{ ...use, input: undefined }] }, { role: "user", content: [result] }],
      },
      /tool_use: a required field/,
    ],
    ["two tools have one name", { ...base, tools: [...anthropicTools, ...anthropicTools], messages: [hello] }, /tool names must be unique/],
    ["a text is empty", { ...base, messages: [{ role: "user", content: [{ type: "text", text: " " }] }] }, /non-whitespace/],
    ["a temperature is out of range", { ...base, temperature: 1.5, messages: [hello] }, /temperature/],
    ["the body is no JSON", "{", /not valid JSON/],
  ])("%s", async (_what, body, message) => {
    const answer = await post("/v1/messages", body);
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { type: "error", error: { type: "invalid_request_error", message: expect.stringMatching(message) } },
    ]);
  });
});

describe("malformed requests are refused as OpenAI refuses them when", () => {
  const call = { id: "t", type: "function", function: { name: "x", arguments: "{}" } };
  test.each<[string, unknown, RegExp]>([
    ["no model is named", { messages: [hello] }, /model/],
    ["no message is given", { model, messages: [] }, /too short/],
    [
      "a tool message stands alone",
      { model, messages: [{ role: "tool", tool_call_id: "t", content: "x" }] },
      /preceding message with 'tool_calls'/,
    ],
    [
      "a tool message names no call",
      { model, messages: [hello, { role: "assistant", tool_calls: [call] }, { role: "tool", content: "x" }] },
      /tool_call_id/,
    ],
    [
      "a tool call has no result",
      { model, messages: [hello, { role: "assistant", tool_calls: [call] }, hello] },
      /must be followed by tool messages/,
    ],
    ["a temperature is out of range", { model, temperature: 3, messages: [hello] }, /temperature/],
    ["the body is no JSON", "nonsense", /not valid JSON/],
  ])("%s", async (_what, body, message) => {
    const answer = await post("/v1/chat/completions", body);
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { error: { type: "invalid_request_error", param: null, code: null, message: expect.stringMatching(message) } },
    ]);
  });
});

describe("streams", () => {
  const events = (text: string): readonly { readonly event: string | undefined; readonly data: Record<string, never> }[] =>
    text
      .trimEnd()
      .split("\n\n")
      .map((block) => ({
        event: /^event: (.*)$/m.exec(block)?.[1],
        data: JSON.parse(/^data: (\{.*)$/m.exec(block)?.[1] ?? "{}") as Record<string, never>,
      }));

  test("come in Anthropic's events, and their pieces make the whole answer", async () => {
    const body = { model, max_tokens: 100, system: config.instructions, tools: anthropicTools, metadata: { user_id: "c" } };
    const whole = await post("/v1/messages", { ...body, messages: [{ role: "user", content: question }] });
    const parts = events((await post("/v1/messages", { ...body, stream: true, messages: [{ role: "user", content: question }] })).text);
    const names = parts.map((part) => part.event);
    expect([names[0], names.at(-2), names.at(-1)]).toEqual(["message_start", "message_delta", "message_stop"]);
    const json = parts
      .map((part) => (part.data as { readonly delta?: { readonly partial_json?: string } }).delta?.partial_json ?? "")
      .join("");
    expect([{ type: "tool_use", id: "call_1", name: "get_order", input: JSON.parse(json) as unknown }]).toEqual(whole.body["content"]);
    expect(parts.at(-2)?.data).toMatchObject({ delta: { stop_reason: "tool_use" }, usage: { output_tokens: expect.any(Number) } });
    expect(whole.body["usage"]).toEqual({
      input_tokens: expect.any(Number),
      output_tokens: expect.any(Number),
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: expect.any(Number),
    });
  });

  test("come in OpenAI's chunks, with usage where it is asked for, and end with [DONE]", async () => {
    const body = {
      model,
      stream: true,
      messages: [
        { role: "system", content: config.instructions },
        { role: "user", content: question },
      ],
      tools: openaiTools,
    };
    const { text } = await post("/v1/chat/completions", { ...body, stream_options: { include_usage: true } });
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    interface Chunk {
      readonly choices?: readonly {
        readonly delta: { readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[] };
      }[];
      readonly usage?: unknown;
    }
    const chunks = events(text).map((part) => part.data as Chunk);
    const argumentsText = chunks.map((chunk) => chunk.choices?.[0]?.delta.tool_calls?.[0]?.function.arguments ?? "").join("");
    expect(JSON.parse(argumentsText)).toEqual({ order_id: "ORD-12345" });
    expect(chunks.filter((chunk) => chunk.usage !== undefined && chunk.usage !== null)).toHaveLength(1);
    expect((await post("/v1/chat/completions", body)).text).not.toContain("usage");
  });

  test("cut a text into pieces that make it again", () => {
    const text = "Eine längere Antwort 😀 mit vielen Wörtern, damit sie in mehreren Stücken kommt 😀😀.";
    expect(piecesOf(text).length).toBeGreaterThan(2);
    expect(piecesOf(text).join("")).toBe(text);
    expect(piecesOf("")).toEqual([]);
  });
});

describe("what goes wrong on demand", () => {
  const faulty = (faults: NonNullable<Scenario["faults"]>): Scenario => ({ ...scenario, faults });

  test("comes as often as the scenario says, each kind alike, and differs from request to request", () => {
    const weather = Array.from({ length: 2000 }, (_, index) =>
      weatherOf(faulty({ rate: 0.3, statuses: [429, 500, 529], retryAfterSeconds: 2, brokenConnections: 0.1 }), 1, index),
    );
    const count = (is: (one: (typeof weather)[number]) => boolean): number => weather.filter((one) => is(one)).length / weather.length;
    expect(count((one) => one.kind === "error")).toBeCloseTo(0.3, 1);
    expect(count((one) => one.kind === "broken")).toBeCloseTo(0.1, 1);
    for (const status of [429, 500, 529]) expect(count((one) => one.kind === "error" && one.status === status)).toBeCloseTo(0.1, 1);
  });

  test("has each provider's own words: overloaded at Anthropic, unavailable at OpenAI, with the wish when to come back", async () => {
    const always = await startSimulatedModelServer({
      scenario: faulty({ rate: 1, statuses: [529], retryAfterSeconds: 7, brokenConnections: 0 }),
      seed: 1,
    });
    const anthropic = await post("/v1/messages", { model, max_tokens: 1, messages: [hello] }, undefined, always.url);
    expect([anthropic.status, anthropic.headers.get("retry-after"), anthropic.body]).toMatchObject([
      529,
      "7",
      { error: { type: "overloaded_error" } },
    ]);
    const openai = await post("/v1/chat/completions", { model, messages: [hello] }, undefined, always.url);
    expect([openai.status, openai.body]).toMatchObject([503, { error: { type: "server_error" } }]);
    await always.close();
  });

  test("is borne by the product's clients: errors and broken connections, and they come through", async () => {
    const rough = await startSimulatedModelServer({
      scenario: faulty({ rate: 0.3, statuses: [429, 500, 529], retryAfterSeconds: 1, brokenConnections: 0.1 }),
      seed: 1,
    });
    const client = anthropicModel({ model, apiKey: "any", baseUrl: rough.url, ...retry });
    for (let index = 0; index < 10; index += 1) {
      const reply = await client.complete(
        { purpose: "t", system: "", messages: [textMessage("user", `hello ${index}`)], maxTokens: 9 },
        never,
      );
      expect(reply.finish).toBe("stop");
    }
    expect(rough.requests()).toBeGreaterThan(10);
    await rough.close();
  });
});

describe("the time that an answer takes", () => {
  const slow = (latency: NonNullable<Scenario["latency"]>): Scenario => ({ ...scenario, latency });

  test("follows the scenario: a part for each answer, a part for each token, varying around its mean", () => {
    expect(latencyOf(scenario, 1, 1, 100)).toBe(0);
    expect(latencyOf(slow({ milliseconds: 200, perToken: 5, spread: 0 }), 1, 1, 100)).toBe(700);
    const drawn = Array.from({ length: 4000 }, (_, index) =>
      latencyOf(slow({ milliseconds: 1000, perToken: 0, spread: 0.5 }), 1, index, 0),
    );
    expect(drawn.reduce((sum, one) => sum + one, 0) / drawn.length / 1000).toBeCloseTo(1, 1);
    expect(new Set(drawn).size).toBeGreaterThan(3900);
  });

  test("is waited for before the answer, and no longer when the server closes", async () => {
    const waits: number[] = [];
    const own = await startSimulatedModelServer({
      scenario: slow({ milliseconds: 250, perToken: 0, spread: 0 }),
      seed: 1,
      sleep: async (milliseconds) => void waits.push(milliseconds),
    });
    expect((await post("/v1/messages", { model, max_tokens: 9, messages: [hello] }, undefined, own.url)).status).toBe(200);
    expect(waits).toEqual([250]);
    await own.close();
    const endless = await startSimulatedModelServer({ scenario: slow({ milliseconds: 60_000, perToken: 0, spread: 0 }), seed: 1 });
    const ended = post("/v1/messages", { model, max_tokens: 9, messages: [hello] }, undefined, endless.url).then(
      () => "answered",
      () => "cut off",
    );
    while (endless.requests() === 0) await new Promise((resolve) => setImmediate(resolve));
    await endless.close();
    expect(await ended).toBe("cut off");
  });
});
