import { spawnSync } from "node:child_process";
import { createContext, runInContext } from "node:vm";
import { parse } from "yaml";
import { blockString, holdsBlockString } from "./block-strings.ts";
import type { EditableFile } from "./editable-files.ts";

/** A file before and after an edit that was allowed, and the prompt that replays would send for it. */
export interface Applied {
  readonly file: EditableFile;
  readonly after: string;
  readonly prompt: string;
}

/** What a file says to its own language: its values by name. */
type Values = Readonly<Record<string, unknown>>;

/**
 * What is wrong with applied edits, by their place in the list: a file that its own language no longer reads, a value that changed beside
 * the prompt, or a prompt other than the one that would be replayed. Shares no code with what is measured: YAML, JSON, JavaScript and (where
 * there is a python3) Python and TOML are read by their own parsers, strings of Java, Kotlin, C#, Ruby and Rust by a reader of the bench's own.
 */
export function invalidEdits(applied: readonly Applied[]): { readonly problems: ReadonlyMap<number, string>; readonly hasPython: boolean } {
  const problems = new Map<number, string>();
  const pythonic: { readonly index: number; readonly path: string; readonly before: string; readonly after: string }[] = [];
  for (const [index, { after, file, prompt }] of applied.entries()) {
    const outside = outsideProblem(file, after);
    if (outside !== undefined) problems.set(index, outside);
    else if (/\.(?:py|toml)$/.test(file.path)) pythonic.push({ index, path: file.path, before: file.text, after });
    else if (holdsBlockString(file.path)) {
      const said = blockString(file.path, { rest: after.slice(file.range.start), tail: file.text.slice(file.range.end) });
      const problem = valuesProblem({}, said === undefined ? undefined : { prompt: said }, prompt);
      if (problem !== undefined) problems.set(index, problem);
    } else {
      const problem = valuesProblem(read(file.path, file.text), read(file.path, after), prompt);
      if (problem !== undefined) problems.set(index, problem);
    }
  }
  const values = readByPython(pythonic.flatMap(({ after, before, path }) => [before, after].map((text) => ({ path, text }))));
  if (values === undefined) return { problems, hasPython: false };
  for (const [place, { index }] of pythonic.entries()) {
    const problem = valuesProblem(values[place * 2], values[place * 2 + 1], applied[index]?.prompt ?? "");
    if (problem !== undefined) problems.set(index, problem);
  }
  return { problems, hasPython: true };
}

/** Bytes before and after the prompt's place are as they were. */
function outsideProblem({ range, text }: EditableFile, after: string): string | undefined {
  const [head, tail] = [text.slice(0, range.start), text.slice(range.end)];
  if (after.startsWith(head) && after.endsWith(tail) && after.length >= head.length + tail.length) return undefined;
  return "bytes outside the located text changed";
}

function valuesProblem(before: Values | undefined, after: Values | undefined, prompt: string): string | undefined {
  if (before === undefined) return "the file could not be read before the edit";
  if (after === undefined) return "the file no longer parses";
  const others = (values: Values): string => JSON.stringify(Object.entries(values).filter(([key]) => !/^prompt$/i.test(key)));
  if (others(before) !== others(after)) return "a value beside the prompt changed";
  const found = Object.entries(after).find(([key]) => /^prompt$/i.test(key))?.[1];
  if (typeof found !== "string") return "the prompt is no text any more";
  return found.trim() === prompt.trim() ? undefined : "the file says something else than what would be replayed";
}

function read(path: string, text: string): Values | undefined {
  try {
    if (path.endsWith(".json")) return JSON.parse(text) as Values;
    if (/\.ya?ml$/.test(path)) return parse(text, { strict: true }) as Values;
    if (path.endsWith(".js")) return scriptValues(text);
    // Front matter is fenced by two lines that an edit of the text cannot reach.
    const matter = /^---\n([\s\S]*?)\n---\n/.exec(text);
    return { ...(matter === null ? {} : { matter: parse(matter[1] ?? "") as unknown }), prompt: text.slice(matter?.[0].length ?? 0) };
  } catch {
    return undefined;
  }
}

/** The constants of a script without imports, as a JavaScript engine reads them. It runs nothing but them, without a world around it. */
function scriptValues(text: string): Values {
  const context = createContext(Object.create(null) as object, { codeGeneration: { strings: false, wasm: false } });
  return JSON.parse(String(runInContext(`${text}\nJSON.stringify({ name, prompt, temperature })`, context, { timeout: 1000 }))) as Values;
}

/** Reads constants only: nothing of the files is run. */
const pythonReader = `
import ast, json, sys, tomllib
def value(node, known):
    if isinstance(node, ast.Constant): return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(known[p.value.id] if isinstance(p, ast.FormattedValue) else p.value for p in node.values)
    raise ValueError("no constant")
out = []
for item in json.load(sys.stdin):
    try:
        if item["path"].endswith(".toml"): out.append(tomllib.loads(item["text"]))
        else:
            known = {}
            for node in ast.parse(item["text"]).body: known[node.targets[0].id] = value(node.value, known)
            out.append(known)
    except Exception: out.append(None)
json.dump(out, sys.stdout)
`;

function readByPython(files: readonly { readonly path: string; readonly text: string }[]): readonly (Values | undefined)[] | undefined {
  if (files.length === 0) return [];
  const { status, stdout } = spawnSync("python3", ["-I", "-c", pythonReader], { input: JSON.stringify(files), maxBuffer: 1024 ** 3 });
  if (status !== 0) return undefined;
  return (JSON.parse(stdout.toString("utf8")) as readonly (Values | null)[]).map((values) => values ?? undefined);
}
