import { digestOf } from "../../src/domain/digest.ts";
import { instant, type Json, projectId, sessionId } from "../../src/domain/ids.ts";
import { type Message, noUsage, textMessage, type ToolDefinition } from "../../src/domain/message.ts";
import { type Random, seededRandom } from "../../src/domain/random.ts";
import type { Call, Session } from "../../src/domain/session.ts";

/** A call that an agent of the shop makes. */
export interface ShopCall {
  readonly tool: string;
  readonly input: { readonly [key: string]: Json };
}

interface Order {
  readonly user: string;
  readonly item: string;
  readonly status: string;
}

/** The whole state of the shop; immutable, so that any moment of it can be asked again. */
export interface ShopState {
  readonly orders: ReadonlyMap<string, Order>;
  readonly stock: ReadonlyMap<string, number>;
}

export const shopUsers = ["Ada", "Bob", "Cleo", "Dana", "Emil", "Fay"] as const;
const items = ["lamp", "chair", "kettle"] as const;

/** The shop before anything happened: two orders of every user, five of every item. */
export function openShop(): ShopState {
  const orders = new Map<string, Order>();
  for (const [index, user] of shopUsers.entries())
    for (const second of [0, 1])
      orders.set(`ORD-${1000 + index * 10 + second}`, { user, item: items[(index + second) % items.length] ?? "lamp", status: "active" });
  return { orders, stock: new Map(items.map((item) => [item, 5])) };
}

const tool = (name: string, properties: Record<string, Json> = {}): ToolDefinition => ({
  name,
  description: name,
  parameters: { type: "object", properties },
});

export const shopTools: readonly ToolDefinition[] = [
  tool("get_order", { order_id: { type: "string" } }),
  tool("list_my_orders"),
  tool("get_my_profile"),
  tool("get_policy", { topic: { type: "string" } }),
  tool("get_stock", { item: { type: "string" } }),
  tool("count_open_orders", { shop: { type: "string" } }),
  tool("cancel_order", { order_id: { type: "string" } }),
  tool("place_order", { item: { type: "string" } }),
];

/** What the real shop does: the answer, and the state afterwards. */
export function callShop(state: ShopState, user: string, call: ShopCall): { readonly output: Json; readonly state: ShopState } {
  const same = (output: Json): { readonly output: Json; readonly state: ShopState } => ({ output, state });
  const text = (field: string): string => {
    const value = call.input[field];
    return typeof value === "string" ? value : "";
  };
  switch (call.tool) {
    case "get_order": {
      const order = state.orders.get(text("order_id"));
      return same(order === undefined ? { error: "no such order" } : { ...order });
    }
    case "list_my_orders":
      return same([...state.orders].filter(([, order]) => order.user === user).map(([id, order]) => ({ id, status: order.status })));
    case "get_my_profile":
      return same({ name: user, loyalty: user.length > 3 ? "gold" : "silver" });
    case "get_policy":
      return same({ topic: text("topic"), days: text("topic") === "returns" ? 30 : 14 });
    case "get_stock":
      return same({ item: text("item"), left: state.stock.get(text("item")) ?? 0 });
    case "count_open_orders":
      return same({ open: [...state.orders.values()].filter((order) => order.status === "active").length });
    case "cancel_order": {
      const order = state.orders.get(text("order_id"));
      if (order === undefined) return same({ error: "no such order" });
      return {
        output: { cancelled: text("order_id") },
        state: {
          orders: new Map(state.orders).set(text("order_id"), { ...order, status: "cancelled" }),
          stock: restock(state, order.item, 1),
        },
      };
    }
    case "place_order": {
      const id = `ORD-${2000 + state.orders.size}`;
      return {
        output: { placed: id },
        state: {
          orders: new Map(state.orders).set(id, { user, item: text("item"), status: "active" }),
          stock: restock(state, text("item"), -1),
        },
      };
    }
    default:
      return same({ error: "no such tool" });
  }
}

const restock = (state: ShopState, item: string, by: number): ReadonlyMap<string, number> =>
  new Map(state.stock).set(item, (state.stock.get(item) ?? 0) + by);

/** A few calls as a user's agent may make them: own orders only, reads and writes mixed. */
export function someCalls(random: Random, user: string, count: number): readonly ShopCall[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const index = shopUsers.indexOf(user as (typeof shopUsers)[number]);
  const own = [`ORD-${1000 + index * 10}`, `ORD-${1001 + index * 10}`];
  return Array.from({ length: count }, () =>
    pick<() => ShopCall>([
      () => ({ tool: "get_order", input: { order_id: pick(own) } }),
      () => ({ tool: "list_my_orders", input: {} }),
      () => ({ tool: "get_my_profile", input: {} }),
      () => ({ tool: "get_policy", input: { topic: pick(["returns", "shipping"]) } }),
      () => ({ tool: "get_stock", input: { item: pick(items) } }),
      () => ({ tool: "count_open_orders", input: { shop: "all" } }),
      () => ({ tool: "cancel_order", input: { order_id: pick(own) } }),
      () => ({ tool: "place_order", input: { item: pick(items) } }),
    ])(),
  );
}

export interface ShopSession {
  readonly session: Session;
  readonly user: string;
  /** The shop as the session found it. */
  readonly start: ShopState;
}

/** Sessions recorded in the shop, one after the other; each starts from the opened shop, as a test environment does. */
export function recordShop(seed: number, count: number, options: { readonly knownUsers: boolean }): readonly ShopSession[] {
  return Array.from({ length: count }, (_, index) => {
    const random = seededRandom(seed, "shop", String(index));
    const user = shopUsers[Math.floor(random() * shopUsers.length)] ?? "Ada";
    const start = openShop();
    const calls = someCalls(random, user, 3 + Math.floor(random() * 6));
    return { user, start, session: sessionOf({ id: `shop-${index}`, user, calls, start, index, known: options.knownUsers }) };
  });
}

interface Recording {
  readonly id: string;
  readonly user: string;
  readonly calls: readonly ShopCall[];
  readonly start: ShopState;
  readonly index: number;
  readonly known: boolean;
}

function sessionOf({ calls, id, index, known, start, user }: Recording): Session {
  const place = shopUsers.indexOf(user as (typeof shopUsers)[number]);
  const messages: Message[] = [textMessage("user", `Hello, it is about ORD-${1000 + place * 10} and ORD-${1001 + place * 10}.`)];
  const recorded: Call[] = [];
  let state = start;
  for (const [position, call] of calls.entries()) {
    const answered = callShop(state, user, call);
    state = answered.state;
    const request = `call-${position}`;
    messages.push({ role: "assistant", parts: [{ kind: "tool-request", id: request, tool: call.tool, input: call.input }] });
    const at = messages.length - 1;
    recorded.push({ kind: "model", spanId: `m${position}`, provider: "openai", model: "gpt-x", parameters: {}, at, usage: noUsage });
    recorded.push({ kind: "tool", id: request, tool: call.tool, input: call.input, output: answered.output, at });
    messages.push({ role: "tool", parts: [{ kind: "tool-result", id: request, output: answered.output }] });
  }
  messages.push(textMessage("assistant", "Done."));
  recorded.push({
    kind: "model",
    spanId: "last",
    provider: "openai",
    model: "gpt-x",
    parameters: {},
    at: messages.length - 1,
    usage: noUsage,
  });
  const text = "You work in a shop.";
  return {
    id: sessionId(id),
    project: projectId("shop"),
    startedAt: instant(new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString()),
    ...(known ? { user: digestOf(user) } : {}),
    messages,
    calls: recorded,
    instructions: [{ digest: digestOf(text), text }],
    tools: shopTools,
    feedback: [],
    missing: [],
  };
}
