import { createRequire } from "node:module";
import { parse, registerDynamicLanguage, type SgNode } from "@ast-grep/napi";
import type { Json } from "../../domain/ids.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import type { CodeReading, CodeString, CodeValue, LiteralReader } from "../../ports/literal-reader.ts";
import { type Language, languageOf } from "./languages.ts";
import { isDocumentation, nameReader } from "./names.ts";

const largest = 1024 * 1024;
const mostNodes = 20_000;
const builtIn = ["TypeScript", "Tsx"];
/** Without these there is no reader at all. */
const needed = ["python", "go"];
/** Grammars that are used where their packages are there. */
const others = ["java", "kotlin", "csharp", "ruby", "rust"];
let registered: ReadonlySet<string> | undefined;

/** Answers which grammars there are. ast-grep refuses a second registration in one process. */
function registerLanguages(): ReadonlySet<string> {
  if (registered !== undefined) return registered;
  const load = createRequire(import.meta.url);
  const found = new Map(needed.map((name) => [name, load(`@ast-grep/lang-${name}`)]));
  for (const name of others) {
    try {
      found.set(name, load(`@ast-grep/lang-${name}`));
    } catch {
      // Not installed, or not for this platform: strings of this language are read by their quotes.
    }
  }
  registerDynamicLanguage(Object.fromEntries(found));
  registered = new Set([...builtIn, ...found.keys()]);
  return registered;
}

/**
 * Reads Python, JavaScript, TypeScript, Go, Java and C# through ast-grep's tree-sitter grammars, Kotlin, Ruby and Rust too where their packages are installed. Throws when the native library does not load.
 */
export function astGrepLiterals(): LiteralReader {
  const languages = registerLanguages();
  return {
    read(path, text, depth) {
      const language = languageOf(path);
      return language === undefined || !languages.has(language.id) || text.length > largest ? undefined : readCode(language, text, depth);
    },
  };
}

function readCode(language: Language, text: string, depth: "strings" | "names"): CodeReading {
  const root = parse(language.id, text).root();
  const find = (kinds: readonly string[]): readonly SgNode[] =>
    root.findAll({ rule: { any: kinds.map((kind) => ({ kind })) } }).slice(0, mostNodes);
  const scope: Scope = {
    language,
    namesOf: depth === "names" ? nameReader(language) : () => [],
    groups: new Map(),
    homes: heredocHomes(language, find),
  };
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
  /** Where a here-document's body belongs, by the id of the body. */
  readonly homes: ReadonlyMap<number, SgNode>;
}

/** Bodies of here-documents follow in the order in which they were begun. */
function heredocHomes({ heredocs }: Language, find: (kinds: readonly string[]) => readonly SgNode[]): ReadonlyMap<number, SgNode> {
  if (heredocs === undefined) return new Map();
  const beginnings = find([heredocs.beginning]);
  return new Map(
    find([heredocs.body]).flatMap((body, index) => {
      const home = beginnings[index];
      return home === undefined ? [] : [[body.id(), home] as const];
    }),
  );
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
  const range = insideOf(scope.language, node, children);
  if (range === undefined || range.end < range.start) return [];
  const home = scope.homes.get(node.id()) ?? node;
  return [
    {
      range,
      gaps: children.filter((child) => scope.language.gaps.has(String(child.kind()))).map((child) => rangeOf(child)),
      group: groupOf(scope, home),
      names: scope.namesOf(home),
      isDocumentation: isDocumentation(node),
    },
  ];
}

/** What stands between a string's quotes; of a here-document its lines, up to the one that ends it. */
function insideOf({ heredocs, opening }: Language, node: SgNode, children: readonly SgNode[]): TextRange | undefined {
  const whole = rangeOf(node);
  if (heredocs !== undefined && String(node.kind()) === heredocs.body) {
    const text = node.text();
    const last = children.at(-1);
    if (last === undefined || String(last.kind()) !== heredocs.end) return undefined;
    const end = text.lastIndexOf("\n", rangeOf(last).start - whole.start - 1) + 1;
    return { start: whole.start + text.indexOf("\n") + 1, end: whole.start + end };
  }
  if (opening !== undefined) {
    const text = node.text();
    const sign = opening.exec(text)?.[0];
    if (sign === undefined) return undefined;
    const quotes = sign.slice(sign.indexOf('"'));
    const closing = `${quotes}${"#".repeat(sign.split("#").length - 1)}`;
    const end = text.lastIndexOf(closing);
    return end < sign.length ? undefined : { start: whole.start + sign.length, end: whole.start + end };
  }
  const [first, last] = [children[0], children.at(-1)];
  if (first === undefined || last === undefined || first.id() === last.id()) return undefined;
  return { start: rangeOf(first).end, end: rangeOf(last).start };
}

/** Calls on a string that leave its text a text: `"…".format(x)`, `dedent("…")`, `"\n".join([…])`. */
const wrapping =
  /^(?:(?:textwrap\.)?dedent|(?:inspect\.)?cleandoc|str|String|fmt\.Sprintf|strings\.(?:TrimSpace|Join)|outdent|stripIndent|f|listOf|arrayOf|List\.of|Arrays\.asList|format|concat|indoc|formatdoc|write|writeln|vec)$|\.(?:format|formatted|strip|lstrip|rstrip|join|trim|trimStart|trimEnd|trimIndent|trimMargin|stripIndent|strip_heredoc|squish|concat|replace|render|format_map|into|to_string|to_owned|freeze|Format|Join|Concat|Trim|Replace|joinToString)$/;
const passing: ReadonlySet<string> = new Set([
  "arguments",
  "argument_list",
  "attribute",
  "member_expression",
  "selector_expression",
  "call_suffix",
  "value_arguments",
  "value_argument",
  "navigation_expression",
  "argument",
  "member_access_expression",
  "token_tree",
  "field_expression",
  "heredoc_beginning",
]);

/** What a call calls, dotted: a node of its own, or all that stands before its arguments. */
function calleeOf(call: SgNode): string {
  const named = call.field("function") ?? call.field("constructor") ?? call.field("macro");
  if (named !== null) return named.text().slice(-80);
  const list = call.field("arguments") ?? call.children().at(-1);
  const text = list === null || list === undefined ? call.text() : call.text().slice(0, rangeOf(list).start - rangeOf(call).start);
  return text.trimEnd().slice(-80);
}

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
