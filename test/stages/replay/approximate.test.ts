import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../../src/adapters/memory-ledger/memory-ledger.ts";
import { readPrompts } from "../../../src/compose.ts";
import { configOf } from "../../../src/domain/agent-config.ts";
import type { Json } from "../../../src/domain/ids.ts";
import type { Session } from "../../../src/domain/session.ts";
import { recordedWorld, replay, type ToolModel } from "../../../src/stages/replay.ts";
import { inferredSchema } from "../../../src/stages/replay/approximate/inferred-schema.ts";
import { likeness } from "../../../src/stages/replay/approximate/nearest.ts";
import { aRuntime } from "../../builders/runtime.ts";
import { aSession, type Step } from "../../builders/session-builder.ts";
import { type Answer, scriptedModel } from "../../doubles/scripted-model.ts";

const search = (input: Json, output: Json = { items: ["lamp"] }): Step => ({ call: "search_items", input, output });
const person = (name: string, ...steps: readonly Step[]): Session =>
  aSession([{ user: "hi" }, ...steps, { agent: "ok" }], { id: name, user: name });
const near = (session: Session, corpus: readonly Session[], input: Json, tool = "search_items") =>
  recordedWorld({ session, corpus: [session, ...corpus], effects: {}, nearest: true }).answer(tool, input);

describe("how alike two calls are", () => {
  const usual = { calls: 40, of: (leaf: string) => (leaf.includes("limit") || leaf.includes("sort") ? 38 : 1) };

  test("is Σ of the shared weights ÷ Σ of all, rare values weighing most", () => {
    // By hand: a rare leaf weighs ln(41/2) + .1 = 3.1204, a usual one ln(41/39) + .1 = .1500.
    const asked = { query: "lamp", color: "red", limit: 10 };
    expect(likeness(asked, { query: "lamp", color: "red", limit: 20 }, usual)).toBeCloseTo(6.2408 / (6.2408 + 0.3), 3);
    expect(likeness(asked, { query: "lamp", color: "blue", limit: 10 }, usual)).toBeLessThan(0.4);
    expect(likeness(asked, asked, usual)).toBe(1);
  });

  test.each<[string, Json, Json]>([
    ["an order", { q: "lamp", order: "ORD-12345" }, { q: "lamp", order: "ORD-12346" }],
    ["a date", { q: "lamp", on: "2026-01-05" }, { q: "lamp", on: "2026-01-06" }],
    ["an address", { q: "lamp", to: "a@example.com" }, { q: "lamp", to: "b@example.com" }],
    ["a path", { q: "lamp", file: "docs/a.md" }, { q: "lamp", file: "docs/b.md" }],
    ["an id that only one has", { q: "lamp" }, { q: "lamp", user: "4711" }],
  ])("is nothing where %s differs", (_what, left, right) => {
    expect(likeness(left, right, { calls: 1000, of: () => 999 })).toBe(0);
  });
});

describe("a search that nothing recorded answers", () => {
  const lamp = { query: "lamp", color: "red", size: "big", brand: "lux", room: "hall" };
  /** Searches that make `limit` usual and everything else rare. */
  const usual = (letter: string): readonly Step[] =>
    [10, 20, 10, 20].map((limit, index) => search({ query: `${letter} ${"wxyz"[index]}`, limit }));
  const own = person("me", search({ ...lamp, limit: 10 }), ...Array.from("abcdefgh").flatMap(usual));

  test("gets the answer to nearly the same one of its own recording, where the operator wants that", () => {
    expect(near(own, [], { ...lamp, limit: 20 })).toMatchObject({ tier: "nearest", output: { items: ["lamp"] } });
    expect(near(own, [], { ...lamp, color: "blue", limit: 10 }).tier).toBe("refused");
    expect(recordedWorld({ session: own, corpus: [own], effects: {} }).answer("search_items", { ...lamp, limit: 20 }).tier).toBe("refused");
  });

  test("is not answered from before a write", () => {
    const world = recordedWorld({ session: own, corpus: [own], effects: { buy: "write" }, nearest: true });
    const bought = aSession([{ user: "hi" }, { call: "buy", input: {}, output: "ok" }, search({ ...lamp, limit: 10 }), { agent: "ok" }]);
    const later = recordedWorld({ session: bought, corpus: [bought], effects: {}, nearest: true });
    expect(later.answer("search_items", { ...lamp, limit: 10 }).tier).toBe("refused");
    expect(world.answer("search_items", { ...lamp, limit: 20 }).tier).toBe("nearest");
  });

  const others = (output: (name: string) => Json): readonly Session[] =>
    Array.from("abcdefghijklmnopqrst").map((name, index) =>
      person(name, ...(index < 4 ? [search({ ...lamp, limit: 10 }, output(name))] : []), ...usual(name)),
    );

  test("gets what other sessions agree on, never what holds somebody's own", () => {
    const asked = (output: (name: string) => Json) => near(person("me"), others(output), { ...lamp, limit: 20 });
    expect(asked(() => ({ items: ["lamp"] }))).toMatchObject({ tier: "nearest", output: { items: ["lamp"] } });
    expect(asked(() => ({ items: ["ORD-99887"] })).tier).toBe("refused");
    expect(asked(() => ({ email: "ada" })).tier).toBe("refused");
    expect(asked((name) => ({ items: [name] })).tier).toBe("refused");
  });

  test("is refused for tools that look one thing up, and for writes", () => {
    const session = person(
      "me",
      { call: "get_item", input: { color: "red" }, output: 1 },
      { call: "list_and_delete", input: { color: "red" }, output: 1 },
    );
    expect(near(session, [], { color: "red", limit: 5 }, "get_item").tier).toBe("refused");
    expect(near(session, [], { color: "red", limit: 5 }, "list_and_delete").tier).not.toBe("nearest");
  });
});

describe("the form of a tool's answers", () => {
  test("has the fields that all have, types, formats and short lists of values", () => {
    const samples = Array.from({ length: 12 }, (_, index) => ({
      on: "2026-01-05",
      state: index % 2 === 0 ? "open" : "closed",
      count: index,
      ...(index === 0 ? { note: "x" } : {}),
    }));
    expect(inferredSchema(samples)).toMatchObject({
      required: ["on", "state", "count"],
      additionalProperties: false,
      properties: {
        on: { pattern: expect.stringContaining("\\d{4}") },
        state: { enum: ["closed", "open"] },
        count: { type: "integer" },
        note: { type: "string" },
      },
    });
  });
});

describe("a model that plays the tools", () => {
  const session = aSession(
    [
      { user: "Is the red lamp there? My order is ORD-12345." },
      { call: "get_stock", input: { item: "chair" }, output: { item: "chair", count: 3 } },
      { call: "get_stock", input: { item: "table" }, output: { item: "table", count: 1 } },
      { call: "get_stock", input: { item: "shelf" }, output: { item: "shelf", count: 9 } },
      { agent: "Yes." },
    ],
    { id: "s", user: "me" },
  );
  const asks = { call: "get_stock", input: { item: "lamp" } };

  async function played(agent: readonly Answer[], tool: readonly Answer[], said: ToolModel["said"] = new MemoryLedger()) {
    const config = configOf(session);
    if (config === undefined) throw new Error("no configuration");
    const client = scriptedModel(tool);
    const world = recordedWorld({ session, corpus: [session], effects: {} });
    const run = { session, config, world, seed: 1, tools: { client, prompt: readPrompts().tool, said } };
    return { done: await replay(run, scriptedModel(agent), aRuntime()), requests: client.requests };
  }

  test("answers a read in the form of the recorded answers, and the same in the other arm without being asked again", async () => {
    const said = new MemoryLedger();
    const first = await played([asks, "Yes."], ['{"answer": {"item": "lamp", "count": 2}}'], said);
    expect(first.done).toMatchObject({ ended: "finished", divergedAtTurn: 0, tiers: { simulated: 1, refused: 0 } });
    expect(first.done.transcript[2]?.parts[0]).toMatchObject({ output: { item: "lamp", count: 2 } });
    expect(first.requests[0]?.parameters).toEqual({ temperature: 0 });
    const second = await played([asks, "Yes."], [], said);
    expect(second.done.transcript[2]).toEqual(first.done.transcript[2]);
    expect([second.requests.length, second.done.usage.inputTokens]).toEqual([0, 20]);
  });

  test("gives two arms that ask at the same moment one answer, paid once", async () => {
    const said = new MemoryLedger();
    const chatty = '{"answer": {"item": "lamp", "count": 2}}';
    const [one, other] = await Promise.all([
      played([asks, "Yes."], [chatty, '{"answer": {"item": "lamp", "count": 7}}'], said),
      played([asks, "Yes."], ['{"answer": {"item": "lamp", "count": 9}}'], said),
    ]);
    expect(other.done.transcript[2]).toEqual(one.done.transcript[2]);
    expect([one.requests.length, other.requests.length]).toEqual([1, 0]);
  });

  test.each<[string, string, RegExp]>([
    ["of another form", '{"answer": {"item": "lamp"}}', /not the form of the recorded answers/],
    ["with an id that nobody named", '{"answer": {"item": "LAMP-7781", "count": 2}}', /an id, address or number/],
    ["that is no JSON", "two lamps", /cannot be used/],
  ])("is asked once more for an answer %s, and then the call is refused", async (_what, answer, why) => {
    const { done, requests } = await played([asks, "No."], [answer, answer]);
    expect(done.tiers).toMatchObject({ simulated: 0, refused: 1 });
    expect(requests).toHaveLength(2);
    expect(JSON.stringify(requests[1]?.messages)).toMatch(why);
  });

  test("is never asked for a write, nor where fewer than three answers show the form", async () => {
    const { done, requests } = await played([{ call: "issue_refund", input: {} }, { call: "get_price", input: {} }, "No."], []);
    expect([done.tiers.refused, done.ended, requests.length]).toEqual([2, "inconclusive", 0]);
  });

  test("is shown no other person's data", () => {
    const other = person(
      "you",
      { call: "get_stock", input: { item: "ORD-99887" }, output: { item: "desk", count: 4 } },
      { call: "get_stock", input: { item: "desk" }, output: { item: "desk", name: "Ada" } },
      { call: "get_stock", input: { item: "sofa" }, output: { item: "sofa", count: 5 } },
    );
    const asked = recordedWorld({ session, corpus: [session, other], effects: {} }).unanswered("get_stock", { item: "lamp" });
    expect(asked?.examples.map((one) => one.input)).toEqual([{ item: "chair" }, { item: "table" }, { item: "shelf" }, { item: "sofa" }]);
  });
});
