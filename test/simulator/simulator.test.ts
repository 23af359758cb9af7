import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { otlpFileFormat } from "../../src/adapters/otlp/otlp-file-format.ts";
import { shippedFile } from "../../src/compose.ts";
import { textMessage } from "../../src/domain/message.ts";
import { agentConfigOf } from "../../src/simulator/agent-files.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import { recordSessions } from "../../src/simulator/record-sessions.ts";
import { parseScenario, completeScenario, readScenario } from "../../src/simulator/scenario-file.ts";
import { type Scenario, scenarioSchema } from "../../src/simulator/scenario.ts";
import { planSessions } from "../../src/simulator/session-plan.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { readBack } from "../../src/simulator/templates.ts";

const names = ["missing-step", "not-in-the-prompt", "harmful-edits"] as const;
const path = (name: string): string => shippedFile("examples", "scenarios", `${name}.yaml`);
const load = (name: string): Scenario => readScenario(path(name));
const scenario = load("missing-step");
const never = new AbortController().signal;
const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };

describe("scenario files", () => {
  test.each(names)("%s is valid", (name) => {
    expect(load(name).name).toBe(name);
  });

  test("have a JSON Schema that is kept equal to what is checked", async () => {
    const schema = `${JSON.stringify(z.toJSONSchema(scenarioSchema, { io: "input" }), undefined, 2)}\n`;
    await expect(schema).toMatchFileSnapshot("../../examples/scenarios/scenario.schema.json");
  });

  test("name every problem at once, with its place", () => {
    const text = readFileSync(path("missing-step"), "utf8")
      .replace("version: 1", "version: 2")
      .replace("weight: 35", "weight: -1")
      .replace("noise: independent", "noise: loud");
    expect(() => parseScenario("s.yaml", text)).toThrow(/3 problems[\s\S]*version[\s\S]*noise[\s\S]*kinds\.0\.weight/);
  });

  test("are checked for what a schema cannot say: scripts that fit the user's turns, tools and tables that exist", () => {
    const document = parseScenario(
      "s.yaml",
      readFileSync(path("missing-step"), "utf8")
        .replace('followUps: ["Yes, please go ahead.", "Thank you."]', 'followUps: ["Yes."]')
        .replace("call: get_order, input", "call: get_odrer, input"),
    );
    expect(() => completeScenario("s.yaml", document, scenario.files)).toThrow(
      /answers 3 times, but the user speaks 2 times[\s\S]*get_odrer/,
    );
  });

  test("that are broken YAML or not there say so", () => {
    expect(() => parseScenario("s.yaml", "a: [")).toThrow(/has a problem/);
    expect(() => readScenario("/nowhere.yaml")).toThrow(/no scenario at \/nowhere\.yaml/);
  });
});

describe("recorded sessions", () => {
  const lines = (name: string, seed: number): readonly string[] => [...recordSessions(load(name), { seed })];

  test("are the same for a seed, and others for another", () => {
    const small = { ...scenario, sessions: { ...scenario.sessions, count: 20 } };
    expect([...recordSessions(small, { seed: 1 })]).toEqual([...recordSessions(small, { seed: 1 })]);
    expect([...recordSessions(small, { seed: 2 })]).not.toEqual([...recordSessions(small, { seed: 1 })]);
  });

  test("are OTLP that reads without a problem, and about a third of them fail", () => {
    const all = lines("missing-step", 1);
    const parts = [...otlpFileFormat.read("s.jsonl", Buffer.from(all.slice(0, 50).join("\n")))];
    expect(parts.filter((part) => part.kind === "problem")).toEqual([]);
    const failed = all.filter((line) => line.includes('"stringValue":"fail"')).length / all.length;
    expect(failed).toBeGreaterThan(0.25);
    expect(failed).toBeLessThan(0.42);
  });

  test("can be read back from the user's first words alone: nothing is passed to the model behind its back", () => {
    for (const session of planSessions(scenario, 3).slice(0, 100)) {
      const found = session.kind.opening.map((opening) => readBack(opening, session.turns[0] ?? "")).find((values) => values !== undefined);
      for (const [name, value] of Object.entries(found ?? { none: "" })) expect(String(session.values[name])).toBe(value);
    }
  });
});

describe("the simulated model in process", () => {
  const first = textMessage(
    "user",
    "Hello, Anna here. The desk lamp Halo from order ORD-12345 does not suit me. I would like my money back.",
  );
  const config = agentConfigOf(scenario);
  const share = async (system: string): Promise<number> => {
    const agent = simulatedModels(scenario, 1).agent("anthropic", "simulated-support-1");
    let reads = 0;
    for (let index = 0; index < 300; index += 1) {
      const order = `ORD-${10_000 + index}`;
      const opening = textMessage(
        "user",
        `Hello, Anna here. The desk lamp Halo from order ${order} does not suit me. I would like my money back.`,
      );
      const called = {
        role: "assistant" as const,
        parts: [{ kind: "tool-request" as const, id: "call_1", tool: "get_order", input: { order_id: order } }],
      };
      const answered = {
        role: "tool" as const,
        parts: [{ kind: "tool-result" as const, id: "call_1", output: '{"category":"electronics","amount":39}' }],
      };
      const reply = await agent.complete(
        { purpose: "replay", system, messages: [opening, called, answered], tools: config.tools, maxTokens: 100, conversation: order },
        never,
      );
      if (reply.finish === "tool") reads += 1;
    }
    return reads / 300;
  };

  test("behaves as the prompt says: naming the step helps by thirty to forty points, other words do not", async () => {
    const before = await share(config.instructions);
    expect(before).toBeLessThan(0.15);
    const helped = (await share(`${config.instructions}\n- Always read the return policy first.`)) - before;
    expect(helped).toBeGreaterThan(0.25);
    expect(helped).toBeLessThanOrEqual(0.45);
    expect(Math.abs((await share(`${config.instructions}\n- Be friendly.`)) - before)).toBeLessThan(0.08);
  });

  test("gives the same answer to the same request", async () => {
    const agent = simulatedModels(scenario, 1).agent("anthropic", "m");
    const ask = () =>
      agent.complete(
        { purpose: "replay", system: config.instructions, messages: [first], tools: config.tools, maxTokens: 100, conversation: "c" },
        never,
      );
    expect(await ask()).toEqual(await ask());
    expect(agent.simulated).toBe(true);
  });
});

describe("the simulated model behind HTTP", () => {
  let server: SimulatedModelServer;
  beforeAll(async () => {
    server = await startSimulatedModelServer({ scenario, seed: 1 });
  });
  afterAll(() => server.close());

  const post = async (
    route: string,
    body: unknown,
    key = "any",
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown>; readonly text: string }> => {
    const response = await fetch(`${server.url}${route}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key === "" ? {} : { authorization: `Bearer ${key}` }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    expect(response.headers.get("x-tuneup-simulation")).toBe("true");
    return { status: response.status, body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {}, text };
  };
  const hello = { role: "user", content: "hello" };

  test("answers both providers' SDKs with the same behaviour", async () => {
    const request = {
      purpose: "replay",
      system: agentConfigOf(scenario).instructions,
      messages: [textMessage("user", "Hi, Ines here. Where is my order ORD-12345? I am waiting for the desk lamp Halo.")],
      tools: agentConfigOf(scenario).tools,
      maxTokens: 100,
      conversation: "c",
    };
    const one = await anthropicModel({ model: "simulated-support-1", apiKey: "any", baseUrl: server.url, ...retry }).complete(
      request,
      never,
    );
    const other = await openaiModel({ model: "simulated-support-1", apiKey: "any", baseUrl: `${server.url}/v1`, ...retry }).complete(
      request,
      never,
    );
    expect(one.message).toEqual({
      role: "assistant",
      parts: [{ kind: "tool-request", id: "call_1", tool: "get_order", input: { order_id: "ORD-12345" } }],
    });
    expect(other.message).toEqual(one.message);
    expect(one.usage.inputTokens).toBeGreaterThan(100);
  });

  test.each<[string, unknown, RegExp]>([
    ["max_tokens is missing", { model: "m", messages: [hello] }, /max_tokens: Field required/],
    ["no message is given", { model: "m", max_tokens: 1, messages: [] }, /at least one message/],
    [
      "an assistant begins",
      { model: "m", max_tokens: 1, messages: [{ role: "assistant", content: "hi" }] },
      /first message must use the user role/,
    ],
    [
      "a tool call has no result",
      {
        model: "m",
        max_tokens: 1,
        messages: [hello, { role: "assistant", content: [{ type: "tool_use", id: "t", name: "x", input: {} }] }, hello],
      },
      /tool call t has no result/,
    ],
    [
      "a result answers nothing",
      { model: "m", max_tokens: 1, messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "x" }] }] },
      /answers no tool call/,
    ],
    [
      "a text is empty",
      { model: "m", max_tokens: 1, messages: [{ role: "user", content: [{ type: "text", text: " " }] }] },
      /non-whitespace/,
    ],
    ["the body is no JSON", "{", /not JSON/],
  ])("refuses as Anthropic does when %s", async (_what, body, message) => {
    const answer = await post("/v1/messages", body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ type: "error", error: { type: "invalid_request_error", message: expect.stringMatching(message) } });
  });

  test.each<[string, unknown, RegExp]>([
    ["no model is named", { messages: [hello] }, /model/],
    [
      "a tool message stands alone",
      { model: "m", messages: [{ role: "tool", tool_call_id: "t", content: "x" }] },
      /preceding message with 'tool_calls'/,
    ],
    [
      "a tool call has no result",
      {
        model: "m",
        messages: [
          hello,
          { role: "assistant", tool_calls: [{ id: "t", type: "function", function: { name: "x", arguments: "{}" } }] },
          hello,
        ],
      },
      /must be followed by tool messages/,
    ],
  ])("refuses as OpenAI does when %s", async (_what, body, message) => {
    const answer = await post("/v1/chat/completions", body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { type: "invalid_request_error", message: expect.stringMatching(message) } });
  });

  test("wants a key, knows its routes, and bounds a body", async () => {
    expect((await post("/v1/messages", { model: "m", max_tokens: 1, messages: [hello] }, "")).status).toBe(401);
    expect((await post("/v1/nowhere", {})).status).toBe(404);
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(200);
  });

  test("streams in both providers' events", async () => {
    const anthropic = await post("/v1/messages", { model: "m", max_tokens: 9, stream: true, messages: [hello] });
    expect(anthropic.text.match(/^event: .*/gm)?.map((line) => line.slice(7))).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    const openai = await post("/v1/chat/completions", { model: "m", stream: true, messages: [hello] });
    expect(openai.text.trimEnd().endsWith("data: [DONE]")).toBe(true);
  });

  test("fails on demand with what the scenario says, and the clients come through", async () => {
    const faulty = await startSimulatedModelServer({
      scenario: { ...scenario, faults: { rate: 0.4, statuses: [429, 529], retryAfterSeconds: 1 } },
      seed: 1,
    });
    const client = anthropicModel({ model: "simulated-support-1", apiKey: "any", baseUrl: faulty.url, ...retry });
    for (let index = 0; index < 10; index += 1)
      expect(
        (await client.complete({ purpose: "t", system: "", messages: [textMessage("user", `hello ${index}`)], maxTokens: 9 }, never))
          .finish,
      ).toBe("stop");
    expect(faulty.requests()).toBeGreaterThan(10);
    await faulty.close();
  });
});
