import type { TextRange } from "./apply-hunk.ts";
import { isCode, type Literal, literalsOf } from "./literals.ts";
import type { Writing } from "./literals/writing.ts";

/** How a string of a file is written: decides which characters mean something else there, and so what an edit must escape. */
export type StringForm =
  /** Prose: every character stands for itself. */
  | { readonly kind: "text" }
  /** Between quotes in code, TOML or JSON. */
  | LiteralForm
  | { readonly kind: "yaml-double" }
  | { readonly kind: "yaml-single" }
  /** Below a `|` or `>`: every line begins with the indent. */
  | { readonly kind: "yaml-block"; readonly indent: string }
  | { readonly kind: "yaml-plain" };

/** A string between quotes. */
export interface LiteralForm extends Omit<Writing, "isRaw" | "isFormat"> {
  readonly kind: "literal";
  readonly literal: Literal;
  readonly isRaw: boolean;
  readonly isFormat: boolean;
  /** What all its lines begin with, where that is none of the text. */
  readonly indent?: string;
}

export const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path);
export const isJson = (path: string): boolean => /\.(?:jsonc?|json5|ipynb)$/i.test(path);
const isToml = (path: string): boolean => /\.toml$/i.test(path);
const python = /\.(?:py|pyi)$/i;

/** Whether strings of this kind of file stand between quotes. */
export const hasLiterals = (path: string): boolean => isCode(path) || isJson(path) || isToml(path);

/** All string literals of a file that has such. TOML has the quotes and comments of Python. */
export const stringsOf = (path: string, text: string): readonly Literal[] => literalsOf(isToml(path) ? "strings.py" : path, text);

/** How the string around a place is written; `undefined` where the place lies in code or data but in no single string. */
export function formOf(path: string, text: string, place: TextRange): StringForm | undefined {
  if (hasLiterals(path)) {
    const literal = stringsOf(path, text).find((one) => one.start <= place.start && place.end <= one.end);
    if (literal === undefined) return undefined;
    if (literal.writing === undefined) return { kind: "literal", literal, ...prefixOf(path, text, literal) };
    return { kind: "literal", literal, ...literal.writing, ...indentOf(text, literal) };
  }
  return { kind: "text" };
}

/** The form of a YAML string whose inner text begins at an offset. */
export function yamlFormAt(text: string, start: number): StringForm {
  if (text[start - 1] === '"') return { kind: "yaml-double" };
  if (text[start - 1] === "'") return { kind: "yaml-single" };
  const header = text.slice(text.lastIndexOf("\n", start - 2) + 1, start);
  if (!/[|>][+-]?\d?[+-]?[ \t]*(?:#.*)?\r?\n$/.test(header)) return { kind: "yaml-plain" };
  const rest = text.slice(start);
  const [, indent = ""] = /^(?:[ \t]*\r?\n)*([ \t]+)/.exec(rest) ?? [];
  return { kind: "yaml-block", indent };
}

/** The indentation that the lines of a block share, its closing quotes' line counted. */
function indentOf(text: string, { end, start, writing }: Literal): { readonly indent?: string } {
  if (writing?.isIndented !== true) return {};
  const inside = text.slice(start, end);
  const lines = inside.split("\n");
  const last = lines.at(-1) ?? "";
  const isHeredoc = text[start - 1] === "\n";
  const counted = [
    ...lines.slice(isHeredoc ? 0 : 1).filter((line) => line.trim() !== ""),
    ...(isHeredoc || last.trim() !== "" ? [] : [last]),
  ];
  const indents = counted.map((line) => /^[ \t]*/.exec(line)?.[0] ?? "");
  return { indent: indents.reduce((least, one) => (one.length < least.length ? one : least), indents[0] ?? "") };
}

function prefixOf(path: string, text: string, literal: Literal): { readonly isRaw: boolean; readonly isFormat: boolean } {
  const opening = literal.start - literal.quote.length;
  const [, prefix = ""] = /(?:^|[^\p{L}\p{N}_])([A-Za-z]{1,3}#?|[@$]{1,2})$/u.exec(text.slice(Math.max(0, opening - 5), opening)) ?? [];
  if (python.test(path)) return { isRaw: /r/i.test(prefix), isFormat: /f/i.test(prefix) };
  if (isToml(path)) return { isRaw: literal.quote.startsWith("'"), isFormat: false };
  if (/\.go$/i.test(path)) return { isRaw: literal.quote === "`", isFormat: false };
  return { isRaw: prefix === "r" || prefix === "r#" || prefix.includes("@"), isFormat: prefix.includes("$") };
}

const simpleEscapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", "0": "\0", "\n": "" };
const escape = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))/g;

/**
 * The text that the inside of a literal stands for. Escapes that no common language knows stay as they are: the text is only compared with
 * other text of the same literal.
 */
export function decodeLiteral(inside: string, form: LiteralForm): string {
  const lines = form.indent === undefined ? inside : unindented(inside, form.indent);
  if (form.isRaw) return lines;
  if (form.isDoubled === true) return withSingleBraces(lines.replaceAll('""', '"'), form);
  if (form.isPlain === true) return lines.replace(/\\(['\\])/g, "$1");
  const joined = form.joinsLines === true ? lines.replace(/(?<!\\)((?:\\\\)*)\\\r?\n\s*/g, "$1") : lines;
  const isHash = (whole: string): boolean => form.hasHash === true && whole === "\\#";
  const plain = joined.replace(escape, (whole, ...found: (string | undefined)[]) => (isHash(whole) ? "#" : decoded(whole, found)));
  return withSingleBraces(plain, form);
}

const withSingleBraces = (text: string, { isFormat }: LiteralForm): string =>
  isFormat ? text.replaceAll("{{", "{").replaceAll("}}", "}") : text;

/** A block without its indentation; of one between quotes also without its first line end and the line of the closing ones. */
function unindented(inside: string, indent: string): string {
  const body = inside.replace(/^[ \t]*\r?\n/, "");
  return body
    .split("\n")
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))
    .join("\n");
}

function decoded(whole: string, found: readonly (string | undefined)[]): string {
  const digits = found[0] ?? found[1] ?? found[2] ?? found[3];
  if (digits !== undefined) {
    const code = Number.parseInt(digits, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  }
  const character = found[4] ?? "";
  if (character === "\r\n") return "";
  return simpleEscapes[character] ?? (/["'`\\$/]/.test(character) ? character : whole);
}

/** Escapes that mean the same to a language and to `decodeLiteral`, by the end of the file's name. */
const knownEscapes: readonly (readonly [path: RegExp, escapes: RegExp])[] = [
  [python, /^\\(?:[bfnrtv0'"\\\n]|\r\n|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})$/i],
  [/\.toml$/i, /^\\(?:[btnfr"\\\n]|\r\n|u[0-9a-f]{4}|U[0-9a-f]{8})$/i],
  [/\.(?:[cm]?[jt]sx?|vue|svelte)$/i, /^\\(?:[bfnrtv0'"`$\\/\n]|\r\n|x[0-9a-f]{2}|u[0-9a-f]{4}|u\{[0-9a-f]{1,6}\})$/i],
  [/\.java$/i, /^\\(?:[bfnrt"'\\\n]|u[0-9a-f]{4})$/i],
  [/\.kts?$/i, /^\\(?:[bnrt"'\\$]|u[0-9a-f]{4})$/i],
  [/\.cs$/i, /^\\(?:[bfnrtv0"'\\]|u[0-9a-f]{4}|U[0-9a-f]{8})$/i],
  [/\.rs$/i, /^\\(?:[nrt0"'\\\n]|x[0-9a-f]{2}|u\{[0-9a-f]{1,6}\})$/i],
  [/\.rb$/i, /^\\(?:[bfnrtv"'#\\]|u[0-9a-f]{4}|u\{[0-9a-f]{1,6}\})$/i],
  [/\.go$/i, /^\\(?:[bfnrtv"\\]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})$/i],
];
const commonEscapes = /^\\(?:[nrt"\\]|u[0-9a-f]{4})$/i;

/** How many escapes inside a literal its language does not know, or reads in its own way: what such a string says cannot be told for sure. */
export function unsureEscapes(path: string, inside: string): number {
  const known = knownEscapes.find(([pattern]) => pattern.test(path))?.[1] ?? commonEscapes;
  return (inside.match(escape) ?? []).filter((found) => !known.test(found)).length;
}

/** Text as it must be written inside a literal to stand for itself; `undefined` where the literal cannot hold it. */
export function encodeLiteral(text: string, form: LiteralForm): string | undefined {
  const { quote } = form.literal;
  if (form.literal.writing !== undefined) return encodeWriting(text, form);
  const braced = withDoubledBraces(text, form);
  if (form.isRaw) return braced.includes(quote) || (quote.length === 1 && quote !== "`" && braced.includes("\n")) ? undefined : braced;
  const escaped = braced.replaceAll("\\", "\\\\").replaceAll("\r", "");
  if (quote.length === 3) return escaped.replaceAll(quote, `\\${quote}`);
  if (quote === "`") return escaped.replaceAll("`", "\\`").replaceAll("${", "\\${");
  return escaped.replaceAll(quote, `\\${quote}`).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

const withDoubledBraces = (text: string, { isFormat }: LiteralForm): string =>
  isFormat ? text.replaceAll("{", "{{").replaceAll("}", "}}") : text;

/** As `encodeLiteral`, for strings whose writing is known. */
function encodeWriting(text: string, form: LiteralForm): string | undefined {
  const { indent = "", literal } = form;
  const lines = indent === "" ? text : text.replace(/\n(?=[^\n])/g, `\n${indent}`);
  if (form.isRaw) {
    const fills = form.hasDollar === true ? /\$[\p{L}_{]/u : form.braces === undefined ? undefined : /[{}]/;
    return lines.includes(literal.quote) || fills?.test(lines) === true ? undefined : lines;
  }
  if (form.isDoubled === true) return withDoubledBraces(lines.replaceAll('"', '""'), form);
  // Brackets that open a string open again inside it.
  const bracket = /^[)\]}>]$/.test(literal.quote) ? /[()[\]{}<>]/ : undefined;
  if (bracket?.test(lines) === true) return undefined;
  const escaped = withDoubledBraces(lines.replaceAll("\\", "\\\\").replaceAll("\r", ""), form);
  if (form.isPlain === true) return escaped.replaceAll(literal.quote, `\\${literal.quote}`);
  const kept =
    form.hasDollar === true ? escaped.replaceAll("$", "\\$") : form.hasHash === true ? escaped.replaceAll("#{", "\\#{") : escaped;
  const isOpen = literal.quote.startsWith("\n");
  if (isOpen && `\n${kept}`.includes(literal.quote)) return undefined;
  const quoted = isOpen ? kept : kept.replaceAll(literal.quote, `\\${literal.quote}`);
  return form.hasLines === true && form.joinsLines !== true ? quoted : quoted.replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Text of any container with the escapes undone that could hide a character from a reader: line ends, quotes, code points. Prose stays as it is. */
export function withoutEscapes(path: string, text: string): string {
  if (!hasLiterals(path) && !isYaml(path)) return text;
  return text.replace(escape, (whole, ...found: (string | undefined)[]) => decoded(whole, found));
}
