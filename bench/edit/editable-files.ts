import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

/** A real prompt in a file of some kind, with the text that a model would be sent from it. */
export interface EditableFile {
  readonly container: string;
  readonly path: string;
  readonly text: string;
  /** Where the prompt stands in the file. */
  readonly range: { readonly start: number; readonly end: number };
  /** The prompt's text in the file, its escapes undone. */
  readonly prompt: string;
  /** What the model is sent: the prompt with what the file puts around it. */
  readonly rendered: string;
  /** The prompt's lines as they are written in the file, in order. */
  readonly lines: readonly string[];
  /** Writes other text the way this container needs it. */
  readonly write: (text: string) => string;
}

/** A way to keep a prompt in a file. `write` must give what the container's own parser reads back. */
interface Container {
  readonly name: string;
  readonly path: string;
  readonly head: string;
  readonly tail: string;
  readonly write: (text: string) => string;
  readonly render?: (text: string) => string;
  /** Whether the container can hold the text in the way that it is used for. */
  readonly holds?: (text: string) => boolean;
}

const indented = (text: string, indent: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? "" : `${indent}${line}`))
    .join("\n");
const inDoubleQuotes = (text: string): string => JSON.stringify(text).slice(1, -1);
const asIs = (text: string): string => text;
const hasNoBackslash = (text: string): boolean => !text.includes("\\");
const isPlain = (text: string): boolean => hasNoBackslash(text) && !/"""|'''|`|\$\{/.test(text);
const hasNoBraces = (text: string): boolean => isPlain(text) && !/[{}]/.test(text);

const containers: readonly Container[] = [
  { name: "markdown", path: "prompts/system.md", head: "", tail: "", write: asIs },
  { name: "front-matter", path: "prompts/system.prompt.md", head: "---\nmodel: gpt-4o\ntemperature: 0.2\n---\n", tail: "", write: asIs },
  {
    name: "yaml-block",
    path: "agent.yaml",
    head: "# the agent\nname: support # keep\nprompt: |\n",
    tail: "temperature: 0.2\ntools: [a, b]\n",
    write: (text) => `${indented(text, "  ")}\n`,
    // A first line that begins with a space needs an indentation indicator.
    holds: (text) => !/^[ \t]|[ \t]$/m.test(text) && !text.includes("\t"),
  },
  {
    name: "yaml-double",
    path: "agent.yml",
    head: 'name: support\nprompt: "',
    tail: '"\ntemperature: 0.2\n',
    write: inDoubleQuotes,
  },
  {
    name: "json",
    path: "agent.json",
    head: '{\n  "name": "support",\n  "prompt": "',
    tail: '",\n  "temperature": 0.2\n}\n',
    write: inDoubleQuotes,
  },
  {
    name: "toml",
    path: "agent.toml",
    head: 'name = "support"\nprompt = """\n',
    tail: '"""\ntemperature = 0.2\n',
    write: asIs,
    holds: isPlain,
  },
  {
    name: "python",
    path: "agent.py",
    head: 'NAME = "support"\nPROMPT = """',
    tail: '"""\nTEMPERATURE = 0.2\n',
    write: asIs,
    holds: isPlain,
  },
  {
    name: "python-format",
    path: "format.py",
    head: 'company = "ACME"\nPROMPT = f"""You work for {company}.\n',
    tail: '"""\nTEMPERATURE = 0.2\n',
    write: asIs,
    render: (text) => `You work for ACME.\n${text}\n`,
    holds: hasNoBraces,
  },
  {
    name: "python-one-line",
    path: "lines.py",
    head: 'NAME = "support"\nPROMPT = "',
    tail: '"\nTEMPERATURE = 0.2\n',
    write: inDoubleQuotes,
    holds: (text) => hasNoBackslash(text),
  },
  {
    name: "template-literal",
    path: "agent.js",
    head: 'const name = "support";\nconst prompt = `',
    tail: "`;\nconst temperature = 0.2;\n",
    write: asIs,
    holds: isPlain,
  },
  {
    name: "script-string",
    path: "strings.js",
    head: 'const name = "support";\nconst prompt = "',
    tail: '";\nconst temperature = 0.2;\n',
    write: inDoubleQuotes,
  },
  {
    name: "java-text-block",
    path: "Agent.java",
    head: 'class Agent {\n  static final String NAME = "support";\n  static final String PROMPT = """\n',
    tail: '      """;\n  static final double TEMPERATURE = 0.2;\n}\n',
    write: (text) => `${indented(text, "      ")}\n`,
    holds: (text) => isPlain(text) && !/[ \t]$/m.test(text),
  },
  {
    name: "kotlin-raw",
    path: "Agent.kt",
    head: 'val name = "support"\nval prompt = """',
    tail: '"""\nval temperature = 0.2\n',
    write: asIs,
    holds: (text) => isPlain(text) && !text.includes("$"),
  },
  {
    name: "csharp-raw",
    path: "Agent.cs",
    head: 'static class Agent\n{\n    const string Name = "support";\n    const string Prompt = """\n',
    tail: '        """;\n    const double Temperature = 0.2;\n}\n',
    write: (text) => `${indented(text, "        ")}\n`,
    holds: isPlain,
  },
  {
    name: "ruby-heredoc",
    path: "agent.rb",
    head: 'NAME = "support"\nPROMPT = <<~TEXT\n',
    tail: "TEXT\nTEMPERATURE = 0.2\n",
    write: (text) => `${indented(text, "  ")}\n`,
    holds: (text) => isPlain(text) && !/#[{@$]/.test(text),
  },
  {
    name: "rust-raw",
    path: "agent.rs",
    head: 'const NAME: &str = "support";\nconst PROMPT: &str = r#"',
    tail: '"#;\nconst TEMPERATURE: f64 = 0.2;\n',
    write: asIs,
    holds: (text) => !text.includes('"#'),
  },
];

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every prompt in every container that can hold it. */
export function editableFiles(): readonly EditableFile[] {
  return promptTexts().flatMap((prompt, index) =>
    containers.flatMap((container): readonly EditableFile[] => {
      if (container.holds?.(prompt) === false) return [];
      const inside = container.write(prompt);
      const start = container.head.length;
      return [
        {
          container: container.name,
          path: `agent-${index}/${container.path}`,
          text: container.head + inside + container.tail,
          range: { start, end: start + inside.length },
          prompt,
          rendered: container.render?.(prompt) ?? prompt,
          lines: prompt.split("\n").map((line) => container.write(line).replace(/\n$/, "")),
          write: container.write,
        },
      ];
    }),
  );
}

const edited = z.array(z.object({ prompt: z.string() }));

/** Prompts of real agents: those that ship with the tests, and where the public data sets lie beside the repository, theirs too. */
function promptTexts(): readonly string[] {
  const here = [
    readFileSync(join(root, "test/fixtures/tau-bench/wiki.md"), "utf8"),
    ...edited.parse(parse(readFileSync(join(root, "test/fixtures/edits/own.yaml"), "utf8"))).map(({ prompt }) => prompt),
    ...markdownBelow(join(root, "examples/support-agent")),
  ];
  const data = join(root, "../shared/data");
  const beside = ["tau-bench/sources", "tau2-bench/sources", "prompt-location/prompt-files"].flatMap((folder) =>
    markdownBelow(join(data, folder)),
  );
  const texts = [...here, ...beside].map((text) => text.replace(/\r\n/g, "\n").trimEnd());
  return [...new Set(texts)].filter((text) => text.length > 600 && text.length < 60_000);
}

function markdownBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:md|txt)$/.test(entry.name) && !/readme|license/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => readFileSync(path, "utf8"));
}
