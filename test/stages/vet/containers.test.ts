import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { seededRandom } from "../../../src/domain/random.ts";
import { applyChanges } from "../../../src/domain/config-change.ts";
import type { ToolDefinition } from "../../../src/domain/message.ts";
import { allowedOf, type Region, remarksOf, rulesOf, scopeOf, shown, vetted } from "./vet-scope.ts";

const allowed = async (region: Region, before: string, after: string) => {
  const one = allowedOf(await vetted(scopeOf([region]), [region.path, before, after]));
  return { text: one.files[0]?.text ?? "", changes: one.changes, needsHuman: one.needsHuman };
};
const refused = async (region: Region, before: string, after: string) =>
  rulesOf(await vetted(scopeOf([region]), [region.path, before, after]));

describe("YAML", () => {
  const block = `# keep me
name: support # and me
prompt: |
  You are an agent.
  Say goodbye.
temperature: 0.3
`;
  const region: Region = { path: "agent.yaml", text: block, inner: "  You are an agent.\n  Say goodbye.\n" };

  it("edits a block, keeps comments and order, and undoes the indentation for the model", async () => {
    const { changes, text } = await allowed(region, "  Say goodbye.", "  Say goodbye.\n  Smile.");
    expect(text).toBe(block.replace("  Say goodbye.", "  Say goodbye.\n  Smile."));
    expect(changes).toEqual([{ target: "instructions", before: "Say goodbye.\n", after: "Say goodbye.\nSmile.\n" }]);
  });

  it.each([
    ["ends the block", "  Say goodbye.", "  Say goodbye.\nmodel: big"],
    ["leaves the block by its indentation", "  Say goodbye.", "  Say goodbye.\nSmile."],
  ])("refuses an edit that %s", async (_what, before, after) => {
    expect(await refused(region, before, after)).toContain("structure");
  });

  it("refuses an edit that leaves nothing", async () => {
    expect(await refused(region, "  You are an agent.\n  Say goodbye.\n", "\n")).toEqual(["meaning"]);
  });

  it.each([
    ["makes a number of a text", "prompt: be kind\n", "be kind", "12"],
    ["makes a switch of a text", "prompt: be kind\n", "be kind", "true"],
    ["opens a comment", "prompt: be kind\n", "be kind", "be kind # always"],
    ["opens a mapping", "prompt: be kind\n", "be kind", "role: kind"],
    ["sets a tag", "prompt: be kind\n", "be kind", "!!python/object/apply:os.system [kind]"],
    ["ends the quotes", 'prompt: "be kind"\n', "be kind", 'be kind", role: "x'],
    ["breaks an escape", 'prompt: "be kind"\n', "be kind", String.raw`be \q kind`],
  ])("refuses an edit that %s", async (_what, text, before, after) => {
    expect(await refused({ path: "a.yaml", text, inner: before }, before, after)).toContain("structure");
    expect(await refused({ path: "a.yaml", text, inner: before }, before, "be very kind")).toEqual([]);
  });

  it("refuses a value that an alias carries elsewhere", async () => {
    const text = "first:\n  prompt: &prompt be kind\nsecond:\n  prompt: *prompt\n";
    expect(await refused({ path: "a.yaml", text, inner: "be kind" }, "be kind", "be very kind")).toEqual(["structure"]);
    const merged = "base: &base\n  prompt: be kind\nchild:\n  <<: *base\n";
    expect(await refused({ path: "a.yaml", text: merged, inner: "be kind" }, "be kind", "be very kind")).toEqual(["structure"]);
  });

  it("refuses a file that did not parse before, or has a key twice", async () => {
    expect(await refused({ path: "a.yaml", text: "a: [\nprompt: be kind\n", inner: "be kind" }, "be kind", "be very kind")).toEqual([
      "structure",
    ]);
    expect(
      await refused({ path: "a.yaml", text: "prompt: be kind\nprompt: be rude\n", inner: "be kind" }, "be kind", "be very kind"),
    ).toContain("structure");
  });

  it("refuses keys, and values beside the located one", async () => {
    const text = "prompt: be kind\nrole: helper\n";
    expect(await refused({ path: "a.yaml", text }, "prompt:", "prompts:")).toContain("structure");
    expect(await refused({ path: "a.yaml", text, inner: "be kind" }, "helper", "boss")).toEqual(["not-unique"]);
  });

  it("survives nesting without end and aliases without number", async () => {
    const deep = `prompt: be kind\nrest: ${"[".repeat(5000)}${"]".repeat(5000)}\n`;
    expect(await refused({ path: "a.yaml", text: deep, inner: "be kind" }, "be kind", "be very kind")).toEqual(["structure"]);
    const bomb = `prompt: be kind\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    expect(await refused({ path: "a.yaml", text: bomb, inner: "be kind" }, "be kind", "be very kind")).toEqual(["structure"]);
  });
});

describe("JSON", () => {
  const text = `{\n  "name": "support",\n  "prompt": "Say \\"hi\\".\\nBe kind.",\n  "temperature": 0.3\n}\n`;
  const region: Region = { path: "agent.json", text, inner: String.raw`Say \"hi\".\nBe kind.` };

  it("edits inside the string and undoes its escapes for the model", async () => {
    const { changes, text: after } = await allowed(region, "Be kind.", String.raw`Be kind.\nSay \"bye\".`);
    expect(JSON.parse(after)).toEqual({ name: "support", prompt: 'Say "hi".\nBe kind.\nSay "bye".', temperature: 0.3 });
    expect(changes).toEqual([{ target: "instructions", before: "Be kind.", after: 'Be kind.\nSay "bye".' }]);
  });

  it.each([
    ["a bare quote", 'Be "kind".'],
    ["a bare line end", "Be kind.\nAlways."],
    ["an escape that JSON lacks", String.raw`Be \kind.`],
    ["the string's end", 'Be kind.", "model": "big'],
  ])("refuses %s", async (_what, after) => {
    expect(await refused(region, "Be kind.", after)).toContain("structure");
  });

  it("refuses a key", async () => {
    expect(await refused({ path: "agent.json", text, inner: `"name": "support"` }, "name", "title")).toContain("structure");
  });
});

describe("strings in code", () => {
  const python = `RULES = """\nYou are an agent.\nSay "hi" to {name}.\n"""\nOTHER = 'x'\n`;
  const script = "export const prompt = `You are an agent.\\nSay hi to ${name}.`;\nconst other = 'x';\n";
  const short = "PROMPT = 'Say hi.'\nOTHER = 1\n";
  const inner = (text: string, from: string, to: string): string =>
    text.slice(text.indexOf(from) + from.length, text.indexOf(to, text.indexOf(from) + from.length));

  it("edits a triple-quoted string, a template literal and a one-line string", async () => {
    const first = await allowed(
      { path: "a.py", text: python, inner: inner(python, '"""', '"""') },
      "You are an agent.",
      "You are an agent.\nBe kind.",
    );
    expect(first.text).toBe(python.replace("You are an agent.", "You are an agent.\nBe kind."));
    const second = await allowed(
      { path: "a.ts", text: script, inner: inner(script, "`", "`") },
      "You are an agent.",
      String.raw`You are an agent.\nBe kind.`,
    );
    expect(second.changes).toEqual([{ target: "instructions", before: "Say hi to ", after: "Be kind.\nSay hi to " }]);
    const third = await allowed({ path: "a.py", text: short, inner: "Say hi." }, "Say hi.", String.raw`Say hi, and don\'t shout.`);
    expect(third.changes).toEqual([{ target: "instructions", before: "Say hi.", after: "Say hi, and don't shout." }]);
  });

  const shortRegion: Region = { path: "a.py", text: short, inner: "Say hi." };
  const pythonRegion: Region = { path: "a.py", text: python, inner: inner(python, '"""', '"""') };
  const scriptRegion: Region = { path: "a.ts", text: script, inner: inner(script, "`", "`") };

  it.each([
    ["ends a one-line string", shortRegion, "Say hi.", "Say hi, don't shout."],
    ["breaks its line", shortRegion, "Say hi.", "Say\nhi."],
    ["escapes its quote", shortRegion, "Say hi.", "Say hi.\\"],
    ["adds an escape that a script reads otherwise", scriptRegion, "You are", String.raw`You \are`],
    ["adds an escape that Python does not know", shortRegion, "Say hi.", String.raw`Say \hi.`],
    ["adds code", shortRegion, "Say hi.", "Say hi.'; import os; x = 'y"],
    ["ends a triple-quoted string", pythonRegion, "You are an agent.", 'You are an """agent.'],
    ["ends a template literal", scriptRegion, "You are an agent.", "You are an `agent`."],
  ])("refuses an edit that %s", async (_what, region, before, after) => {
    expect(await refused(region, before, after)).toContain("structure");
  });

  it("refuses an edit of code", async () => {
    expect(await refused({ path: "a.py", text: short }, "OTHER = 1", "OTHER = 2")).toContain("structure");
  });

  it("reads f-strings and raw strings as their language does", async () => {
    const format = `P = f"Answer as {{x}} for {name}. Be kind."\n`;
    const one = await allowed({ path: "a.py", text: format, inner: `Answer as {{x}} for {name}. Be kind.` }, "Be kind.", "Be very kind.");
    expect(one.changes[0]).toMatchObject({ after: expect.stringContaining("Answer as {x} for {name}. Be very kind.") });
    const raw = String.raw`P = r"Keep \n as it is. Be kind."` + "\n";
    const two = await allowed({ path: "a.py", text: raw, inner: String.raw`Keep \n as it is. Be kind.` }, "Be kind.", "Be very kind.");
    expect(two.changes[0]).toMatchObject({ before: String.raw`Keep \n as it is. Be kind.` });
  });
});

describe("plain files", () => {
  it("keep line ends, byte order mark and the last line end", async () => {
    const text = "\uFEFFOne rule.\r\nSay bye.\r\n";
    const region: Region = { path: "p.md", text };
    expect((await allowed(region, "Say bye.", "Say bye.\r\nSmile.")).text).toBe("\uFEFFOne rule.\r\nSay bye.\r\nSmile.\r\n");
    expect(await refused(region, "Say bye.", "Say bye.\nSmile.")).toContain("structure");
    expect(await refused(region, "Say bye.\r\n", "Say bye.")).toContain("structure");
    expect(await refused(region, "\uFEFFOne", "One")).toContain("structure");
    expect(await refused({ path: "p.md", text: "Say bye.\n" }, "Say bye.", "Say bye.\r\nSmile.")).toContain("structure");
  });

  it("keep their front matter", async () => {
    const text = "---\nmodel: small\n---\nSay bye.\n";
    expect(await refused({ path: "p.md", text }, "small", "big")).toContain("structure");
    expect(await refused({ path: "p.md", text }, "Say bye.", "Say bye. Smile.")).toEqual([]);
  });
});

describe("tool descriptions", () => {
  const text = `- name: refund\n  description: Pays money back.\n  parameters: { type: object, properties: { amount: { type: number } } }\n`;
  const region: Region = { path: "tools.yaml", text, kind: "tool-description", inner: "Pays money back.", subject: "refund" };

  it("change the tool and nothing of its schema", async () => {
    const { changes, text: after } = await allowed(region, "Pays money back.", "Pays money back after the policy was read.");
    expect(changes).toEqual([
      { target: "tool", tool: "refund", before: "Pays money back.", after: "Pays money back after the policy was read." },
    ]);
    expect((parse(after) as unknown[])[0]).toMatchObject({ parameters: { type: "object" } });
    expect(await refused({ ...region, inner: text.trimEnd() }, "type: number", "type: string")).toContain("structure");
  });
});

describe("descriptions of a tool's parameters", () => {
  const text = `def refund(order: str, amount: float):\n    """Pays money back.\n\n    Args:\n        order: The number of the order.\n        amount: How much is paid back.\n    """\n`;
  const inner = "The number of the order.";
  const region: Region = { path: "tools.py", text, kind: "tool-description", inner, subject: "refund", part: "order" };
  const described = (order: string): ToolDefinition => ({
    name: "refund",
    description: "Pays money back.",
    parameters: {
      properties: { order: { description: order }, copy: { description: order }, amount: { description: "How much is paid back." } },
    },
  });

  it("change that parameter alone, though the file has them in one string and another one says the same", async () => {
    const scope = scopeOf([region], { transcripts: [shown(["user: hi", "agent: hello"], "Be kind.", [described(inner)])] });
    const { changes } = allowedOf(await vetted(scope, ["tools.py", inner, "The number of the order, without its dash."]));
    expect(changes).toEqual([
      { target: "tool", tool: "refund", part: "order", before: inner, after: "The number of the order, without its dash." },
    ]);
    const config = { provider: "p", model: "m", instructions: "", tools: [described(inner)], parameters: {} };
    const applied = applyChanges(config, changes);
    expect(applied.result === "applied" && applied.config.tools[0]?.parameters).toEqual({
      properties: {
        order: { description: "The number of the order, without its dash." },
        copy: { description: inner },
        amount: { description: "How much is paid back." },
      },
    });
  });

  it("are refused where no recorded tool has the parameter", async () => {
    const scope = scopeOf([{ ...region, part: "customer" }], {
      transcripts: [shown(["user: hi", "agent: hello"], "Be kind.", [described("Another text.")])],
    });
    expect(rulesOf(await vetted(scope, ["tools.py", inner, "The number of the order, without its dash."]))).toEqual(["meaning"]);
  });
});

describe("parameters", () => {
  const setting = (key: string, value: string): Region => ({
    path: "agent.yaml",
    text: `${key}: ${value} # why\nother: 1\n`,
    kind: "parameter",
    inner: value,
    subject: key,
  });
  const change = (key: string, value: string, next: string) => vetted(scopeOf([setting(key, value)]), ["agent.yaml", value, next]);

  it.each([
    ["temperature", "0.3", "0"],
    ["temperature", "0.3", "2"],
    ["top_p", "0.9", "1"],
    ["max_tokens", "800", "1200"],
    ["max_turns", "12", "20"],
    ["reasoning_effort", "low", "high"],
  ])("lets %s go from %s to %s", async (key, value, next) => {
    expect(remarksOf(await change(key, value, next))).toEqual([]);
  });

  it.each([
    ["temperature", "0.3", "2.5"],
    ["temperature", "0.3", "-1"],
    ["temperature", "0.3", "hot"],
    ["top_p", "0.9", "1.1"],
    ["max_tokens", "800", "0"],
    ["max_tokens", "800", "1e9"],
    ["max_tokens", "800", "12.5"],
    ["max_turns", "12", "1000"],
    ["reasoning_effort", "low", "unlimited"],
    ["seed", "7", "8"],
    ["endpoint", "home", "away"],
  ])("refuses %s from %s to %s", async (key, value, next) => {
    expect((await change(key, value, next)).result).toBe("refused");
  });

  const call = 'agent = Agent(model="small-1", temperature=0.2)  # not 0.9\n';
  const number: Region = { path: "run.py", text: call, kind: "parameter", inner: "0.2", subject: "temperature" };

  it("changes a number that a program gives a call, and nothing else of the program", async () => {
    const { changes, text } = await allowed(number, "0.2", "0");
    expect([text, changes]).toEqual([call.replace("0.2", "0"), [{ target: "parameter", key: "temperature", before: 0.2, after: 0 }]]);
  });

  it.each(["0.1 + x", "0.1, top_p=1", "0.1.real", "get()", '"0.1"', "01", "-", "0.1)", "1e1", "0x1"])(
    "refuses %j in the place of a program's number",
    async (after) => {
      expect(await refused(number, "0.2", after)).toContain("structure");
    },
  );

  describe.each([
    ["a program", "run.py", 'agent = Agent(\n  prompt="Be kind. Say hello.",\n  temperature=0.2,\n)\n'],
    ["JSON", "agent.json", '{\n  "prompt": "Be kind. Say hello.",\n  "temperature": 0.2\n}\n'],
  ])("the prompt and a number of %s in one candidate", (_what, path, text) => {
    const scope = scopeOf([
      { path, text, inner: "Be kind. Say hello." },
      { path, text, kind: "parameter", inner: "0.2", subject: "temperature" },
    ]);

    it("are changed together", async () => {
      const one = allowedOf(await vetted(scope, [path, "Say hello.", "Say hello first, and ask what is wanted."], [path, "0.2", "0.1"]));
      expect(one.files.map((file) => file.text)).toEqual([
        text.replace("Say hello.", "Say hello first, and ask what is wanted.").replace("0.2", "0.1"),
      ]);
      expect(one.changes.map(({ target }) => target).toSorted()).toEqual(["instructions", "parameter"]);
    });

    it.each([
      ["the number makes something else", ["Say hello.", "Say hello first."], ["0.2", '0.1, "top_p": 1']],
      ["the text leaves its string", ["Say hello.", 'Say hello.", tools=[]'], ["0.2", "0.1"]],
    ] as const)("are refused where %s", async (_why, [before, after], [old, now]) => {
      expect(rulesOf(await vetted(scope, [path, before, after], [path, old, now]))).toContain("structure");
    });
  });

  it("refuses a program's number out of bounds", async () => {
    expect(await refused(number, "0.2", "7")).toEqual(["parameter"]);
  });

  it("takes a model only if it is known, and then wants a person", async () => {
    const own = scopeOf([setting("model", "small-1")], { repositoryText: `models: ["small-1", "large-1"]` });
    expect(remarksOf(await vetted(own, ["agent.yaml", "small-1", "large-1"]))).toEqual(["model-changed"]);
    expect(rulesOf(await vetted(own, ["agent.yaml", "small-1", "huge-9"]))).toEqual(["parameter"]);
  });

  it("changes one value of a W&B sweep and nothing that runs", async () => {
    const text = "program: train.py\ncommand: [python, train.py]\nmethod: grid\nparameters:\n  temperature:\n    values: [0.0, 0.3, 0.7]\n";
    const region: Region = { path: "sweep.yaml", text, kind: "wandb-config", inner: "0.3", subject: "temperature" };
    expect((await allowed(region, "0.3", "0.2")).text).toBe(text.replace("0.3", "0.2"));
    expect(await refused(region, "0.3", "0.3, 0.5")).toContain("structure");
    expect(await refused({ ...region, inner: text }, "train.py\ncommand", "evil.py\ncommand")).toContain("structure");
    expect(await refused({ ...region, inner: text }, "method: grid", "method: random")).not.toEqual([]);
  });
});

describe("any edit that is allowed", () => {
  const prompts = ["- Ask for the number.", "- Call the tool first.", "- Never guess.", "- Say goodbye."];
  const files: readonly ((lines: readonly string[]) => Region)[] = [
    (lines) => ({ path: "p.md", text: `# Title\n\n${lines.join("\n")}\n\nThe end.\n`, inner: `${lines.join("\n")}\n` }),
    (lines) => ({
      path: "p.yaml",
      text: `a: 1 # one\nprompt: |\n${lines.map((one) => `  ${one}`).join("\n")}\nz: [1, 2]\n`,
      inner: `${lines.map((one) => `  ${one}`).join("\n")}\n`,
    }),
    (lines) => ({
      path: "p.json",
      text: `{ "a": 1, "prompt": ${JSON.stringify(lines.join("\n"))}, "z": [1] }\n`,
      inner: JSON.stringify(lines.join("\n")).slice(1, -1),
    }),
    (lines) => ({ path: "p.py", text: `A = 1\nP = """${lines.join("\n")}"""\nZ = "z"\n`, inner: lines.join("\n") }),
  ];
  const pieces = [
    "Smile.",
    "kind",
    '"',
    "'",
    "\n",
    "\\",
    "\\n",
    "{",
    "}",
    "`",
    '"""',
    ": ",
    " # x",
    "  ",
    "\r",
    "\t",
    "- ",
    "&a",
    "*b",
    "!!x",
    "|",
    "]",
    ",",
    "é",
  ];

  /** What a parser reads of a file, with the prompt itself left out but for its type. */
  function elsewhere(path: string, text: string): unknown {
    if (path === "p.md") return text.slice(0, 9);
    if (path === "p.py") return [text.slice(0, 14), text.slice(-10), text.match(/"""/g)?.length];
    const values = (path === "p.json" ? JSON.parse(text) : parse(text)) as Record<string, unknown>;
    return Object.entries(values).map(([key, value]) => [key, key === "prompt" ? typeof value : value]);
  }

  it("changes no byte outside its region, and nothing else that a parser reads", async () => {
    const random = seededRandom(7, "containers");
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    let count = 0;
    for (let round = 0; round < 600; round += 1) {
      const region = pick(files)(prompts);
      const before = pick(prompts);
      const after = `${before}${Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(pieces)).join("")}`;
      const one = await vetted(scopeOf([region]), [region.path, before, after]);
      if (one.result === "refused") continue;
      count += 1;
      const text = one.files[0]?.text ?? "";
      expect(text).toBe(region.text.replace(before, () => after));
      expect(elsewhere(region.path, text)).toEqual(elsewhere(region.path, region.text));
    }
    expect(count).toBeGreaterThan(100);
  });
});
