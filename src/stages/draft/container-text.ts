import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { encodeLiteral, formOf, isJson, isYaml, type LiteralForm, type StringForm, yamlFormAt } from "../../domain/text/string-form.ts";
import type { AgentSource } from "../../domain/source.ts";

/** How the text around a hunk is written: the string it stands in, for YAML the string of its region. */
export function formAround(source: AgentSource, text: string, place: TextRange): StringForm {
  if (isYaml(source.path)) return yamlFormAt(text, source.range.start);
  return formOf(source.path, text, place) ?? { kind: "text" };
}

/** A text as the program reads it, written as its container wants it; `undefined` where that is the same or cannot be. */
export function encoded(text: string, form: StringForm): string | undefined {
  const inside = encodedInside(text, form);
  return inside === text ? undefined : inside;
}

function encodedInside(text: string, form: StringForm): string | undefined {
  switch (form.kind) {
    case "literal":
      return encodeLiteral(text, form);
    case "yaml-double":
      return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t");
    case "yaml-single":
      return text.replaceAll("'", "''");
    case "text":
    case "yaml-block":
    case "yaml-plain":
      return text;
  }
}

/**
 * A replacement as a model wrote it, made fit for its container where only one reading is possible: line ends of the file, a bare line end or
 * quote escaped between quotes, new lines of a block indented like the block. Anything else is left for vetting to refuse.
 */
export function fitted(replacement: string, form: StringForm, place: Place): string {
  const { range, text } = place;
  const ended = withLineEnd(replacement.replaceAll("\r\n", "\n"), text.slice(range.start, range.end));
  const inside = fittedInside(ended, form, place);
  return /\r\n/.test(text) && !/(?<!\r)\n/.test(text) ? inside.replaceAll("\n", "\r\n") : inside;
}

/** A hunk that replaces whole lines must not glue the next line to its last one. */
function withLineEnd(replacement: string, replaced: string): string {
  return replaced.endsWith("\n") && replacement !== "" && !replacement.endsWith("\n") ? `${replacement}\n` : replacement;
}

const jsonEscape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\/g;
const yamlEscape = /\\(?:[0abtnvfreNLP_"/\\ \t\n]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|\\/g;

/** A backslash that begins no escape of its language stands for itself. */
const withEscapes = (text: string, escapes: RegExp): string => text.replace(escapes, (found) => (found === "\\" ? "\\\\" : found));

/** Where a replacement goes: the file, and the place in it. */
export interface Place {
  readonly path: string;
  readonly text: string;
  readonly range: TextRange;
}

function fittedInside(replacement: string, form: StringForm, place: Place): string {
  const { path, range, text } = place;
  const isOneLine = !text.slice(range.start, range.end).includes("\n");
  switch (form.kind) {
    case "literal":
      if (form.literal.writing !== undefined) return fittedWriting(replacement, form, place);
      if (form.isRaw) return replacement;
      return escapedBare(isJson(path) ? withEscapes(replacement, jsonEscape).replaceAll("\t", "\\t") : replacement, form.literal.quote);
    case "yaml-double":
      return escapedBare(withEscapes(replacement, yamlEscape), '"', isOneLine);
    case "yaml-single":
      return unfolded(replacement.replace(/(?<!')'(?:'')*(?!')/g, "$&'"), isOneLine, place);
    case "yaml-block":
      return indented(replacement, form.indent, text.lastIndexOf("\n", range.start - 1) + 1 === range.start);
    case "yaml-plain":
      return unfolded(replacement, isOneLine, place);
    case "text":
      return replacement;
  }
}

/** For strings whose writing is known: text blocks, verbatim and raw strings, here-documents. */
function fittedWriting(replacement: string, form: LiteralForm, { range, text }: Place): string {
  const beginsLine = text.lastIndexOf("\n", range.start - 1) + 1 === range.start;
  const lines = form.indent === undefined || form.indent === "" ? replacement : indented(replacement, form.indent, beginsLine);
  // Brackets that open a string may stand inside it in pairs, as they are.
  if (form.isRaw || form.literal.quote.startsWith("\n") || /^[)\]}>]$/.test(form.literal.quote)) return lines;
  if (form.isDoubled === true) return lines.replace(/(?<!")"(?:"")*(?!")/g, '$&"');
  return escapedBare(lines, form.literal.quote, form.hasLines !== true);
}

/** A flow scalar folds a line end into a space: only an empty line, and text under the key's indentation, stands for one. */
function unfolded(replacement: string, isOneLine: boolean, { range, text }: Place): string {
  if (!isOneLine || !replacement.includes("\n")) return replacement;
  const [indent = ""] = /^[ \t]*(?:- +)*/.exec(text.slice(text.lastIndexOf("\n", range.start - 1) + 1)) ?? [];
  return replacement
    .trimEnd()
    .split(/\n+/)
    .join(`\n\n${" ".repeat(indent.length + 2)}`);
}

/** Escapes what would end a literal and is not escaped already. */
function escapedBare(text: string, quote: string, hasOneLine = quote.length === 1 && quote !== "`"): string {
  let written = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? "";
    if (character === "\\") {
      written += text.slice(index, index + 2);
      index += 1;
    } else if (quote.length === 3 ? text.startsWith(quote, index) : character === quote) written += `\\${character}`;
    else written += hasOneLine && character === "\n" ? "\\n" : character;
  }
  return written;
}

/** New lines of a block under the block's indent, if the model wrote them without it. */
function indented(replacement: string, indent: string, beginsLine: boolean): string {
  const lines = replacement.split("\n");
  const own = lines.filter((line, index) => line.trim() !== "" && (index > 0 || beginsLine));
  if (own.every((line) => line.startsWith(indent))) return replacement;
  return lines.map((line, index) => (line.trim() === "" || (index === 0 && !beginsLine) ? line : indent + line)).join("\n");
}
