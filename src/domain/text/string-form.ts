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
const escape = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(\r\n|[0-7]{2,3}|[\s\S]))/g;

/**
 * The text that the inside of a literal stands for. Escapes that no common language knows stay as they are: the text is only compared with
 * other text of the same literal.
 */
export function decodeLiteral(inside: string, form: LiteralForm): string {
  const whole = form.indent === undefined ? inside : unindented(inside, form.indent);
  const lines = form.trimsLines === true ? whole.replace(trailingSpace, "") : whole;
  if (form.isRaw) return lines;
  if (form.isDoubled === true) return withSingleBraces(lines.replaceAll('""', '"'), form);
  if (form.isPlain === true)
    return lines.replace(/\\([\s\S])/g, (found, character: string) => (character === "\\" || isSign(character, form) ? character : found));
  const joined = form.joinsLines === true ? lines.replace(/(?<!\\)((?:\\\\)*)\\\r?\n\s*/g, "$1") : lines;
  const isHash = (found: string): boolean => form.hasHash === true && (found === "\\#" || isSign(found.slice(1), form));
  const plain = joined.replace(escape, (found, ...parts: (string | undefined)[]) =>
    isHash(found) ? found.slice(1) : decoded(found, parts),
  );
  return withSingleBraces(plain, form);
}

const trailingSpace = /(?<![ \t])[ \t]+(?=\r?\n)/g;
const openings: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{", ">": "<" };

/** Whether a character opens or closes a literal of this kind. */
const isSign = (character: string, { literal }: LiteralForm): boolean =>
  character === literal.quote || (openings[literal.quote] !== undefined && character === openings[literal.quote]);

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

/** Escapes that mean the same to a language and to `decodeLiteral`, by the end of the file's name. Java reads `\u0022` before it sees strings: it may end one. */
const knownEscapes: readonly (readonly [path: RegExp, escapes: RegExp])[] = [
  [python, /^\\(?:[bfnrtv0'"\\\n]|\r\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})$/],
  [/\.toml$/i, /^\\(?:[btnfr"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})$/],
  [/\.(?:[cm]?[jt]sx?|vue|svelte)$/i, /^\\(?:[bfnrtv0'"`$\\/\n]|\r\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\})$/],
  [/\.java$/i, /^\\[bfnrt"'\\\n]$/],
  [/\.kts?$/i, /^\\(?:[bnrt"'\\$]|u[0-9a-fA-F]{4})$/],
  [/\.cs$/i, /^\\(?:[bfnrtv0"'\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})$/],
  [/\.rs$/i, /^\\(?:[nrt0"'\\\n]|x[0-7][0-9a-fA-F]|u\{[0-9a-fA-F]{1,6}\})$/],
  [/\.rb$/i, /^\\(?:[bfnrtv"'#\\]|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\})$/],
  [/\.go$/i, /^\\(?:[bfnrtv"\\]|x[0-7][0-9a-fA-F]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})$/],
];
const commonEscapes = /^\\[nrt"\\]$/;

/** Whether backslashes begin escapes in a literal as they commonly do: not where text stands raw, or only its quotes can be escaped. */
export const hasEscapes = ({ isDoubled, isPlain, isRaw }: LiteralForm): boolean => !isRaw && isDoubled !== true && isPlain !== true;

/** The escapes inside a literal that its language does not know, or reads in its own way, as often as they stand there: what such a string says cannot be told for sure. */
export function unsureEscapes(path: string, inside: string, form: LiteralForm): readonly string[] {
  if (!hasEscapes(form)) return [];
  const known = knownEscapes.find(([pattern]) => pattern.test(path))?.[1] ?? commonEscapes;
  return (inside.match(escape) ?? []).filter((found) => !known.test(found) && !isSign(found.slice(1), form));
}

const filling =
  /\$\{|#\{|#@{1,2}[\p{L}_][\p{L}\p{N}_]*|#\$[\p{L}_][\p{L}\p{N}_]*|\\\(|\{\{|\}\}|[{}]|\$[\p{L}_][\p{L}\p{N}_]*|\$`[^`\n]+`|%[sdifr](?!\p{L})|%\(/gu;

/**
 * What marks places inside a literal that are filled in (`${`, `#{`, `#@name`, `{`, `$name`, `%s` …), in order. A dollar or hash behind a
 * backslash that is not escaped itself marks none; Swift's `\(` marks one just then.
 */
export function filledIn(inside: string, form: LiteralForm): readonly string[] {
  return [...inside.matchAll(filling)].flatMap(({ 0: found, index }) => {
    const isEscaped = hasEscapes(form) && backslashesBefore(inside, index) % 2 === 1;
    if (!isEscaped || /^[{}%]/.test(found)) return [found];
    // `\${x}` fills nothing in, but its brace stays one for whatever reads braces later.
    return found.endsWith("{") ? ["{"] : [];
  });
}

function backslashesBefore(text: string, index: number): number {
  let start = index;
  while (text[start - 1] === "\\") start -= 1;
  return index - start;
}

/**
 * Text as it must be written inside a literal to stand for itself; `undefined` where the literal cannot hold it. Behind a line end that is the
 * last of the text the file's own line goes on, so that gets no indentation.
 */
export function encodeLiteral(text: string, form: LiteralForm): string | undefined {
  const { quote } = form.literal;
  if (form.literal.writing !== undefined) return encodeWriting(text, form);
  const braced = withDoubledBraces(text, form);
  if (form.isRaw) return isRawable(braced, quote) ? braced : undefined;
  const escaped = braced.replaceAll("\\", "\\\\").replaceAll("\r", "");
  if (quote.length === 3) return withoutLongQuote(escaped, quote.slice(0, 1));
  if (quote === "`") return escaped.replaceAll("`", "\\`").replace(/\$(?=\{|$)/g, "\\$");
  return escaped.replaceAll(quote, `\\${quote}`).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

const withDoubledBraces = (text: string, { isFormat }: LiteralForm): string =>
  isFormat ? text.replaceAll("{", "{{").replaceAll("}", "}}") : text;

/** Whether a raw literal of Python, Go or TOML can hold a text. A quote or backslash at its end may meet the closing quote. */
function isRawable(text: string, quote: string): boolean {
  if (text.includes(quote)) return false;
  return quote === "`" || !(text.endsWith("\\") || text.endsWith(quote.slice(0, 1)) || (quote.length === 1 && text.includes("\n")));
}

/** Of three quotes in a row the last one is escaped; at the ends each, for more may stand beside them. */
const withoutLongQuote = (text: string, quote: string): string =>
  text.replace(new RegExp(`^${quote}|${quote}$|(?<=${quote}${quote})${quote}`, "g"), `\\${quote}`);

/** As `encodeLiteral`, for strings whose writing is known. */
function encodeWriting(text: string, form: LiteralForm): string | undefined {
  const { indent = "", literal } = form;
  const lines = indent === "" ? text : text.replace(/\n(?=[^\n])/g, `\n${indent}`);
  if (form.trimsLines === true && /[ \t](?:\r?\n|$)/.test(lines)) return undefined;
  if (endsHeredoc(text, form)) return undefined;
  if (form.isRaw) return encodeRaw(lines, form);
  if (form.isDoubled === true) return withDoubledBraces(lines.replaceAll('"', '""'), form);
  // Brackets that open a string open again inside it.
  if (openings[literal.quote] !== undefined && /[()[\]{}<>]/.test(lines)) return undefined;
  const escaped = withDoubledBraces(lines.replaceAll("\\", "\\\\").replaceAll("\r", ""), form);
  if (form.isPlain === true) return escaped.replaceAll(literal.quote, `\\${literal.quote}`);
  const kept = withoutFilling(escaped, form);
  const quoted = literal.quote.startsWith("\n")
    ? kept
    : literal.quote.length === 3
      ? withoutLongQuote(kept, '"')
      : kept.replaceAll(literal.quote, `\\${literal.quote}`);
  return form.hasLines === true && form.joinsLines !== true ? quoted : quoted.replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Signs that would fill something in, escaped. One at the end may meet what stands behind it. */
function withoutFilling(text: string, { hasDollar, hasHash }: LiteralForm): string {
  if (hasDollar === true) return text.replaceAll("$", "\\$");
  return hasHash === true ? text.replace(/#(?=[{@$]|$)/g, "\\#") : text;
}

/** Whether a line of a text would end the here-document that it stands in. */
const endsHeredoc = (text: string, { literal }: LiteralForm): boolean =>
  literal.quote.startsWith("\n") && text.split("\n").some((line) => line.trim() === literal.quote.slice(1));

function encodeRaw(text: string, form: LiteralForm): string | undefined {
  const { quote } = form.literal;
  const fills = form.hasDollar === true ? /\$(?=[\p{L}_{`]|$)/u : form.braces === undefined ? undefined : /[{}]/;
  if (text.includes(quote) || fills?.test(text) === true) return undefined;
  if (form.hasLines === true) return text;
  // C#'s raw string on one line: a quote at an end would lengthen the row of quotes there.
  return /^"|"$|\n/.test(text) ? undefined : text;
}

/** Text of any container with the escapes undone that could hide a character from a reader: line ends, quotes, code points. Prose stays as it is. */
export function withoutEscapes(path: string, text: string): string {
  if (!hasLiterals(path) && !isYaml(path)) return text;
  return text.replace(escape, (whole, ...found: (string | undefined)[]) => decoded(whole, found));
}
