import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { resolverTruth } from "../../../bench/replay/resolver-truth.ts";
import type { Json } from "../../../src/domain/ids.ts";
import { effectOf } from "../../../src/domain/tool-effect.ts";
import type { Session } from "../../../src/domain/session.ts";
import { recordedWorld } from "../../../src/stages/replay.ts";
import { aSession, aTool, type SessionParts, type Step } from "../../builders/session-builder.ts";

describe("what a tool does", () => {
  test.each<[string, Json, string]>([
    ["get_order", {}, "read"],
    ["orders.list", {}, "read"],
    ["GET /orders/{id}", {}, "read"],
    ["POST /orders", {}, "write"],
    ["calculate", {}, "pure"],
    ["issue_refund", {}, "write"],
    ["frobnicate", {}, "write"],
    ["get_or_create_user", {}, "write"],
    ["find_and_delete", {}, "write"],
    ["fetch", { url: "https://shop.example/orders", method: "POST" }, "write"],
    ["http_request", { url: "https://shop.example/orders", method: "get" }, "read"],
    ["query", { sql: "SELECT * FROM orders" }, "read"],
    ["query", { sql: "DELETE FROM orders" }, "write"],
    ["query", { sql: "SELECT 1; DROP TABLE orders" }, "write"],
    ["query", { sql: "WITH old AS (DELETE FROM orders RETURNING *) SELECT * FROM old" }, "write"],
    ["query", { query: "what is the return policy" }, "read"],
  ])("%s with %j is a %s", (tool, input, effect) => {
    expect(effectOf(tool, {}, { input })).toBe(effect);
  });

  test("is what it says of itself, unless the call contradicts it; the operator has the last word", () => {
    const hinted = (readOnly: boolean) => ({ ...aTool("sync_orders"), readOnly });
    expect(effectOf("sync_orders", {}, { definition: hinted(true) })).toBe("read");
    expect(effectOf("get_orders", {}, { definition: { ...aTool("get_orders"), readOnly: false } })).toBe("write");
    expect(effectOf("sync_orders", {}, { definition: hinted(true), input: { method: "DELETE" } })).toBe("write");
    expect(effectOf("sync_orders", { sync_orders: "pure" }, { definition: hinted(false) })).toBe("pure");
  });
});

const person = (id: string, user: string, steps: readonly Step[], parts: SessionParts = {}): Session =>
  aSession([{ user: `hello from ${id}` }, ...steps, { agent: "ok" }], { id, user, ...parts });
const asked = (session: Session, corpus: readonly Session[], tool: string, input: Json = {}) =>
  recordedWorld({ session, corpus: [session, ...corpus], effects: {} }).answer(tool, input);
const mine = aSession([{ user: "hi" }, { agent: "ok" }], { id: "mine", user: "me" });

describe("equal calls", () => {
  test("are found although defaults are left out and the order of a set differs", async () => {
    const tools = [
      {
        name: "search_items",
        description: "",
        parameters: {
          type: "object",
          properties: { tags: { type: "array", uniqueItems: true }, limit: { type: "integer", default: 10 } },
        },
      },
    ];
    const session = aSession(
      [{ user: "x" }, { call: "search_items", input: { tags: ["a", "b"], limit: 10 }, output: [1] }, { agent: "ok" }],
      {
        tools,
      },
    );
    expect(asked(session, [], "search_items", { tags: ["b", "a"] })).toMatchObject({ tier: "canonical", output: [1] });
    expect(asked(session, [], "search_items", { tags: ["b", "a"], limit: 5 })).toMatchObject({ tier: "refused" });
  });
});

describe("a field that differs in every call", () => {
  const many = (value: (index: number) => Json): readonly Session[] =>
    Array.from({ length: 25 }, (_, index) =>
      person(`s-${index}`, `u-${index}`, [{ call: "search_pages", input: { query: value(index), kind: "help" }, output: `page ${index}` }]),
    );
  const answer = (value: (index: number) => Json, asks: Json) => {
    const [first, ...rest] = many(value);
    return first === undefined ? undefined : asked(first, rest, "search_pages", { query: asks, kind: "help" });
  };

  test("is left out where a machine made it up: a request id, a time", () => {
    expect(
      answer((index) => `0b7e1f2a-0000-4000-8000-${String(index).padStart(12, "0")}`, "0b7e1f2a-0000-4000-8000-999999999999")?.tier,
    ).toBe("canonical");
  });

  test("counts where it is what was asked for: no search is answered with another one's results", () => {
    expect(answer((index) => `how do I do thing number ${index}`, "something else entirely")?.tier).toBe("refused");
  });
});

describe("an answer from other sessions", () => {
  const policy = (id: string, user: string, parts: SessionParts = {}): Session =>
    person(id, user, [{ call: "get_policy", input: { topic: "returns" }, output: "30 days" }], parts);

  test("needs two people behind it", async () => {
    const same = ["a", "b", "c"].map((id) => policy(id, "ada"));
    expect(asked(mine, same, "get_policy", { topic: "returns" }).tier).toBe("refused");
    expect(asked(mine, [...same, policy("d", "bob")], "get_policy", { topic: "returns" }).tier).toBe("corpus");
  });

  test("is not older than a week", async () => {
    const late = { ...mine, startedAt: "2026-02-01T10:00:00.000Z" as Session["startedAt"] };
    const others = ["a", "b", "c"].map((id) => policy(id, id));
    expect(asked(late, others, "get_policy", { topic: "returns" }).tier).toBe("refused");
  });

  test("never says what belongs to somebody, be it a name without digits", async () => {
    const profile = (id: string, user: string, output: Json): Session => person(id, user, [{ call: "get_profile", output }]);
    const ada = ["a", "b", "c"].map((id) => profile(id, "ada", { first_name: "Ada", tier: "gold" }));
    expect(asked(mine, ada, "get_profile").tier).toBe("refused");
    const twoPeople = [...ada, profile("d", "bob", { first_name: "Ada", tier: "gold" })];
    expect(asked(mine, twoPeople, "get_profile").tier).toBe("refused");
  });

  test("where nobody's user id is known, is never the answer to a call about oneself", async () => {
    const anonymous = (id: string): Session =>
      aSession([{ user: id }, { call: "get_balance", output: "12 euros" }, { agent: "ok" }], { id });
    expect(asked(mine, ["a", "b", "c"].map(anonymous), "get_balance").tier).toBe("refused");
  });

  test("is not served once this replay has written what it may depend on", async () => {
    const stock = (id: string): Session => person(id, id, [{ call: "get_stock", input: { item: "lamp" }, output: { left: 5 } }]);
    const others = ["a", "b", "c"].map(stock);
    const buyer = person("mine", "me", [{ call: "buy", input: { item: "lamp" }, output: "bought" }]);
    const world = recordedWorld({ session: buyer, corpus: [buyer, ...others], effects: {} });
    expect(world.answer("get_stock", { item: "lamp" }).tier).toBe("corpus");
    world.answer("buy", { item: "lamp" });
    expect(world.answer("get_stock", { item: "lamp" }).tier).toBe("refused");
  });
});

describe("after the replay has left its recording", () => {
  test("what was answered differently at different times is answered no more", async () => {
    const session = aSession([
      { user: "x" },
      { call: "get_status", input: { job: "j" }, output: "running" },
      { call: "get_status", input: { job: "j" }, output: "done" },
      { agent: "ok" },
    ]);
    const world = recordedWorld({ session, corpus: [session], effects: {} });
    expect(world.answer("get_status", { job: "j" })).toMatchObject({ tier: "exact", output: "running" });
    expect(world.answer("get_unknown", {}).tier).toBe("refused");
    expect(world.answer("get_status", { job: "j" }).tier).toBe("refused");
  });
});

describe("held against the shop itself", () => {
  test.each([true, false])("no answer is stale and none is another person's (user ids known: %s)", async (knownUsers) => {
    const truth = resolverTruth(11, { sessions: 60, knownUsers });
    expect(truth).toMatchObject({ stale: 0, crossPerson: 0 });
    expect(truth.grounded).toBeGreaterThan(60);
    expect(truth.right).toBe(truth.reads);
  });
});

describe("a live call", () => {
  test("does not happen: a tool server that the recordings name is never touched, and touching it would fail this test", async () => {
    let touched = 0;
    const trap = createServer((_request, response) => {
      touched += 1;
      response.end("touched");
    });
    await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
    const address = trap.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/refund`;
    try {
      const session = aSession([
        { user: "x" },
        { call: "http_request", input: { url, method: "POST" }, output: "refunded" },
        { agent: "ok" },
      ]);
      const world = recordedWorld({ session, corpus: [session], effects: {} });
      for (const method of ["POST", "GET", "DELETE"]) world.answer("http_request", { url, method });
      world.answer(url, { url });
      expect(touched).toBe(0);
      await fetch(url);
      expect(touched).toBe(1);
    } finally {
      trap.closeAllConnections();
      trap.close();
    }
  });
});
