import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import type { AgentSource, Located } from "../../../src/domain/source.ts";
import type { Session } from "../../../src/domain/session.ts";
import { locate } from "../../../src/stages/locate.ts";
import { aSession, type SessionParts, type Step } from "../../builders/session-builder.ts";

const shipped = (name: string): string => readFileSync(new URL(`../../../examples/support-agent/${name}`, import.meta.url), "utf8");
const system = shipped("prompts/system.md");

async function find(files: Readonly<Record<string, string>>, sessions: readonly Session[]): Promise<Located> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files }).open("HEAD");
  return locate({ sessions, checkout });
}
const sources = (located: Located): readonly AgentSource[] => (located.result === "found" ? located.sources : []);
const examples = (located: Located): readonly AgentSource[] => sources(located).filter(({ kind }) => kind === "few-shot");

describe("examples that are sent as messages", () => {
  const question = "My parcel says delivered but there is nothing at my door, what happens now?";
  const answer = "I am sorry about that. I will first look up the order, then ask the carrier for its proof of delivery.";
  const files = {
    "prompts/system.md": system,
    "prompts/examples.yaml": `- role: user\n  text: ${JSON.stringify(question)}\n- role: assistant\n  text: ${JSON.stringify(answer)}\n`,
    "docs/notes.md": "Nothing of it here.\n",
  };
  const begun = (own: string, id: string, start: readonly Step[] = [{ user: question }, { agent: answer }]): Session =>
    aSession([...start, { user: own }, { agent: "Done." }], { id, instructions: system });

  test("are found at their lines, and named as places that no replay can test", async () => {
    const located = await find(files, [begun("Where is my order?", "s1"), begun("I want my money back.", "s2")]);
    expect(
      examples(located)
        .map(({ lines, path }) => `${path}:${lines.first}`)
        .toSorted(),
    ).toEqual(["prompts/examples.yaml:2", "prompts/examples.yaml:4"]);
    expect(
      examples(located).every(({ readOnly }) => readOnly?.includes("replays begin with the messages as they were recorded") === true),
    ).toBe(true);
  });

  test("are no examples where users only happen to say the same, or where one session is all there is", async () => {
    const opening: Step[] = [{ user: question }];
    expect(examples(await find(files, [begun("a", "s1", opening), begun("b", "s2", opening)]))).toEqual([]);
    expect(examples(await find(files, [begun("Where is my order?", "s1")]))).toEqual([]);
  });
});

describe("tools of an agent whose prompt stands in no file", () => {
  const described = (name: string, description: string) => ({ name, description, parameters: { type: "object", properties: {} } });
  const refund = described("issue_refund", "Refunds the amount of an item to the way it was paid. The refund cannot be taken back.");
  const order = described("get_order", "Gets an order with its items, prices, delivery status and the way it was paid.");
  const hub = "This prompt comes from a hub of prompts, and so no file of this repository has ever held a single word of it at all.";
  const asked = (parts: SessionParts): readonly Session[] => [
    aSession([{ user: "hi" }, { agent: "hello" }], { instructions: hub, ...parts }),
  ];
  const files = {
    "tools.json": JSON.stringify([refund, order], undefined, 2),
    "README.md": "# Shop\n\nIt helps customers.\n",
  };

  test("are found, and the answer says that the prompt is not", async () => {
    const located = await find(files, asked({ tools: [refund, order] }));
    expect(sources(located).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      "tool-description issue_refund",
      "tool-description get_order",
    ]);
    expect(located).toMatchObject({ residue: 1, notes: [expect.stringContaining("only tools and settings were found")] });
  });

  test("are not claimed in a repository that has only one of several", async () => {
    const others = ["a", "b", "c"].map((name) => described(`other_${name}`, `Does something else entirely that is called ${name} here.`));
    expect(await find(files, asked({ tools: [refund, ...others] }))).toMatchObject({ result: "absent" });
  });
});
