import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { parseOperatorFile } from "../../src/config/operator-file.ts";
import { completeScenario, parseScenario, readScenario } from "../../src/simulator/scenario-file.ts";
import { type Scenario, scenarioSchema } from "../../src/simulator/scenario.ts";
import { scenarioNames, scenarioPath, shippedScenario } from "./scenario-sessions.ts";

const source = readFileSync(scenarioPath("missing-step"), "utf8");
const { files } = shippedScenario("missing-step");
const lineOf = (words: string): number => source.slice(0, source.indexOf(words)).split("\n").length;

/** The shipped scenario with some words exchanged, checked as a whole. */
function changed(...changes: readonly (readonly [from: string, to: string])[]): Scenario {
  let text = source;
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the shipped scenario does not say ${from}`);
    text = text.replace(from, () => to);
  }
  return completeScenario("s.yaml", parseScenario("s.yaml", text), files);
}

describe("a shipped scenario", () => {
  test.each(scenarioNames)("%s is valid, and so is its operator file", (name) => {
    const scenario = shippedScenario(name);
    expect(scenario.name).toBe(name);
    expect(parseOperatorFile("operator", scenario.operatorFile).rules?.length).toBeGreaterThan(2);
  });

  test("drafts with the simulated model, so that no page made with it passes for a real one's", () => {
    const { models } = parseOperatorFile("operator", shippedScenario("missing-step").operatorFile);
    expect(models?.drafter).toEqual({ provider: "anthropic", model: "simulated-drafter-1" });
  });
});

test("the JSON Schema beside the scenarios is what is checked", async () => {
  const schema = `${JSON.stringify(z.toJSONSchema(scenarioSchema, { io: "input" }), undefined, 2)}\n`;
  await expect(schema).toMatchFileSnapshot("../../examples/scenarios/scenario.schema.json");
});

test("the example in the documentation is valid as it stands", () => {
  const page = readFileSync(new URL("../../docs/simulator.md", import.meta.url), "utf8");
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  expect(completeScenario("docs", parseScenario("docs", example), files).kinds).toHaveLength(1);
});

describe("a scenario with mistakes", () => {
  test("is told every one of them at once, with line and key", () => {
    const text = source
      .replace("version: 1", "version: 2")
      .replace("weight: 35", "weight: -1")
      .replace("noise: independent", "noise: loud");
    expect(() => parseScenario("s.yaml", text)).toThrow(
      new RegExp(
        String.raw`s\.yaml has 3 problems:[\s\S]*line 2: version: [\s\S]*line ${lineOf("noise:")}: noise: [\s\S]*line ${lineOf("weight: 35")}: kinds\.0\.weight: `,
      ),
    );
  });

  test("is told what is wrong with the form that was nearly met, not that no form fits", () => {
    const text = source.replace('{ pattern: "ORD-#####" }', '{ pattern: "ORD #####" }');
    expect(() => parseScenario("s.yaml", text)).toThrow(/kinds\.0\.values\.order\.pattern: /);
  });

  test("is refused when it is no YAML, is far too large, multiplies itself by aliases, or is not there", () => {
    expect(() => parseScenario("s.yaml", "a: [")).toThrow(/has a problem/);
    expect(() => parseScenario("s.yaml", " ".repeat(3 * 1024 * 1024))).toThrow(/larger than 2 MiB/);
    const level = (name: string, of: string): string => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${of}`).join(", ")}]`;
    const bomb = ["a: &a [x]", level("b", "a"), level("c", "b"), level("d", "c"), level("e", "d")].join("\n");
    expect(() => parseScenario("s.yaml", bomb)).toThrow(/alias/i);
    expect(() => readScenario("/nowhere.yaml")).toThrow(/no scenario at \/nowhere\.yaml/);
  });

  test.each<[string, string, string, RegExp]>([
    [
      "answers less often than the user speaks",
      'followUps: ["Yes, please go ahead.", "Thank you."]',
      'followUps: ["Yes."]',
      /answers 3 times, but the user speaks 2/,
    ],
    [
      "calls a tool that is not there",
      "call: get_order, input",
      "call: get_odrer, input",
      /the tool get_odrer is not in world\.tools and in tools\.yaml/,
    ],
    [
      "uses a value that the user does not say",
      'say: "You are welcome, {name}."',
      'say: "You are welcome, {nmae}."',
      /\{nmae\} is not in every opening/,
    ],
    [
      "uses an answer before it was asked for",
      '{ call: get_order, input: { order_id: "{order}" } }',
      '{ call: get_order, input: { order_id: "{get_order.order_id}" } }',
      /used before the tool was called/,
    ],
    ["names a table that is not there", "table: policies, by: category", "table: polices, by: category", /there is no table "polices"/],
    [
      "answers with what nobody knows",
      'answer: { order_id: "{order}", product:',
      'answer: { order_id: "{ordr}", product:',
      /\{ordr\} is no value of a session/,
    ],
    [
      "has openings that cannot be told apart",
      "Where is my order {order}? I am waiting for the {product}.",
      "{product} {order}",
      /cannot be read back|understood as/,
    ],
    ["leaves a variable of the prompt open", "variables: { company: Nordlicht, ", "variables: { ", /variable company that is not given/],
    [
      "has an edit that fits nowhere",
      'search: "- Tell the customer the amount',
      'search: "- Tell the custmer the amount',
      /policy-rule\): the search text stands nowhere in prompts\/system\.md/,
    ],
    ["has a rule without consequence", "        effect: 2.5\n", "", /policy-in-the-prompt has neither an effect nor a script/],
    ["names a prompt that is not there", "prompt: prompts/system.md", "prompt: prompts/sytem.md", /no file prompts\/sytem\.md/],
  ])("is refused when it %s", (_what, from, to, message) => {
    expect(() => changed([from, to])).toThrow(message);
  });

  test("is refused when a file would lie outside its repository", () => {
    const document = parseScenario("s.yaml", source);
    expect(() => completeScenario("s.yaml", document, { ...files, "../evil.md": "x" })).toThrow(/\.\.\/evil\.md is no path inside/);
  });
});

describe("an agent's folder", () => {
  const root = mkdtempSync(join(tmpdir(), "tuneup-scenario-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("gives its text files without git's own, and files in the scenario come on top", () => {
    mkdirSync(join(root, "agent/.git"), { recursive: true });
    mkdirSync(join(root, "agent/prompts"));
    writeFileSync(join(root, "agent/.git/config"), "x");
    for (const [path, text] of Object.entries(files)) {
      if (path === "tools.yaml" || path === "agent.yaml") writeFileSync(join(root, "agent", path), text);
    }
    writeFileSync(join(root, "agent/prompts/system.md"), "from the folder");
    const inline = JSON.stringify({ "prompts/system.md": files["prompts/system.md"] });
    writeFileSync(join(root, "s.yaml"), source.replace("folder: ../support-agent", `folder: agent\n  files: ${inline}`));
    const scenario = readScenario(join(root, "s.yaml"));
    expect(Object.keys(scenario.files).toSorted()).toEqual(["agent.yaml", "prompts/system.md", "tools.yaml"]);
    expect(scenario.files["prompts/system.md"]).toBe(files["prompts/system.md"]);
  });

  test("that is not there is named", () => {
    writeFileSync(join(root, "t.yaml"), source.replace("folder: ../support-agent", "folder: nowhere"));
    expect(() => readScenario(join(root, "t.yaml"))).toThrow(/nowhere cannot be read/);
  });
});
