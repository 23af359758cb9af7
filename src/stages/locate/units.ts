import { isNode, isScalar, parseAllDocuments, visit } from "yaml";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { isCode, type Literal } from "../../domain/text/literals.ts";
import { hasLiterals, isJson, isYaml, stringsOf } from "../../domain/text/string-form.ts";
import type { CodeString, LiteralReader } from "../../ports/literal-reader.ts";

/** A text of a file that a program reads as one: a string with what is joined to it, a YAML or JSON value, the body of a document. */
export interface Unit {
  readonly kind: "string" | "value" | "prose";
  /** The pieces that are text, in order: strings without the expressions that are filled into them. */
  readonly pieces: readonly TextRange[];
  /** The insides of its strings, or the one range of other units, in order. */
  readonly strings: readonly TextRange[];
  /** Names that it belongs to, innermost first, where the language was read. */
  readonly names: readonly string[];
  /** The documentation string of a function, class or module. */
  readonly isDocumentation?: true;
  /** Why no edit of it could be checked, as far as its file is concerned; absent where it can be edited. */
  readonly readOnly?: string;
}

/** Larger documents take too long to parse; their strings are found by their quotes alone. */
const largestYaml = 256 * 1024;

/**
 * The units of a file, in order. A file of no known kind is one unit of prose, behind its front matter. Names of strings in code are left out
 * unless asked for: they take most of the time. So are the keys around a value of JSON.
 */
export function unitsOf(path: string, text: string, literals: LiteralReader | undefined, depth: "strings" | "names"): readonly Unit[] {
  if (isYaml(path)) return yamlUnits(text);
  if (depth === "names" && isJson(path)) return jsonUnits(path, text);
  if (isCode(path)) {
    const reading = literals?.read(path, text, depth);
    return reading === undefined ? scannedUnits(path, text) : readUnits(reading.strings);
  }
  return hasLiterals(path) ? scannedUnits(path, text) : [proseUnit(text)];
}

function proseUnit(text: string, readOnly?: string): Unit {
  const range = { start: bodyStart(text), end: text.length };
  return { kind: "prose", pieces: [range], strings: [range], names: [], ...(readOnly === undefined ? {} : { readOnly }) };
}

/** Behind front matter, which is configuration and not prompt. */
export function bodyStart(text: string): number {
  const match = /^\uFEFF?---\r?\n[\s\S]*?\r?\n---[ \t]*(?:\r?\n|$)/.exec(text);
  return match === null ? 0 : match[0].length;
}

/** What `names` are to a value of a document: the keys that lead to it, innermost first, and a `name` beside it. */
function yamlUnits(text: string): readonly Unit[] {
  if (text.length > largestYaml) return [proseUnit(text, "the file is too large to be parsed after an edit")];
  const units: Unit[] = [];
  try {
    const documents = parseAllDocuments(text, { keepSourceTokens: true });
    if (!Array.isArray(documents) || documents.some((document) => document.errors.length > 0))
      return [proseUnit(text, "the file is no well-formed YAML, so no edit of it can be checked")];
    for (const document of documents) {
      visit(document, {
        Scalar(key, node, ancestors) {
          if (key === "key" || typeof node.value !== "string" || node.range === null || node.range === undefined) return;
          const range = innerRange(text, node.range[0], node.range[1]);
          units.push({ kind: "value", pieces: [range], strings: [range], names: namesIn(ancestors) });
        },
      });
    }
  } catch {
    // Anchors that loop, tags that throw: then it is text like any other.
    return [proseUnit(text, "the file is no well-formed YAML, so no edit of it can be checked")];
  }
  return units;
}

/** JSON is YAML as far as its keys are concerned; with comments in it, it is strings by their quotes. */
function jsonUnits(path: string, text: string): readonly Unit[] {
  const units = yamlUnits(text);
  return units.some((unit) => unit.readOnly !== undefined) ? scannedUnits(path, text) : units;
}

function namesIn(ancestors: readonly unknown[]): readonly string[] {
  return ancestors.toReversed().flatMap((one): readonly string[] => {
    if (one === null || typeof one !== "object") return [];
    if ("key" in one && isScalar(one.key)) return [String(one.key.value)];
    if (!isNode(one) || !("get" in one) || typeof one.get !== "function" || !("has" in one)) return [];
    const name: unknown = one.get("name");
    return typeof name === "string" && name.length <= 120 ? [name] : [];
  });
}

function innerRange(text: string, start: number, end: number): TextRange {
  const first = text[start];
  if (first === '"' || first === "'") return { start: start + 1, end: end - 1 };
  if (first === "|" || first === ">") {
    const header = text.indexOf("\n", start);
    return { start: header < 0 ? end : header + 1, end };
  }
  return { start, end };
}

/** Strings of a program as its language reads them, joined as it joins them. */
function readUnits(strings: readonly CodeString[]): readonly Unit[] {
  const groups = new Map<number, CodeString[]>();
  for (const one of strings) {
    const known = groups.get(one.group);
    if (known === undefined) groups.set(one.group, [one]);
    else known.push(one);
  }
  return [...groups.values()].map((group): Unit => {
    const outer = outermost(group);
    return {
      kind: "string",
      pieces: outer.flatMap((one) => piecesOf(one, group)),
      strings: outer.map((one) => one.range),
      names: outer[0]?.names ?? [],
      ...(outer[0]?.isDocumentation === true ? { isDocumentation: true } : {}),
    };
  });
}

/**
 * Why no edit of these strings could be checked; `undefined` where it can. What an edit may touch is checked with another reader, by quotes
 * alone: only where both see the same strings, nothing else can be changed.
 */
export function writingProblem(path: string, text: string, strings: readonly TextRange[]): string | undefined {
  if (!hasLiterals(path)) return undefined;
  const seen = new Set(stringsOf(path, text).map((literal) => `${literal.start} ${literal.end}`));
  return strings.every((range) => seen.has(`${range.start} ${range.end}`))
    ? undefined
    : "the bounds of this string cannot be checked again after an edit";
}

/** Strings that stand in no other one; they come in the order of their beginnings. */
function outermost(strings: readonly CodeString[]): readonly CodeString[] {
  let end = -1;
  return strings.filter(({ range }) => {
    const isOuter = range.start >= end;
    if (isOuter) end = range.end;
    return isOuter;
  });
}

const deepest = 20;

/** A string without its filled-in expressions; strings inside these are text again. */
function piecesOf(string: CodeString, group: readonly CodeString[], depth = 0): readonly TextRange[] {
  const pieces: TextRange[] = [];
  let start = string.range.start;
  for (const gap of string.gaps) {
    if (gap.start < start || gap.end > string.range.end) continue;
    if (gap.start > start) pieces.push({ start, end: gap.start });
    const inside = depth < deepest ? outermost(within(gap, group)) : [];
    pieces.push(...inside.flatMap((one) => piecesOf(one, group, depth + 1)));
    start = gap.end;
  }
  if (string.range.end > start) pieces.push({ start, end: string.range.end });
  return pieces;
}

/** The strings that begin inside a range, found by halving. */
function within(range: TextRange, strings: readonly CodeString[]): readonly CodeString[] {
  let [low, high] = [0, strings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((strings[middle]?.range.start ?? 0) <= range.start) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while ((strings[last]?.range.start ?? Number.POSITIVE_INFINITY) < range.end) last += 1;
  return strings.slice(low, last);
}

/** What may stand between two strings that are one text: quotes' prefixes, joining signs, line ends. */
const between = /^["'`]*[\s+\\,.]*(?:[frbuFRBU]{0,2})["'`]*$/;
const widestBetween = 200;

/** Strings found by their quotes: JSON, TOML, and languages that no reader knows. Neighbours with nothing between them are one text. */
function scannedUnits(path: string, text: string): readonly Unit[] {
  const groups: Literal[][] = [];
  for (const literal of stringsOf(path, text)) {
    if (isJson(path) && isKeyAt(text, literal.end)) continue;
    const last = groups.at(-1)?.at(-1);
    const isNext = last !== undefined && literal.start - last.end <= widestBetween && between.test(text.slice(last.end, literal.start));
    if (isNext) groups.at(-1)?.push(literal);
    else groups.push([literal]);
  }
  return groups.map((group): Unit => {
    const ranges = group.map(({ end, start }) => ({ start, end }));
    return { kind: isCode(path) ? "string" : "value", pieces: ranges, strings: ranges, names: [] };
  });
}

function isKeyAt(text: string, end: number): boolean {
  for (let index = end + 1; index < text.length && index < end + 50; index += 1) {
    const character = text[index] ?? "";
    if (character === ":") return true;
    if (character.trim() !== "") return false;
  }
  return false;
}
