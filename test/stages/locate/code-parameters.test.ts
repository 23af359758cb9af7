import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { astGrepLiterals } from "../../../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import { locate } from "../../../src/stages/locate.ts";
import { aSession, type SessionParts } from "../../builders/session-builder.ts";

const wiki = readFileSync(new URL("../../fixtures/tau-bench/wiki.md", import.meta.url), "utf8");
const literals = astGrepLiterals();

async function find(
  files: Readonly<Record<string, string>>,
  parameters: SessionParts["parameters"],
  model: string,
): Promise<readonly string[]> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files: { "agent/wiki.md": wiki, ...files } }).open(
    "HEAD",
  );
  const session = aSession([{ user: "hi" }, { agent: "hello" }], { instructions: wiki, parameters: parameters ?? {} });
  const calls = session.calls.map((call) => (call.kind === "model" ? { ...call, model } : call));
  const located = await locate({ sessions: [{ ...session, calls }], checkout }, { literals });
  return located.result === "found"
    ? located.sources
        .filter(({ kind }) => kind === "parameter" || kind === "loop-limit")
        .map(
          ({ kind, path, readOnly, subject, text }) => `${kind} ${path} ${subject} ${text}${readOnly === undefined ? "" : " (named only)"}`,
        )
    : [];
}

describe("a setting that a program gives the recorded request", () => {
  test("is found in Python beside the file that it reads the prompt from", async () => {
    const text = `PROMPT = open("agent/wiki.md").read()\nagent = Agent(prompt=PROMPT, model="gpt-4o", temperature=0.2, max_turns=12)\n`;
    expect(await find({ "run.py": text }, { temperature: 0.2 }, "gpt-4o")).toEqual([
      "parameter run.py temperature 0.2",
      "loop-limit run.py max_turns 12",
      "parameter run.py model gpt-4o",
    ]);
  });

  test("is found in TypeScript, with the call that makes the model", async () => {
    const text = `const system = read("agent/wiki.md");\nexport const run = () => generateText({ model: openai("gpt-4o"), maxOutputTokens: 800, system });\n`;
    expect(await find({ "src/run.ts": text }, { max_tokens: 800 }, "gpt-4o")).toEqual([
      "parameter src/run.ts max_tokens 800",
      "parameter src/run.ts model gpt-4o",
    ]);
  });

  test("is named only where it is a number that could be read in two ways, or of a language that tells kinds of numbers apart", async () => {
    const text = `read("agent/wiki.md")\nrun(temperature=0.2, max_tokens=1_000)\n`;
    expect(await find({ "run.py": text }, { temperature: 0.2, max_tokens: 1000 }, "gpt-4o")).toEqual([
      "parameter run.py temperature 0.2",
      "parameter run.py max_tokens 1_000 (named only)",
    ]);
    const java = `class A { void a() { read("agent/wiki.md"); double temperature = 0.2; } }\n`;
    expect(await find({ "A.java": java }, { temperature: 0.2 }, "gpt-4o")).toEqual(["parameter A.java temperature 0.2 (named only)"]);
  });

  test.each([
    ["has another value", `read("agent/wiki.md")\nrun(model="gpt-4o-mini", temperature=0.7)\n`],
    ["stands in a file that has nothing to do with the prompt", `run(model="gpt-4o", temperature=0.2)\n`],
    ["stands there twice", `read("agent/wiki.md")\nrun(model="gpt-4o")\nother(model="gpt-4o")\n`],
  ])("is not claimed where it %s", async (_what, text) => {
    expect(await find({ "run.py": text }, { temperature: 0.2 }, "gpt-4o")).toEqual([]);
  });

  test("is left to the document that sets it", async () => {
    const text = `read("agent/wiki.md")\nrun(temperature=0.2)\n`;
    expect(await find({ "run.py": text, "agent/settings.yaml": "temperature: 0.2\n" }, { temperature: 0.2 }, "gpt-4o")).toEqual([
      "parameter agent/settings.yaml temperature 0.2",
    ]);
  });
});
