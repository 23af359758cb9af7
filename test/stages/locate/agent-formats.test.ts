import { expect, test } from "vitest";
import { astGrepLiterals } from "../../../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import type { AgentSource } from "../../../src/domain/source.ts";
import { locate } from "../../../src/stages/locate.ts";
import { aSession, type SessionParts } from "../../builders/session-builder.ts";

const literals = astGrepLiterals();

async function sourcesOf(
  files: Readonly<Record<string, string>>,
  instructions: string,
  parts: SessionParts = {},
): Promise<readonly AgentSource[]> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files }).open("HEAD");
  const located = await locate(
    { sessions: [aSession([{ user: "hi" }, { agent: "hello" }], { instructions, ...parts })], checkout },
    { literals },
  );
  return located.result === "found" ? located.sources : [];
}
const places = (sources: readonly AgentSource[]): readonly string[] =>
  sources.map(({ kind, lines, path, readOnly, subject }) =>
    `${kind} ${path}:${lines.first} ${subject ?? ""}${readOnly === undefined ? "" : "read only"}`.trim(),
  );

const task =
  "Decide for every ticket which of the four teams should answer it, name the team first, give the reason in one sentence, and never promise a date to the customer.";

test("a DSPy signature's documentation string is the prompt's home, whatever the adapter writes around it", async () => {
  const program = `import dspy\n\nclass Route(dspy.Signature):\n    """${task}"""\n\n    ticket: str = dspy.InputField()\n    team: str = dspy.OutputField()\n`;
  const recorded = `Your input fields are: ticket. Your output fields are: team.\nIn adhering to this structure, your objective is: ${task}`;
  expect(places(await sourcesOf({ "app/route.py": program, "README.md": "# Routing\n" }, recorded))).toEqual([
    "system-prompt app/route.py:4",
  ]);
});

test("a saved DSPy program's instructions are found where they stand in its JSON", async () => {
  const saved = { route: { signature: { instructions: task, fields: [] }, demos: [] } };
  expect(places(await sourcesOf({ "programs/route.json": JSON.stringify(saved, undefined, 2) }, task))).toEqual([
    "system-prompt programs/route.json:4",
  ]);
});

test("a Semantic Kernel prompt is found with the settings beside it", async () => {
  const config = { schema: 1, description: "Routes", execution_settings: { default: { max_tokens: 900, temperature: 0.3 } } };
  const files = {
    "plugins/Desk/Route/skprompt.txt": `${task}\n\n{{$input}}\n`,
    "plugins/Desk/Route/config.json": JSON.stringify(config, undefined, 2),
  };
  expect(places(await sourcesOf(files, `${task}\n\nMy parcel is lost.`, { parameters: { temperature: 0.3 } }))).toEqual([
    "system-prompt plugins/Desk/Route/skprompt.txt:1",
    "parameter plugins/Desk/Route/config.json:7 temperature",
  ]);
});

test("a Semantic Kernel YAML prompt is found, and so is one in a C# raw string and in a Java text block", async () => {
  const yaml = `name: Route\ntemplate_format: handlebars\ntemplate: |\n  ${task}\nexecution_settings:\n  default:\n    temperature: 0.3\n`;
  expect(places(await sourcesOf({ "Route.yaml": yaml }, task, { parameters: { temperature: 0.3 } }))).toEqual([
    "system-prompt Route.yaml:4",
    "parameter Route.yaml:7 temperature",
  ]);
  const quotes = '"""';
  const csharp = `class Desk\n{\n    const string Prompt = ${quotes}\n        ${task}\n        ${quotes};\n}\n`;
  expect(places(await sourcesOf({ "Desk.cs": csharp }, task))).toEqual(["system-prompt Desk.cs:3"]);
  const java = `class Desk {\n  static final String PROMPT = ${quotes}\n      ${task}\n      ${quotes};\n}\n`;
  expect(places(await sourcesOf({ "Desk.java": java }, task))).toEqual(["system-prompt Desk.java:2"]);
});
