import { parse, parseDocument, visit, isScalar } from "yaml";
import type { ConfigChange } from "../../domain/config-change.ts";
import type { Json } from "../../domain/ids.ts";
import { isCode, literalsOf } from "../../domain/text/literals.ts";
import type { AgentSource } from "../../domain/source.ts";
import type { ChangedFile } from "./structure.ts";

/** What a changed region means for the agent that runs, in the words that the model sees; a sentence when it cannot be said. */
export type Meaning = { readonly ok: true; readonly change: ConfigChange } | { readonly ok: false; readonly why: string };

/** The meaning of one source's region before and after the edit. */
export function meaningOf(source: AgentSource, file: ChangedFile, delta: number): Meaning {
  const range = { start: source.range.start, end: source.range.end + delta };
  switch (source.kind) {
    case "parameter":
    case "loop-limit":
    case "wandb-config":
      return parameterMeaning(source, file.after.slice(range.start, range.end));
    case "tool-description":
    case "system-prompt":
    case "skill":
    case "few-shot": {
      const before = valueOf(file.path, file.before, source.range);
      const after = valueOf(file.path, file.after, range);
      if (before === undefined || after === undefined)
        return { ok: false, why: "the region's text cannot be read back out of its container" };
      const passage = smallestPassage(before, after);
      if (source.kind !== "tool-description") return { ok: true, change: { target: "instructions", ...passage } };
      return source.subject === undefined
        ? { ok: false, why: "the tool of this description is not known" }
        : { ok: true, change: { target: "tool", tool: source.subject, ...passage } };
    }
  }
}

function parameterMeaning(source: AgentSource, text: string): Meaning {
  const { subject } = source;
  if (subject === undefined) return { ok: false, why: "the parameter's name is not known" };
  try {
    return { ok: true, change: { target: "parameter", key: subject, before: parse(source.text) as Json, after: parse(text) as Json } };
  } catch {
    return { ok: false, why: "the new value is no plain value" };
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

const isDocument = (path: string): boolean => /\.(?:ya?ml|json|prompt|prompty)$/i.test(path);

/** The text of a region as the program reads it: escapes and indentation of its container undone. */
function valueOf(path: string, text: string, range: Range): string | undefined {
  if (isCode(path)) {
    const literal = literalsOf(path, text).find((one) => one.start === range.start && one.end === range.end);
    return literal === undefined ? undefined : unescapeLiteral(text.slice(range.start, range.end));
  }
  if (!isDocument(path)) return text.slice(range.start, range.end);
  return documentValue(text, range) ?? text.slice(range.start, range.end);
}

/** The scalar of a YAML or JSON document that the range lies in. */
function documentValue(text: string, range: Range): string | undefined {
  let value: string | undefined;
  try {
    const document = parseDocument(text);
    if (document.errors.length > 0) return undefined;
    visit(document, {
      Scalar(key, node) {
        const [start = 0, end = 0] = node.range ?? [];
        if (key !== "key" && isScalar(node) && typeof node.value === "string" && start <= range.start && range.end <= end)
          value = node.value;
      },
    });
  } catch {
    return undefined;
  }
  return value;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\n": "" };

/** The escapes that prompts in code use; others stay as they are and are compared as they are. */
const unescapeLiteral = (text: string): string =>
  text.replace(/\\([\s\S])/g, (whole, character: string) => escapes[character] ?? (/["'`\\$/]/.test(character) ? character : whole));

interface Passage {
  readonly before: string;
  readonly after: string;
}

/** The changed lines with as few lines around them as make the passage stand once in the text. */
export function smallestPassage(before: string, after: string): Passage {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  for (let around = 0; ; around += 1) {
    const start = Math.max(0, head - around);
    const rest = Math.max(0, tail - around);
    const passage = { before: old.slice(start, old.length - rest).join("\n"), after: now.slice(start, now.length - rest).join("\n") };
    const stands = passage.before.trim() !== "" && before.split(passage.before).length === 2;
    if (stands || (start === 0 && rest === 0)) return passage;
  }
}
