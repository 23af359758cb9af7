import { createRequire } from "node:module";
import { parse, registerDynamicLanguage, type SgNode } from "@ast-grep/napi";
import type { Json } from "../../domain/ids.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import type { CodeReading, CodeString, CodeValue, LiteralReader } from "../../ports/literal-reader.ts";
import { type Language, languageOf } from "./languages.ts";
import { isDocumentation, nameReader } from "./names.ts";

const largest = 1024 * 1024;
const mostNodes = 20_000;
let hasLanguages = false;

/** ast-grep refuses a second registration in one process. */
function registerLanguages(): void {
  if (hasLanguages) return;
  const load = createRequire(import.meta.url);
  registerDynamicLanguage({ python: load("@ast-grep/lang-python"), go: load("@ast-grep/lang-go") });
  hasLanguages = true;
}

/** Reads Python, JavaScript, TypeScript and Go through ast-grep's tree-sitter grammars. Throws when the native library does not load. */
export function astGrepLiterals(): LiteralReader {
  registerLanguages();
  return {
    read(path, text, depth) {
      const language = languageOf(path);
      return language === undefined || text.length > largest ? undefined : readCode(language, text, depth);
    },
  };
}

function readCode(language: Language, text: string, depth: "strings" | "names"): CodeReading {
  const root = parse(language.id, text).root();
  const find = (kinds: readonly string[]): readonly SgNode[] =>
    root.findAll({ rule: { any: kinds.map((kind) => ({ kind })) } }).slice(0, mostNodes);
  const scope: Scope = { language, namesOf: depth === "names" ? nameReader(language) : () => [], groups: new Map() };
  const nodes = find(language.strings).filter((node) => !isKey(node));
  const strings = nodes.flatMap((node) => stringOf(scope, node));
  if (depth === "strings") return { strings, values: [] };
  const values = [...find([...language.numbers, ...language.switches]), ...nodes].flatMap((node) => valueOf(scope, node));
  return { strings, values };
}

interface Scope {
  readonly language: Language;
  readonly namesOf: (node: SgNode) => readonly string[];
  /** Numbers of the groups by the id of their node: ids are addresses and differ from run to run. */
  readonly groups: Map<number, number>;
}

const rangeOf = (node: SgNode): TextRange => {
  const { end, start } = node.range();
  return { start: start.index, end: end.index };
};

function isKey(node: SgNode): boolean {
  const parent = node.parent();
  if (parent === null) return false;
  const kind = String(parent.kind());
  if (kind === "literal_element") return parent.parent()?.child(0)?.id() === parent.id();
  return kind === "pair" && parent.field("key")?.id() === node.id();
}

function stringOf(scope: Scope, node: SgNode): readonly CodeString[] {
  const children = node.children();
  const [first, last] = [children[0], children.at(-1)];
  if (first === undefined || last === undefined || first.id() === last.id()) return [];
  const range = { start: rangeOf(first).end, end: rangeOf(last).start };
  if (range.end < range.start) return [];
  return [
    {
      range,
      gaps: children.filter((child) => scope.language.gaps.has(String(child.kind()))).map((child) => rangeOf(child)),
      group: groupOf(scope, node),
      names: scope.namesOf(node),
      isDocumentation: isDocumentation(node),
    },
  ];
}

/** Calls on a string that leave its text a text: `"…".format(x)`, `dedent("…")`, `"\n".join([…])`. */
const wrapping =
  /^(?:(?:textwrap\.)?dedent|(?:inspect\.)?cleandoc|str|String|fmt\.Sprintf|strings\.(?:TrimSpace|Join)|outdent|stripIndent|f)$|\.(?:format|strip|lstrip|rstrip|join|trim|trimStart|trimEnd|concat|replace|render|format_map)$/;
const passing: ReadonlySet<string> = new Set(["arguments", "argument_list", "attribute", "member_expression", "selector_expression"]);

const calleeOf = (call: SgNode): string => (call.field("function") ?? call.field("constructor"))?.text().slice(-80) ?? "";

/** The number of the outermost node that joins the string with others. */
function groupOf({ groups, language }: Scope, node: SgNode): number {
  let joined = node;
  for (let parent = node.parent(); parent !== null; parent = parent.parent()) {
    const kind = String(parent.kind());
    if (language.joins.has(kind)) joined = parent;
    else if (language.calls.has(kind)) {
      if (!wrapping.test(calleeOf(parent))) break;
      joined = parent;
    } else if (!passing.has(kind) && !language.strings.includes(kind)) break;
  }
  const id = joined.id();
  const known = groups.get(id) ?? groups.size;
  groups.set(id, known);
  return known;
}

function valueOf({ language, namesOf }: Scope, node: SgNode): readonly CodeValue[] {
  const kind = String(node.kind());
  const parent = node.parent();
  if (parent === null || language.named[String(parent.kind())] === undefined) return [];
  const value = plainValue(kind, node.text(), language);
  const [key, ...names] = value === undefined ? [] : namesOf(node);
  return key === undefined || value === undefined ? [] : [{ key, value, range: rangeOf(node), names }];
}

function plainValue(kind: string, text: string, language: Language): Json | undefined {
  if (language.strings.includes(kind)) return /^["'`]([\w ./:@+-]{1,120})["'`]$/.exec(text)?.[1];
  if (language.switches.includes(kind)) return /^true$/i.test(text);
  return /^-?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}
