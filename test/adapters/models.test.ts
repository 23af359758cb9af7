import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { textMessage } from "../../src/domain/message.ts";
import type { ModelClient, ModelRequest } from "../../src/ports/model-client.ts";

const waits: number[] = [];
const tools = {
  sleep: async (milliseconds: number) => {
    waits.push(milliseconds);
  },
  random: () => 0.5,
  now: () => Date.parse("2026-01-01T00:00:00Z"),
};
const never = new AbortController().signal;

interface Provider {
  readonly name: string;
  readonly host: string;
  readonly path: string;
  readonly client: () => ModelClient;
  readonly answer: (text: string) => object;
}

const providers: readonly Provider[] = [
  {
    name: "the Anthropic adapter",
    host: "https://api.anthropic.com",
    path: "/v1/messages",
    client: () => anthropicModel({ model: "claude-x", apiKey: "key-that-must-not-leak", ...tools }),
    answer: (text) => ({ content: [{ type: "text", text }], stop_reason: "end_turn", usage: { input_tokens: 7, output_tokens: 3 } }),
  },
  {
    name: "the OpenAI adapter",
    host: "https://api.openai.com",
    path: "/v1/chat/completions",
    client: () => openaiModel({ model: "gpt-x", apiKey: "key-that-must-not-leak", ...tools }),
    answer: (text) => ({
      choices: [{ finish_reason: "stop", message: { role: "assistant", content: text } }],
      usage: { prompt_tokens: 7, completion_tokens: 3 },
    }),
  },
];

const request = (changes: Partial<ModelRequest> = {}): ModelRequest => ({
  purpose: "test",
  system: "You help.",
  messages: [textMessage("user", "the user's private words")],
  maxTokens: 50,
  ...changes,
});

beforeEach(() => {
  waits.length = 0;
  nock.disableNetConnect();
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe.each(providers)("$name", ({ host, path, client, answer }) => {
  test("gives back text, the finish and the usage", async () => {
    nock(host).post(path).reply(200, answer("Hello."));
    expect(await client().complete(request(), never)).toEqual({
      message: { role: "assistant", parts: [{ kind: "text", text: "Hello." }] },
      finish: "stop",
      usage: { inputTokens: 7, outputTokens: 3 },
    });
  });

  test("waits as long as the server wishes, then tries again", async () => {
    nock(host).post(path).reply(429, {}, { "retry-after": "7" });
    nock(host).post(path).reply(529, {});
    nock(host).post(path).replyWithError("connection reset");
    nock(host).post(path).reply(200, answer("ok"));
    expect((await client().complete(request(), never)).finish).toBe("stop");
    expect(waits).toEqual([7000, 750, 1500]);
  });

  test("gives up after six tries with a clear, retryable end", async () => {
    nock(host).post(path).times(6).reply(529, {});
    await expect(client().complete(request(), never)).rejects.toMatchObject({
      code: "model-unreachable",
      retryable: true,
      message: expect.stringMatching(/kept answering 529/),
    });
  });

  test("does not wait for an hour because a server says so", async () => {
    nock(host).post(path).reply(429, {}, { "retry-after": "3600" });
    await expect(client().complete(request(), never)).rejects.toMatchObject({ code: "model-unreachable" });
    expect(waits).toEqual([]);
  });

  test("names a wrong key and its variable, and repeats neither the key nor the conversation", async () => {
    nock(host)
      .post(path)
      .reply(401, {
        error: { type: "authentication_error", code: "invalid_api_key", message: "bad key; you sent: the user's private words" },
      });
    const error = await client()
      .complete(request(), never)
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({ code: "model-refused", retryable: false, remedy: expect.stringMatching(/_API_KEY/) });
    const { message, remedy, fields } = error as { message: string; remedy: string; fields: object };
    expect(JSON.stringify({ message, remedy, fields })).not.toMatch(/private words|must-not-leak/);
  });

  test.each([
    ["something that is no reply", { hello: 1 }],
    ["a page", "<html>"],
  ])("says so when the endpoint answers with %s", async (_what, body) => {
    nock(host).post(path).reply(200, body);
    await expect(client().complete(request(), never)).rejects.toMatchObject({ code: "model-malformed-reply" });
  });

  test("stops at once when the user stops", async () => {
    const stop = new AbortController();
    nock(host)
      .post(path)
      .reply(429, () => {
        stop.abort();
        return {};
      });
    await expect(client().complete(request(), stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("the Anthropic adapter on the wire", () => {
  const sent = async (changes: Partial<ModelRequest>): Promise<Record<string, unknown>> => {
    let body: Record<string, unknown> = {};
    nock("https://api.anthropic.com")
      .post("/v1/messages", (received: Record<string, unknown>) => {
        body = received;
        return true;
      })
      .reply(200, providers[0]?.answer("ok"));
    await providers[0]?.client().complete(request(changes), never);
    return body;
  };

  test("puts tool results on the user's side, keeps signed reasoning and other blocks, and drops what the API refuses", async () => {
    const body = await sent({
      messages: [
        textMessage("user", "hi"),
        {
          role: "assistant",
          parts: [
            { kind: "reasoning", text: "hm", signature: "s" },
            { kind: "reasoning", text: "unsigned" },
            { kind: "opaque", provider: "anthropic", value: { type: "redacted_thinking", data: "x" } },
            { kind: "opaque", provider: "openai", value: { reasoning_content: "x" } },
            { kind: "text", text: " " },
            { kind: "tool-request", id: "t1", tool: "look", input: { id: 1 } },
          ],
        },
        { role: "tool", parts: [{ kind: "tool-result", id: "t1", output: { found: true } }] },
        textMessage("user", "and?"),
      ],
      parameters: { temperature: 0.2, seed: 4, max_tokens: 99 },
      conversation: "c1",
    });
    expect(body).toMatchObject({
      max_tokens: 99,
      temperature: 0.2,
      metadata: { user_id: "c1" },
      messages: [
        { role: "user", content: [{ type: "text", text: "hi" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm", signature: "s" },
            { type: "redacted_thinking", data: "x" },
            { type: "tool_use", id: "t1", name: "look", input: { id: 1 } },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "t1", content: '{"found":true}' },
            { type: "text", text: "and?", cache_control: { type: "ephemeral" } },
          ],
        },
      ],
    });
    expect(body).not.toHaveProperty("seed");
  });

  test("lets a user begin where the agent greeted first", async () => {
    const body = await sent({ messages: [textMessage("assistant", "Welcome!"), textMessage("user", "hi")] });
    expect((body["messages"] as { role: string }[]).map((message) => message.role)).toEqual(["user", "assistant", "user"]);
  });
});

describe("the OpenAI adapter on the wire", () => {
  const sent = async (changes: Partial<ModelRequest>, baseUrl?: string): Promise<Record<string, unknown>> => {
    let body: Record<string, unknown> = {};
    nock(baseUrl === undefined ? "https://api.openai.com" : "http://127.0.0.1:9999")
      .post("/v1/chat/completions", (received: Record<string, unknown>) => {
        body = received;
        return true;
      })
      .reply(200, providers[1]?.answer("ok"));
    const client = openaiModel({ model: "gpt-x", apiKey: "none", ...(baseUrl === undefined ? {} : { baseUrl }), ...tools });
    await client.complete(request(changes), never);
    return body;
  };

  test("writes tool calls as text arguments and results as tool messages", async () => {
    const body = await sent({
      messages: [
        textMessage("user", "hi"),
        {
          role: "assistant",
          parts: [
            { kind: "opaque", provider: "openai", value: { reasoning_content: "hm", __proto__: 1 } },
            { kind: "tool-request", id: "t1", tool: "look", input: { id: 1 } },
          ],
        },
        { role: "tool", parts: [{ kind: "tool-result", id: "t1", output: "found" }] },
      ],
      parameters: { temperature: 0, stop_sequences: ["x"], "reasoning.level": "low", top_k: 3 },
    });
    expect(body).toMatchObject({
      max_completion_tokens: 50,
      temperature: 0,
      stop: ["x"],
      reasoning_effort: "low",
      messages: [
        { role: "system", content: "You help." },
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "hm",
          tool_calls: [{ id: "t1", type: "function", function: { name: "look", arguments: '{"id":1}' } }],
        },
        { role: "tool", tool_call_id: "t1", content: "found" },
      ],
    });
    expect(body).not.toHaveProperty("top_k");
  });

  test("speaks the older names to compatible servers", async () => {
    const body = await sent({ parameters: { top_k: 3 }, output: { type: "object" } }, "http://127.0.0.1:9999/v1");
    expect(body).toMatchObject({ max_tokens: 50, top_k: 3 });
    expect(body).not.toHaveProperty("response_format");
  });

  test("keeps arguments that are no JSON as text, and does not take a refusal for an answer", async () => {
    nock("https://api.openai.com")
      .post("/v1/chat/completions")
      .reply(200, {
        choices: [
          {
            finish_reason: "stop",
            message: {
              content: null,
              refusal: "I can't help with that.",
              tool_calls: [{ id: "1", function: { name: "look", arguments: "{broken" } }],
            },
          },
        ],
      });
    const reply = await providers[1]?.client().complete(request(), never);
    expect(reply).toMatchObject({ finish: "refused", message: { parts: [{ kind: "tool-request", tool: "look", input: "{broken" }] } });
  });
});
