import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { memoryWorkspace } from "../../src/adapters/memory-workspace/memory-workspace.ts";
import type { AgentSource, Located } from "../../src/domain/source.ts";
import type { Session } from "../../src/domain/session.ts";
import { locate, RepositoryIndex } from "../../src/stages/locate.ts";
import { aSession, type SessionParts } from "../builders/session-builder.ts";

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
const shipped = (name: string): string => readFileSync(new URL(`../../examples/support-agent/${name}`, import.meta.url), "utf8");
const wiki = fixture("tau-bench/wiki.md");
const system = shipped("prompts/system.md");

async function find(
  files: Readonly<Record<string, string>>,
  instructions: string | readonly string[],
  parts: SessionParts = {},
): Promise<Located> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files }).open("HEAD");
  const sessions: readonly Session[] = [instructions]
    .flat()
    .map((text, index) => aSession([{ user: "hi" }, { agent: "hello" }], { id: `s${index}`, instructions: text, ...parts }));
  return locate({ sessions, checkout });
}
const sources = (located: Located): readonly AgentSource[] => (located.result === "found" ? located.sources : []);
const places = (located: Located): readonly string[] =>
  sources(located).map((source) => `${source.kind} ${source.path}:${source.lines.first}-${source.lines.last}`);

const rendered = (name: string): string => system.replaceAll("{{company}}", name).replaceAll("{{today}}", "2026-01-12");

describe("a recorded prompt", () => {
  test("that is a file word for word is found with all its lines, and nothing else is claimed for it", async () => {
    const located = await find(
      { "agents/wiki.md": wiki, "README.md": "# The agent\n\nIt answers questions about flights.\n", "tools.json": "[]" },
      wiki,
    );
    expect(places(located)).toEqual(["system-prompt agents/wiki.md:1-70"]);
    expect(sources(located)[0]?.match).toEqual({ method: "exact", score: 1 });
  });

  test("that was rendered from a template is found, over several renderings", async () => {
    const located = await find({ "prompts/system.md": system, "src/agent.py": shipped("src/agent.py") }, [
      rendered("Nordlicht"),
      rendered("Acme Trading and Sons International"),
    ]);
    expect(places(located)).toEqual(["system-prompt prompts/system.md:1-40"]);
    expect(sources(located)[0]?.match.method).toBe("template");
  });

  test("that has drifted since is found still", async () => {
    const drifted = wiki
      .split("\n")
      .map((line, index) => (index % 7 === 3 ? `${line} And please always mention number ${index}.` : line))
      .join("\n");
    expect(places(await find({ "wiki.md": drifted, "other.md": system }, wiki))).toEqual(["system-prompt wiki.md:1-70"]);
  });

  test("that was cut in the trace is found by what is left", async () => {
    expect(sources(await find({ "wiki.md": wiki, "other.md": system }, wiki.slice(0, 1200))).map((source) => source.path)).toEqual([
      "wiki.md",
    ]);
  });

  test("that is put together from two files and foreign text is found in both, and the rest is owned up to", async () => {
    const foreign =
      "The framework adds this paragraph about memory, reflection and planning, which stands in none of the files of this repository at all. ".repeat(
        12,
      );
    const located = await find({ "a/policy.md": wiki, "b/style.md": system }, `${wiki}\n\n${foreign}\n\n${rendered("Nordlicht")}`);
    expect(
      sources(located)
        .map((source) => source.path)
        .toSorted(),
    ).toEqual(["a/policy.md", "b/style.md"]);
  });

  test.each<[string, string, (prompt: string) => string]>([
    [
      "a YAML block",
      "agent.yaml",
      (prompt) =>
        `name: agent\nprompt: |\n${prompt
          .split("\n")
          .map((line) => (line === "" ? "" : `  ${line}`))
          .join("\n")}\ntemperature: 0.2\n`,
    ],
    ["a JSON string", "agent.json", (prompt) => JSON.stringify({ name: "agent", prompt, temperature: 0.2 }, undefined, 2)],
    ["a Python string", "agent.py", (prompt) => `import os\n\nPROMPT = """${prompt}"""\n\ndef run():\n    return PROMPT\n`],
    ["a TypeScript template", "agent.ts", (prompt) => `export const prompt = \`${prompt.replaceAll("`", "\\`")}\`;\n`],
    ["a JavaScript string with escapes", "agent.js", (prompt) => `module.exports = { prompt: ${JSON.stringify(prompt)} };\n`],
  ])("inside %s is found, and its range holds the text alone", async (_what, path, write) => {
    const file = write(wiki);
    const [source] = sources(await find({ [path]: file, "other.md": system }, wiki));
    expect(source?.path).toBe(path);
    expect(source?.text.startsWith("# Airline Agent Policy") || source?.text.trimStart().startsWith("# Airline Agent Policy")).toBe(true);
    expect(file.slice(source?.range.start, source?.range.end)).toBe(source?.text);
    expect(source?.text).not.toMatch(/PROMPT =|temperature|module\.exports|export const/);
  });

  test("with copies in tests and docs is taken from the file that runs, and the copies are named", async () => {
    const located = await find({ "tests/fixtures/wiki.md": wiki, "docs/wiki.md": wiki, "src/prompts/wiki.md": wiki }, wiki);
    expect(places(located)).toEqual(["system-prompt src/prompts/wiki.md:1-70"]);
    expect(located.result === "found" && located.alternatives.map((one) => one.path).toSorted()).toEqual([
      "docs/wiki.md",
      "tests/fixtures/wiki.md",
    ]);
  });

  test("of another repository is absent, with what was looked for", async () => {
    const located = await find({ "prompts/system.md": system, "README.md": "# Hello\n" }, wiki);
    expect(located).toMatchObject({
      result: "absent",
      filesRead: 2,
      lookedFor: expect.stringMatching(/^a system prompt of \d+ words that begins "# Airline Agent Policy/),
    });
  });

  test("of which only a sentence or two stand somewhere is unsure, not claimed", async () => {
    const part = wiki.split("\n").slice(5, 9).join("\n");
    const located = await find(
      { "notes.md": `${"Many other words about something else entirely stand in this file. ".repeat(30)}\n${part}\n` },
      wiki,
    );
    expect(located.result).not.toBe("found");
  });

  test("that no trace carries is absent for that reason", async () => {
    const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files: { "wiki.md": wiki } }).open("HEAD");
    const session = aSession([{ user: "hi" }, { agent: "hello" }]);
    expect(await locate({ sessions: [{ ...session, instructions: [] }], checkout })).toMatchObject({
      result: "absent",
      why: expect.stringContaining("carry no system prompt"),
    });
  });

  test("is looked for past files that no parser likes", async () => {
    const hostile = {
      "bomb.yaml": `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nprompt: *c\n`,
      "broken.json": '{"prompt": "',
      "line.txt": "word ".repeat(100_000),
      "wiki.md": wiki,
    };
    expect(places(await find(hostile, wiki))).toEqual(["system-prompt wiki.md:1-70"]);
  });
});

describe("tools and parameters", () => {
  const files = {
    "prompts/system.md": system,
    "tools.yaml": shipped("tools.yaml"),
    "agent.yaml": shipped("agent.yaml"),
    "sweep.yaml": shipped("sweep.yaml"),
    "other/settings.yaml": "temperature: 0.3\n",
  };
  const tool = {
    name: "issue_refund",
    description: "Refunds the amount of an item to the way it was paid. The refund cannot be taken back.",
    parameters: {},
  };

  test("are found where the agent's own files set them: description, sampling, loop limit, W&B sweep", async () => {
    const located = await find(files, rendered("Nordlicht"), { tools: [tool], parameters: { temperature: 0.3, max_tokens: 800 } });
    expect(sources(located).map((source) => `${source.kind} ${source.path} ${source.subject ?? ""}`.trim())).toEqual([
      "system-prompt prompts/system.md",
      "tool-description tools.yaml issue_refund",
      "parameter agent.yaml temperature",
      "parameter agent.yaml max_tokens",
      "loop-limit agent.yaml max_turns",
      "wandb-config sweep.yaml temperature",
      "wandb-config sweep.yaml max_tokens",
    ]);
    expect(sources(located).find((source) => source.kind === "tool-description")?.text).toBe(tool.description);
    expect(sources(located).find((source) => source.subject === "temperature")?.text).toBe("0.3");
  });

  test("with another value are not claimed", async () => {
    const located = await find(files, rendered("Nordlicht"), { parameters: { temperature: 0.9 } });
    expect(sources(located).map((source) => source.kind)).toEqual(["system-prompt"]);
  });
});

test("what the first search of a commit read is read once, whatever is looked for next", async () => {
  const files = { "prompts/system.md": system, "wiki.md": wiki, "agent.yaml": shipped("agent.yaml"), "empty.yaml": "" };
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "agent" }, files }).open("HEAD");
  const reads: string[] = [];
  const counted = {
    ...checkout,
    read: (paths: readonly string[]) => {
      reads.push(...paths);
      return checkout.read(paths);
    },
  };
  const index = new RepositoryIndex();
  const search = async (instructions: string): Promise<readonly string[]> =>
    places(await locate({ sessions: [aSession([{ user: "hi" }, { agent: "hello" }], { instructions })], checkout: counted }, { index }));
  expect(await search(wiki)).toEqual(["system-prompt wiki.md:1-70"]);
  expect(await search(rendered("Nordlicht"))).toContain("system-prompt prompts/system.md:1-40");
  expect(reads.toSorted()).toEqual([...new Set(reads)].toSorted());
});
