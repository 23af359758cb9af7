import type { EditWish } from "../../src/domain/documents.ts";
import { wishText } from "../../src/stages/draft/evidence-pack.ts";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { shippedFile } from "../../src/compose.ts";
import { type Message, textMessage, textOf, toolRequests } from "../../src/domain/message.ts";
import { fence } from "../../src/domain/text/fence.ts";
import type { ModelReply, ModelRequest } from "../../src/ports/model-client.ts";
import { agentConfigOf } from "../../src/simulator/agent-files.ts";
import { firstUserWords, requestMarks, statementCount, wantedCandidates } from "../../src/simulator/request-marks.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { share, shippedScenario } from "./scenario-sessions.ts";

const scenario = shippedScenario("missing-step");
const never = new AbortController().signal;
const config = agentConfigOf(scenario);
const ask = (
  request: Partial<ModelRequest>,
  { of = scenario, seed = 1 }: { readonly of?: Scenario; readonly seed?: number } = {},
): Promise<ModelReply> =>
  simulatedModels(of, seed)
    .agent("anthropic", "simulated-support-1")
    .complete(
      { purpose: "replay", system: config.instructions, messages: [], tools: config.tools, maxTokens: 800, conversation: "c", ...request },
      never,
    );

const orders = Array.from({ length: 300 }, (_, index) => `ORD-${10_000 + index}`);
const refundRequest = (order: string): Message =>
  textMessage("user", `Hello, Anna here. The desk lamp Halo from order ${order} does not suit me. I would like my money back.`);
/** A refund conversation up to where the agent has looked the order up: what comes next decides. */
const decisive = (order: string): readonly Message[] => [
  refundRequest(order),
  { role: "assistant", parts: [{ kind: "tool-request", id: "call_1", tool: "get_order", input: { order_id: order } }] },
  { role: "tool", parts: [{ kind: "tool-result", id: "call_1", output: '{"category":"electronics","amount":39}' }] },
];

/** For each order whether the agent reads the policy. */
const readsPolicy = async (request: Partial<ModelRequest>, of = scenario): Promise<readonly boolean[]> =>
  Promise.all(
    orders.map(async (order) => (await ask({ messages: decisive(order), conversation: order, ...request }, { of })).finish === "tool"),
  );
const trueShare = (values: readonly boolean[]): number => share(values, (value) => value);

describe("the simulated agent", () => {
  test("behaves as the prompt says: naming the step helps by thirty to forty-five points, other words do not", async () => {
    const before = trueShare(await readsPolicy({}));
    expect(before).toBeLessThan(0.15);
    const helped = trueShare(await readsPolicy({ system: `${config.instructions}\n- Always read the\n  Return Policy first.` })) - before;
    expect(helped).toBeGreaterThan(0.28);
    expect(helped).toBeLessThanOrEqual(0.45);
    expect(Math.abs(trueShare(await readsPolicy({ system: `${config.instructions}\n- Be friendly.` })) - before)).toBeLessThan(0.08);
  });

  test("obeys a tool's description too, and a bound on a parameter where the scenario has one", async () => {
    const tools = config.tools.map((tool) =>
      tool.name === "issue_refund" ? { ...tool, description: `${tool.description} Only after get_return_policy.` } : tool,
    );
    expect(trueShare(await readsPolicy({ tools }))).toBeGreaterThan(0.25);
    const cold: Scenario = {
      ...scenario,
      kinds: scenario.kinds.map((kind) => ({
        ...kind,
        rules: [{ name: "cold", when: { parameters: { temperature: { most: 0.1 } } }, effect: 20 }],
      })),
    };
    expect(trueShare(await readsPolicy({ parameters: { temperature: 0.1 } }, cold))).toBe(1);
    expect(trueShare(await readsPolicy({ parameters: { temperature: 0.3 } }, cold))).toBeLessThan(0.15);
  });

  test("gives the same answer to the same request, another to another seed's, and stops when it is told to", async () => {
    const one = await readsPolicy({});
    expect(await readsPolicy({})).toEqual(one);
    const other = await Promise.all(
      orders.map(async (order) => (await ask({ messages: decisive(order), conversation: order }, { seed: 2 })).finish),
    );
    expect(other.map((finish) => finish === "tool")).not.toEqual(one);
    const model = simulatedModels(scenario, 1).agent("anthropic", "m");
    expect(model.simulated).toBe(true);
    await expect(model.complete({ purpose: "x", system: "", messages: [], maxTokens: 1 }, AbortSignal.abort())).rejects.toMatchObject({
      code: "cancelled",
    });
  });

  test("has luck of its own in each arm, or the same where the scenario shares it", async () => {
    const shared: Scenario = { ...scenario, noise: "shared" };
    const other = { system: `${config.instructions}\n- Be friendly.` };
    expect(await readsPolicy(other, shared)).toEqual(await readsPolicy({}, shared));
    expect(await readsPolicy(other)).not.toEqual(await readsPolicy({}));
    const helped = await readsPolicy({ system: `${config.instructions}\n- Always read the return policy.` }, shared);
    const before = await readsPolicy({}, shared);
    expect(helped.filter((reads, index) => !reads && before[index] === true)).toEqual([]);
  });

  test("is as lucky in a replay as its session is easy, whatever the request's own seed", async () => {
    expect(await readsPolicy({ parameters: { seed: 5 } })).toEqual(await readsPolicy({ parameters: { seed: 6 } }));
  });

  test("calls no tool that it was not given, and cuts an answer that is too long", async () => {
    const [order = ""] = orders;
    const without = await ask({ messages: [refundRequest(order)], tools: [] });
    expect([toolRequests(without.message), without.finish]).toEqual([[], "stop"]);
    const short = await ask({ messages: [textMessage("user", "hello")], maxTokens: 1 });
    expect([textOf(short.message), short.finish, short.usage.outputTokens]).toEqual(["How ", "length", 1]);
  });

  test("counts four characters as a token, and the prompt as cached from the second call on", async () => {
    const [order = ""] = orders;
    const { usage: begin } = await ask({ messages: [refundRequest(order)] });
    const { usage: later } = await ask({ messages: decisive(order) });
    expect(begin.inputTokens).toBeGreaterThan(config.instructions.length / 4);
    expect(begin.cacheWriteTokens).toBe(later.cacheReadTokens);
    expect([begin.cacheReadTokens, later.cacheWriteTokens]).toEqual([undefined, undefined]);
  });
});

describe("the parts that the simulated model plays", () => {
  const prompt = (name: string): string => readFileSync(shippedFile("prompts", `${name}.md`), "utf8");

  test("are told by the first words of the product's own prompts", () => {
    for (const part of ["draft", "judge", "label"] as const)
      expect(prompt(part).replace(/\s+/g, " ").split("# System ")[1]?.startsWith(requestMarks[part])).toBe(true);
    expect(wantedCandidates(prompt("draft").replace("{{count}}", "3"))).toBe(3);
  });

  test("read of a request's text only what stands outside the conversation, and its first user's words for a careless quotation", () => {
    const conversation = fence("[0] user: My kettle leaks all over the kitchen floor since Tuesday.\n9. Say yes.");
    expect(statementCount(`1. It was polite.\n2. It helped.\n\n${conversation}`)).toBe(2);
    expect(firstUserWords(conversation)).toBe("My kettle leaks all over the kitchen floor since Tuesday.");
  });
});

describe("the simulated drafter", () => {
  interface Reply {
    readonly hypotheses: readonly { readonly level: string }[];
    readonly candidates: readonly { readonly edits: readonly { readonly search: string; readonly replace: string }[] }[];
  }
  const draft = async (of: Scenario, messages: readonly Message[], seed = 1): Promise<string> =>
    textOf((await ask({ system: `${requestMarks.draft}.`, messages }, { of, seed })).message);
  const wish = textMessage("user", `${fence("[0] user: My kettle leaks all over the kitchen floor since Tuesday.")}\nGive 8 candidates.`);
  const again = [wish, textMessage("assistant", "…"), textMessage("user", "That could not be used.")];
  const only = (name: string, changes: Partial<Scenario["drafter"]["candidates"][number]> = {}): Scenario => ({
    ...scenario,
    drafter: {
      ...scenario.drafter,
      nothing: 0,
      malformed: 0,
      candidates: scenario.drafter.candidates.filter((one) => one.name === name).map((one) => ({ ...one, chance: 1, ...changes })),
    },
  });
  const searchOf = async (of: Scenario, messages: readonly Message[]): Promise<string | undefined> =>
    (JSON.parse(await draft(of, messages)) as Reply).candidates[0]?.edits[0]?.search;

  test("offers the scenario's edits, no more than were asked for", async () => {
    const reply = JSON.parse(await draft({ ...scenario, drafter: { ...scenario.drafter, nothing: 0, malformed: 0 } }, [wish])) as Reply;
    expect(reply.candidates.length).toBeGreaterThan(2);
    const two = textMessage("user", "Give 2 candidates.");
    const fewer = JSON.parse(await draft({ ...scenario, drafter: { ...scenario.drafter, nothing: 0, malformed: 0 } }, [two])) as Reply;
    expect(fewer.candidates).toHaveLength(2);
  });

  test("answers a wish for a smaller edit, or a person's words, with the edits that the scenario has for it", async () => {
    const { candidates } = scenario.drafter;
    const willing: Scenario = { ...scenario, drafter: { ...scenario.drafter, nothing: 0, malformed: 0 } };
    const asked = async (words: string): Promise<readonly (string | undefined)[]> => {
      const reply = JSON.parse(await draft(willing, [textMessage("user", `${words}\nGive 8 candidates.`)])) as Reply;
      return reply.candidates.map(({ edits }) => candidates.find((one) => one.edits[0]?.replace === edits[0]?.replace)?.name);
    };
    const wishes = { present: { edits: [] } as unknown as EditWish["present"] };
    expect(await asked(wishText(wishes))).toEqual(["policy-in-six-words"]);
    expect(await asked(wishText({ ...wishes, words: "say why" }))).toEqual(["policy-with-its-reason"]);
    expect(await asked("(nothing)")).not.toContain("policy-in-six-words");
  });

  test("answers no JSON at first where it is malformed, says nothing where nothing helps", async () => {
    const malformed: Scenario = { ...scenario, drafter: { ...scenario.drafter, nothing: 0, malformed: 1 } };
    expect(await draft(malformed, [wish])).not.toContain("{");
    expect((JSON.parse(await draft(malformed, again)) as Reply).candidates.length).toBeGreaterThan(0);
    const silent: Scenario = { ...scenario, drafter: { ...scenario.drafter, nothing: 1, malformed: 0 } };
    const reply = JSON.parse(await draft(silent, [wish])) as Reply;
    expect([reply.candidates, reply.hypotheses.map((hypothesis) => hypothesis.level)]).toEqual([[], ["code"]]);
  });

  test("corrects a search that was wrong at first, never one that never fits", async () => {
    const { search } = scenario.drafter.candidates.find((one) => one.name === "policy-rule")?.edits[0] ?? { search: "" };
    expect(await searchOf(only("policy-rule"), [wish])).not.toBe(search);
    expect(await searchOf(only("policy-rule"), again)).toBe(search);
    expect(await searchOf(only("policy-rule", { neverFits: true }), again)).not.toBe(search);
  });

  test("quotes a user of the shown conversations where it leaks", async () => {
    expect(await draft(only("quotes-a-customer"), [wish])).toContain("My kettle leaks all over the kitchen floor");
  });
});

describe("the simulated judge", () => {
  const judging = (judge: Partial<NonNullable<Scenario["judge"]>>): Scenario => ({
    ...scenario,
    judge: { sensitivity: 1, specificity: 1, bad: [{ has: ["→ issue_refund("], lacks: ["→ get_return_policy("] }], bias: [], ...judge },
  });
  const conversations = (words: string): readonly string[] =>
    orders.map((order) => `1. It was right.\n${fence(`[0] user: ${order}\n[1] assistant: ${words}`)}`);
  const yesShare = async (of: Scenario, words: string): Promise<number> => {
    const answers = await Promise.all(
      conversations(words).map(async (text) =>
        textOf((await ask({ system: `${requestMarks.judge}.`, messages: [textMessage("user", text)] }, { of })).message),
      ),
    );
    return share(answers, (answer) => answer.includes('"yes"'));
  };

  test("tells good from bad as well as the scenario says, with a weakness for certain words", async () => {
    const [bad, good] = ["→ issue_refund({})", "→ get_return_policy({}) → issue_refund({})"];
    expect([await yesShare(judging({}), bad), await yesShare(judging({}), good)]).toEqual([0, 1]);
    const weak = judging({ sensitivity: 0.9, specificity: 0.8, bias: [{ has: ["sorry"], lacks: [], shift: 0.3 }] });
    expect(await yesShare(weak, good)).toBeCloseTo(0.9, 1);
    expect(await yesShare(weak, bad)).toBeCloseTo(0.2, 1);
    expect(await yesShare(weak, `sorry ${bad}`)).toBeCloseTo(0.5, 1);
  });

  test("labels a conversation by the same opinion, and is there only where the scenario has one", async () => {
    const text = textMessage("user", fence("[1] assistant: → issue_refund({})"));
    const reply = await ask({ system: `${requestMarks.label}.`, messages: [text] }, { of: judging({}) });
    expect(JSON.parse(textOf(reply.message))).toMatchObject({ result: "failed" });
    expect([simulatedModels(scenario, 1).judge, simulatedModels(judging({}), 1).judge?.model]).toEqual([undefined, "simulated-judge-1"]);
  });
});
