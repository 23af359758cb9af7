import { describe, expect, test } from "vitest";
import { recordSessions } from "../../src/simulator/record-sessions.ts";
import { planSessions } from "../../src/simulator/session-plan.ts";
import { readBack } from "../../src/simulator/templates.ts";
import { isGood, rulesOf, scenarioNames, sessionsOf, share, shippedScenario } from "./scenario-sessions.ts";

const scenario = shippedScenario("missing-step");

interface WireSpan {
  readonly name: string;
  readonly kind: number;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events?: WireSpan[];
}
interface WireRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[] }[];
}

const first = (): readonly WireSpan[] => {
  const [line = ""] = recordSessions(scenario, { seed: 1, count: 1 });
  return (JSON.parse(line) as WireRequest).resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
};
const facts = (span: Pick<WireSpan, "attributes"> | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));

describe("recorded sessions", () => {
  test("are the same for a seed, and others for another", () => {
    const lines = (seed: number): readonly string[] => [...recordSessions(scenario, { seed, count: 20 })];
    expect(lines(1)).toEqual(lines(1));
    expect(lines(2)).not.toEqual(lines(1));
  });

  test("belong to many users, none of whom comes more than twice", () => {
    const visits = new Map<string, number>();
    for (const { user } of planSessions(scenario, 1)) visits.set(user, (visits.get(user) ?? 0) + 1);
    expect([visits.size, Math.max(...visits.values())]).toEqual([520, 2]);
  });

  test("are written in the GenAI conventions: one agent span with the model and tool calls below it, in the order of time", () => {
    const [root, ...rest] = first();
    expect(root?.name).toBe("invoke_agent support-agent");
    expect(facts(root)).toMatchObject({
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.name": "support-agent",
      "gen_ai.conversation.id": expect.stringMatching(/-0001$/),
      "user.id": "user-1",
    });
    expect(rest.every((span) => span.parentSpanId === root?.spanId)).toBe(true);
    expect(new Set(rest.map((span) => span.name.split(" ")[0]))).toEqual(new Set(["chat", "execute_tool"]));
    expect(rest.every((span) => BigInt(span.endTimeUnixNano) > BigInt(span.startTimeUnixNano))).toBe(true);
    expect(rest.slice(1).map((span) => span.startTimeUnixNano)).toEqual(rest.slice(0, -1).map((span) => span.endTimeUnixNano));
  });

  test("carry what was sent and what came back, with the prompt's variables filled in", () => {
    const chat = facts(first().find((span) => span.name === "chat simulated-support-1"));
    expect(chat).toMatchObject({
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": "simulated-support-1",
      "gen_ai.request.temperature": 0.3,
      "gen_ai.request.max_tokens": "800",
      "gen_ai.usage.input_tokens": expect.stringMatching(/^\d+$/),
      "gen_ai.usage.cache_creation.input_tokens": expect.stringMatching(/^\d+$/),
    });
    expect(JSON.parse(String(chat["gen_ai.system_instructions"]))).toEqual([
      { type: "text", content: expect.stringContaining("support agent of Nordlicht") },
    ]);
    expect(String(chat["gen_ai.system_instructions"])).not.toContain("{{");
    expect(JSON.parse(String(chat["gen_ai.input.messages"]))).toEqual([
      { role: "user", parts: [{ type: "text", content: expect.any(String) }] },
    ]);
    expect(JSON.parse(String(chat["gen_ai.output.messages"]))).toEqual([
      { role: "assistant", parts: [expect.objectContaining({ type: "tool_call", id: "call_1" })], finish_reason: "tool_call" },
    ]);
    expect(JSON.parse(String(chat["gen_ai.tool.definitions"]))).toContainEqual(
      expect.objectContaining({
        type: "function",
        name: "get_return_policy",
        description: expect.any(String),
        parameters: expect.any(Object),
      }),
    );
    const tool = facts(first().find((span) => span.name.startsWith("execute_tool")));
    expect(tool).toMatchObject({ "gen_ai.tool.type": "function", "gen_ai.tool.call.id": "call_1" });
    expect(Object.keys(tool)).toEqual(
      expect.arrayContaining(["gen_ai.tool.name", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"]),
    );
  });

  test("carry the label that an evaluator gave them, as an event of the agent's span", () => {
    const event = first()[0]?.events?.[0];
    expect(event?.name).toBe("gen_ai.evaluation.result");
    expect(facts(event)).toMatchObject({
      "gen_ai.evaluation.name": expect.any(String),
      "gen_ai.evaluation.score.label": expect.stringMatching(/^(pass|fail)$/),
    });
  });

  test("are read by the product without a problem, whole conversations with nothing missing", async () => {
    const sessions = await sessionsOf(scenario, { seed: 1, count: 40 });
    expect(sessions).toHaveLength(40);
    expect(sessions.flatMap((session) => session.missing)).toEqual([]);
    expect(sessions.every((session) => session.messages.at(-1)?.role === "assistant")).toBe(true);
  });

  test.each(scenarioNames)("of %s fail in about a third, and the operator's rules say of each what its label says", async (name) => {
    const own = shippedScenario(name);
    const rules = rulesOf(own);
    const sessions = await sessionsOf(own, { seed: 3, count: 50 });
    const disagreeing = sessions.filter((session) => isGood(rules, session) !== session.feedback.every((one) => one.label === "pass"));
    expect(disagreeing.map((session) => session.id)).toEqual([]);
    const failing = share(sessions, (session) => !isGood(rules, session));
    expect(failing).toBeGreaterThan(0.2);
    expect(failing).toBeLessThan(0.45);
  });

  test("can be read back from the user's first words alone: nothing is passed to the model behind its back", () => {
    for (const session of planSessions(scenario, 3, 100)) {
      const found = session.kind.opening.map((opening) => readBack(opening, session.turns[0] ?? "")).find((values) => values !== undefined);
      for (const [name, value] of Object.entries(found ?? { none: "" })) expect(String(session.values[name])).toBe(value);
    }
  });
});

describe("reading values back", () => {
  test("finds the shortest that fit, also where a separator stands in a value", () => {
    expect(readBack("{street} {number} in {city}", "Via Roma 7 in Sesto in Val")).toEqual({
      street: "Via",
      number: "Roma 7",
      city: "Sesto in Val",
    });
    expect(readBack("{a}, please: {b}.", "x, please: y.")).toEqual({ a: "x", b: "y" });
    expect(readBack("{a}, please.", "x, thanks.")).toBeUndefined();
    expect(readBack("no slots", "no slots")).toEqual({});
  });

  test("takes no longer on words that are made to be slow", () => {
    expect(readBack("{a} {b} {c} {d} {e} {f}!", `${"x ".repeat(2000)}?`)).toBeUndefined();
  });
});
