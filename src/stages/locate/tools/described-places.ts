import type { ToolDefinition } from "../../../domain/message.ts";
import type { TextRange } from "../../../domain/text/apply-hunk.ts";
import { isCode } from "../../../domain/text/literals.ts";
import { isJson, isYaml } from "../../../domain/text/string-form.ts";
import type { ReadFile } from "../fragments.ts";
import type { Unit } from "../units.ts";
import { evenName, rangeOf, spelledNames, squash, type Squashed, squashed } from "./squashed.ts";

/** A string of a file that may be a tool's description, ready to be compared. */
export interface ToolText {
  readonly unit: Unit;
  readonly range: TextRange;
  readonly whole: Squashed;
  /** Texts between what the program fills in; one where it fills in nothing. */
  readonly pieces: readonly string[];
  /** As they are compared. */
  readonly names: readonly string[];
}

/** A file with its strings, and the names in it. */
export interface ToolFile {
  readonly path: string;
  readonly text: string;
  readonly texts: readonly ToolText[];
}

/** How a string relates to a recorded description. */
export interface Described {
  readonly range: TextRange;
  readonly method: "exact" | "normalised" | "template";
  /** Share of the recorded description that stands there, 0..1. */
  readonly score: number;
}

/** A recorded description, and as it is compared. */
export interface Recorded {
  readonly text: string;
  readonly squashed: string;
}

export const recordedOf = (text: string): Recorded => ({ text, squashed: squash(text) });

const longestText = 40_000;

/** The strings of a file as tools' descriptions may stand in them: each one joined text, and each of its strings for itself. */
export function toolFile({ path, text, units }: ReadFile): ToolFile {
  if (!isCode(path) && !isYaml(path) && !isJson(path)) return { path, text, texts: [] };
  return { path, text, texts: units.flatMap((unit) => textsOf(text, unit)) };
}

function textsOf(text: string, unit: Unit): readonly ToolText[] {
  const first = unit.strings[0];
  const last = unit.strings.at(-1);
  if (first === undefined || last === undefined || last.end - first.start > longestText || unit.kind === "prose") return [];
  const names = unit.names.map((name) => evenName(name));
  const hasEscapes = unit.kind === "string" || text[first.start - 1] === '"';
  const one = (pieces: readonly TextRange[], range: TextRange, isFilled: boolean): ToolText => ({
    unit,
    range,
    whole: squashed(text, pieces, hasEscapes),
    pieces: isFilled ? pieces.map((piece) => squashed(text, [piece], hasEscapes).text) : [],
    names,
  });
  const isFilled = unit.pieces.length > unit.strings.length;
  const whole = one(unit.pieces, { start: first.start, end: last.end }, isFilled);
  return unit.strings.length === 1 || isFilled ? [whole] : [whole, ...unit.strings.map((string) => one([string], string, false))];
}

const shortestNamed = 4;
const shortestUnnamed = 16;
const shortestHeld = 24;
const leastShare = 0.4;

/** Place of a tool's name among the names around a string; -1 where it is not among them. */
export const nameIndex = (names: readonly string[], wanted: readonly string[]): number =>
  names.findIndex((name) => name !== "" && wanted.includes(name));

/** 0 where the name stands as it was recorded, 1 where it is spelled otherwise: `_search` is beside `search`, not it. */
export const otherSpelling = ({ unit }: ToolText, index: number, spelled: readonly string[]): 0 | 1 =>
  spelled.includes(unit.names[index] ?? "") ? 0 : 1;

export const evenNames = (tool: ToolDefinition): readonly string[] => spelledNames(tool.name).map((name) => evenName(name));

/** Whether a string is a recorded description, or the head of it, or a template of it; `undefined` where it is neither. */
export function describes(file: ToolFile, one: ToolText, recorded: Recorded, isNamed: boolean): Described | undefined {
  const wanted = recorded.squashed;
  if (wanted.length < (isNamed ? shortestNamed : shortestUnnamed)) return undefined;
  const { pieces, unit, whole } = one;
  if (whole.text === wanted) return { range: one.range, method: methodOf(file, one, recorded.text), score: 1 };
  const isHead = unit.isDocumentation === true && whole.text.startsWith(wanted) && whole.text.length > wanted.length;
  if (isHead && endsThere(file.text, whole, wanted.length))
    return { range: rangeOf(whole, 0, wanted.length), method: "normalised", score: 1 };
  if (!isNamed) return undefined;
  const at = wanted.length >= shortestHeld ? whole.text.indexOf(wanted) : -1;
  if (at >= 0) return { range: rangeOf(whole, at, wanted.length), method: "normalised", score: 1 };
  const share = pieces.length > 0 ? orderedShare(pieces, wanted) : wanted.includes(whole.text) ? whole.text.length / wanted.length : 0;
  return share >= leastShare ? { range: one.range, method: "template", score: share } : undefined;
}

const methodOf = (file: ToolFile, { range }: ToolText, recorded: string): Described["method"] =>
  file.text.slice(range.start, range.end).trim() === recorded.trim() ? "exact" : "normalised";

/** A description is no head of a text that goes on in the middle of a sentence. */
const endsThere = (text: string, whole: Squashed, length: number): boolean =>
  text.slice(whole.ends[length - 1] ?? 0, whole.starts[length] ?? 0).includes("\n") || /[.!?:;]$/.test(whole.text.slice(0, length));

/** Share of the recorded text that the pieces explain, if all of them stand in it in order. */
function orderedShare(pieces: readonly string[], wanted: string): number {
  let position = 0;
  let length = 0;
  for (const piece of pieces) {
    const at = wanted.indexOf(piece, position);
    if (at < 0) return 0;
    position = at + piece.length;
    length += piece.length;
  }
  return length / wanted.length;
}
