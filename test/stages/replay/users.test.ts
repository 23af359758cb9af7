import { describe, expect, test } from "vitest";
import { readPrompts } from "../../../src/compose.ts";
import { configOf } from "../../../src/domain/agent-config.ts";
import type { Json } from "../../../src/domain/ids.ts";
import { textMessage, textOf } from "../../../src/domain/message.ts";
import type { Replay } from "../../../src/domain/replay.ts";
import { recordedWorld, replay } from "../../../src/stages/replay.ts";
import { userErrors } from "../../../src/stages/replay/simulated-user.ts";
import { requestedSlots, turnFits } from "../../../src/stages/replay/slots.ts";
import { userCard } from "../../../src/stages/replay/user-card.ts";
import { aRuntime } from "../../builders/runtime.ts";
import { aSession } from "../../builders/session-builder.ts";
import { type Answer, scriptedModel } from "../../doubles/scripted-model.ts";

const session = aSession([
  { user: "Please refund my order ORD-12345, I am Ada Lovelace." },
  { agent: "Shall I refund it to your card?" },
  { user: "yes" },
  { agent: "Done." },
]);

describe("what an agent asks for", () => {
  test.each<[string, readonly string[]]>([
    ["Could you give me your email address and zip code?", ["email", "zip", "address"]],
    ["Please provide your order number.", ["order"]],
    ["Shall I go ahead?", ["confirm"]],
    ["Your order will arrive tomorrow.", []],
    ["I sent it to your email address.", []],
  ])("in %j", (text, slots) => {
    expect([...requestedSlots(text)].toSorted()).toEqual([...slots].toSorted());
  });
});

describe("a recorded user turn", () => {
  test.each<[string, { text: string; askedThen: string | undefined }, string, boolean]>([
    ["opens the conversation", { text: "Hi", askedThen: undefined }, "", true],
    ["answers the same question, put in other words", { text: "yes", askedThen: "Shall I?" }, "Would you like me to go ahead?", true],
    ["gives by itself what is asked now", { text: "It is ada@example.com", askedThen: "Who are you?" }, "What is your email?", true],
    ["does not answer another question", { text: "yes", askedThen: "Shall I?" }, "What is your email?", false],
    ["that is a bare yes does not follow a statement", { text: "yes", askedThen: "Shall I?" }, "It was refunded.", false],
    ["follows where nothing is asked", { text: "And the other one?", askedThen: "Done." }, "It was refunded.", true],
  ])("%s", (_what, turn, saidNow, fits) => {
    expect(turnFits(turn, saidNow)).toBe(fits);
  });
});

describe("a user's card", () => {
  test("holds what the user said and where, and nothing else", () => {
    expect(userCard(session)).toEqual({
      goal: "Please refund my order ORD-12345, I am Ada Lovelace.",
      facts: [
        { value: "12345", turn: 0 },
        { value: "ada", turn: 0 },
        { value: "lovelace", turn: 0 },
      ],
      said: ["yes"],
    });
  });
});

describe("an error of the simulated user", () => {
  const said = [textMessage("user", "Refund ORD-12345"), textMessage("assistant", "Shall I refund it to the card ending in 7447?")];
  test.each<[string, { text: string; stop: boolean }, readonly string[]]>([
    ["none: everything was said before", { text: "Yes, to 7447, for order 12345.", stop: false }, []],
    ["a number that nobody said", { text: "Use card 9999.", stop: false }, ["invented-value"]],
    ["a name that nobody said", { text: "I am Grace Hopper.", stop: false }, ["invented-value"]],
    ["stopping instead of confirming", { text: "Yes.", stop: true }, ["stops-while-confirming"]],
    ["speaking as the agent", { text: "How can I help you today?", stop: false }, ["speaks-as-agent"]],
    ["saying the same again", { text: "Refund ORD-12345", stop: false }, ["repeats-itself"]],
    ["saying nothing", { text: " ", stop: false }, ["no-answer"]],
  ])("is found: %s", (_what, turn, errors) => {
    expect(userErrors(turn, session, said)).toEqual(errors);
  });
});

describe("where recorded words do not fit", () => {
  const asksForMore: readonly Answer[] = ["What is your email?", "Shall I refund it?", "Done."];
  const play = async (
    userSays: readonly Answer[] | undefined,
    kept = new Map<string, Json>(),
    agent: readonly Answer[] = asksForMore,
  ): Promise<{ readonly replay: Replay; readonly asked: number }> => {
    const model = scriptedModel(agent);
    const client = scriptedModel(userSays ?? []);
    const said = { get: async (key: string) => kept.get(key), put: async (key: string, turn: Json) => void kept.set(key, turn) };
    const config = configOf(session);
    if (config === undefined) throw new Error("it has one");
    const world = recordedWorld({ session, corpus: [session], effects: {} });
    const user = userSays === undefined ? {} : { user: { client, prompt: readPrompts().user, said } };
    return { replay: await replay({ session, config, world, seed: 1, ...user }, model, aRuntime()), asked: client.requests.length };
  };
  const words = (done: Replay): readonly string[] =>
    done.transcript.filter((message) => message.role === "user").map((message) => textOf(message));
  const json = (text: string, stop = false): string => JSON.stringify({ text, stop });

  test("and nobody speaks for the user, they are given all the same, and counted", async () => {
    const { replay: done } = await play(undefined, new Map(), ["What is your email?", "Done."]);
    expect(done).toMatchObject({ ended: "finished", users: { recorded: 2, unfit: 1, generated: 0 } });
  });

  test("a user model speaks in between, and the recorded words come when they fit", async () => {
    const { replay: done } = await play([json("I don't have one at hand.")]);
    expect(words(done).slice(1)).toEqual(["I don't have one at hand.", "yes"]);
    expect(done).toMatchObject({ ended: "finished", users: { recorded: 2, unfit: 0, generated: 1, errors: {} } });
  });

  test("an invented value is not said: asked again twice, then the replay is inconclusive and the errors are reported", async () => {
    const once = await play([json("It is grace@example.com"), json("I don't know it.")]);
    expect(words(once.replay)).toContain("I don't know it.");
    expect(once.replay.users.errors).toEqual({ "invented-value": 1 });
    const never = await play([json("a1@example.com"), json("b2@example.com"), json("c3@example.com")]);
    expect(never.replay).toMatchObject({ ended: "inconclusive", users: { errors: { "invented-value": 3 } } });
    expect(JSON.stringify(never.replay.transcript)).not.toContain("@example.com");
  });

  test("the other arm hears the same words without asking again", async () => {
    const kept = new Map<string, Json>();
    await play([json("I don't have one at hand.")], kept);
    const second = await play([], kept);
    expect(second.asked).toBe(0);
    expect(words(second.replay)).toContain("I don't have one at hand.");
  });

  test("a user who has nothing left to say ends the conversation", async () => {
    expect((await play([json("Then forget it.", true)])).replay).toMatchObject({ ended: "finished", modelCalls: 1 });
  });

  test("a conversation that leaves the recorded user behind is inconclusive", async () => {
    const stuck = Array.from({ length: 5 }, (): Answer => "What is your email?");
    const { replay: done } = await play([json("I don't know."), json("No idea."), json("I cannot say.")], new Map(), stuck);
    expect(done).toMatchObject({ ended: "inconclusive", users: { generated: 3 } });
  });
});
