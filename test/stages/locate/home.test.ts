import { expect, test } from "vitest";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import type { Located } from "../../../src/domain/source.ts";
import { locate } from "../../../src/stages/locate.ts";
import { aSession } from "../../builders/session-builder.ts";

async function find(files: Readonly<Record<string, string>>, instructions: string): Promise<Located> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files }).open("HEAD");
  return locate({ sessions: [aSession([{ user: "hi" }, { agent: "hello" }], { instructions })], checkout });
}

const words = (count: number, from: string): string =>
  Array.from({ length: count }, (_, index) => `${from}${(index * 7919) % 997}`).join(" ");
const sentences = (topic: string, count: number): readonly string[] =>
  Array.from(
    { length: count },
    (_, index) => `When the ${topic}${index} comes up, first read note${index} of ${topic} and then tell the person about step${index}.`,
  );

test("a template whose recorded text is mostly data is found after some of its lines have changed", async () => {
  const rules = sentences("refund", 8);
  const template = [...rules.slice(0, 4), "The case: {case}", ...rules.slice(4)].join("\n");
  const changed = rules.map((line, index) =>
    index === 2 || index === 6 ? `Another rule ${index} was written since then about ${words(6, "x")}.` : line,
  );
  const recorded = [...changed.slice(0, 4), `The case: ${words(900, "data")}`, ...changed.slice(4)].join("\n");
  const located = await find({ "prompts/case.md": template, "README.md": "# Cases\n" }, recorded);
  expect(located).toMatchObject({ result: "found", sources: [{ path: "prompts/case.md" }] });
});

test("another version of a text, with words of its own, is not the prompt's home", async () => {
  const rules = sentences("refund", 16);
  const version = rules.map((line, index) => (index % 5 < 2 ? `Elsewhere they say ${words(20, `own${index}`)}.` : line)).join("\n");
  expect((await find({ "prompts/case.md": version }, rules.join("\n"))).result).toBe("unsure");
});

test("a text that ends before its two possible files differ is unsure, however much of them it shows", async () => {
  const begin = sentences("order", 12).join("\n");
  const files = {
    "a/agent.md": `${begin}\n${sentences("north", 4).join("\n")}\n`,
    "b/agent.md": `${begin}\n${sentences("south", 4).join("\n")}\n`,
  };
  const located = await find(files, begin);
  expect(located.result === "unsure" && located.candidates.map(({ path }) => path).toSorted()).toEqual(["a/agent.md", "b/agent.md"]);
});

test("a tool's documentation that stands in another project too does not make this one the prompt's home", async () => {
  const documentation = sentences("editor", 12).join(" ");
  const framework = words(400, "framework");
  const recorded = `${framework}\n${documentation}\n${words(200, "more")}`;
  const asTool = `tools:\n  str_replace_editor:\n    docstring: >\n      ${documentation}\n`;
  expect((await find({ "tools/edit/config.yaml": asTool }, recorded)).result).toBe("unsure");
  expect((await find({ "agent/config.yaml": `system: >\n  ${documentation}\n` }, recorded)).result).toBe("found");
});

test("a text that another project took over and wrote its own words into is not that project's home, unless it goes on there", async () => {
  const rules = sentences("refund", 30);
  const files = { "prompts/rules.md": `${rules.join("\n")}\n{context}\n` };
  const own = (count: number): string => words(count, "own");
  const takenOver = [...rules.slice(0, 10), own(300), ...rules.slice(10, 20), own(300), ...rules.slice(20), own(900)].join("\n");
  expect((await find(files, takenOver)).result).toBe("unsure");
  const goesOn = [...rules, own(1500)].join("\n");
  expect((await find(files, goesOn)).result).toBe("found");
});
