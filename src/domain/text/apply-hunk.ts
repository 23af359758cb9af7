/** Offsets into a text, end excluded. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** How a search text was found, strictest first. */
export type HunkStrategy = "exact" | "trailing-space" | "indent" | "typography";

export type FoundHunk =
  | {
      readonly result: "found";
      readonly strategy: HunkStrategy;
      readonly range: TextRange;
      /** The replacement as it must be written there: indented like the place, nothing else changed. */
      readonly replacement: string;
    }
  | { readonly result: "absent"; readonly nearest?: { readonly line: number; readonly text: string } }
  | { readonly result: "ambiguous"; readonly lines: readonly number[] };

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index >= 0 && index < offset; index = text.indexOf("\n", index + 1)) line += 1;
  return line;
}

/**
 * Finds where a search/replace hunk applies inside a range. Tries, in this order: the text as it is; lines without their trailing white space;
 * lines under one common change of indentation; lines with typographic quotes, dashes and spaces evened out. Each must fit exactly once: several
 * places are `ambiguous`, none is `absent` with the nearest line. Never guesses.
 */
export function findHunk(text: string, range: TextRange, search: string, replace: string): FoundHunk {
  if (search.trim() === "") return { result: "absent" };
  const exact = occurrences(text, range, search);
  if (exact.length > 1) return { result: "ambiguous", lines: exact.map((offset) => lineAt(text, offset)) };
  const [only] = exact;
  if (only !== undefined)
    return { result: "found", strategy: "exact", range: { start: only, end: only + search.length }, replacement: replace };
  return findByLines(text, range, search, replace);
}

function occurrences(text: string, range: TextRange, search: string): readonly number[] {
  const found: number[] = [];
  for (
    let at = text.indexOf(search, range.start);
    at >= 0 && at + search.length <= range.end && found.length < 10;
    at = text.indexOf(search, at + 1)
  )
    found.push(at);
  return found;
}

interface Line {
  readonly start: number;
  readonly text: string;
}

function linesIn(text: string, range: TextRange): readonly Line[] {
  const lines: Line[] = [];
  let start = range.start;
  for (const line of text.slice(range.start, range.end).split("\n")) {
    lines.push({ start, text: line.replace(/\r$/, "") });
    start += line.length + 1;
  }
  return lines;
}

const typographic = (line: string): string =>
  line
    .normalize("NFC")
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟]/g, '"')
    .replace(/[‐-―−]/g, "-")
    .replace(/[\u00A0\u2000-\u200A\u202F]/g, " ")
    .trimEnd();

const leading = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? "";

const comparisons: readonly (readonly [HunkStrategy, (line: string) => string])[] = [
  ["trailing-space", (line) => line.trimEnd()],
  ["indent", (line) => line.trim()],
  ["typography", (line) => typographic(line).trim()],
];

function findByLines(text: string, range: TextRange, search: string, replace: string): FoundHunk {
  const wanted = search.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
  const lines = linesIn(text, range);
  for (const [strategy, compare] of comparisons) {
    const at = lines.flatMap((_, index) =>
      wanted.every((line, offset) => index + offset < lines.length && compare(lines[index + offset]?.text ?? "") === compare(line))
        ? [index]
        : [],
    );
    const places =
      strategy === "trailing-space" ? at : at.filter((index) => hasCommonIndent(lines.slice(index, index + wanted.length), wanted));
    if (places.length > 1) return { result: "ambiguous", lines: places.map((index) => lineAt(text, lines[index]?.start ?? 0)) };
    const [index] = places;
    if (index !== undefined) return foundAt({ text, lines, index, wanted, strategy, replace });
  }
  return findPart(text, range, search, replace) ?? { result: "absent", ...nearest(text, lines, wanted) };
}

/** Each character for itself, so that places stay where they are. */
const evened = (text: string): string =>
  text
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟]/g, '"')
    .replace(/[‐-―−]/g, "-")
    .replace(/[\u00A0\u2000-\u200A\u202F]/g, " ");

const parts: readonly (readonly [HunkStrategy, (text: string) => string])[] = [
  ["trailing-space", (text) => text],
  ["typography", evened],
];

/** A part of a line: where a prompt stands in a one-line string, all of its lines are parts of one. What the replacement keeps is kept as it stands. */
function findPart(text: string, range: TextRange, search: string, replace: string): FoundHunk | undefined {
  if (search.trimEnd().includes("\n")) return undefined;
  const space = /\s*$/.exec(search)?.[0] ?? "";
  for (const [strategy, compare] of parts) {
    const wanted = compare(search.trimEnd());
    const places = occurrences(compare(text), range, wanted);
    if (places.length > 1) return { result: "ambiguous", lines: places.map((offset) => lineAt(text, offset)) };
    const [start] = places;
    if (start === undefined) continue;
    const end = start + wanted.length;
    const trimmed = space !== "" && replace.endsWith(space) ? replace.slice(0, -space.length) : replace;
    const kept = compare(trimmed).indexOf(wanted);
    const replacement = kept < 0 ? trimmed : trimmed.slice(0, kept) + text.slice(start, end) + trimmed.slice(kept + wanted.length);
    return { result: "found", strategy, range: { start, end }, replacement };
  }
  return undefined;
}

/** Whether all lines differ from the wanted ones by the same indentation. */
function hasCommonIndent(lines: readonly Line[], wanted: readonly string[]): boolean {
  const shifts = new Set(
    lines.flatMap((line, index) => (line.text.trim() === "" ? [] : [leading(line.text).length - leading(wanted[index] ?? "").length])),
  );
  return shifts.size <= 1;
}

interface LineMatch {
  readonly text: string;
  readonly lines: readonly Line[];
  readonly index: number;
  readonly wanted: readonly string[];
  readonly strategy: HunkStrategy;
  readonly replace: string;
}

function foundAt({ text, lines, index, wanted, strategy, replace }: LineMatch): FoundHunk {
  const first = lines[index] ?? { start: 0, text: "" };
  const last = lines[index + wanted.length - 1] ?? first;
  const newline = text.slice(first.start).includes("\r\n") ? "\r\n" : "\n";
  const body = replace.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
  const indented = strategy === "trailing-space" ? body : body.map((line) => shift(line, leading(first.text), leading(wanted[0] ?? "")));
  return {
    result: "found",
    strategy,
    range: { start: first.start, end: last.start + last.text.length },
    replacement: indented.join(newline),
  };
}

function shift(line: string, here: string, there: string): string {
  if (line.trim() === "") return "";
  if (here.length >= there.length) return here.slice(0, here.length - there.length) + line;
  return line.startsWith(" ".repeat(there.length - here.length)) ? line.slice(there.length - here.length) : line.trimStart();
}

/** The line with most words of the first wanted line: what a repair is told. */
function nearest(
  text: string,
  lines: readonly Line[],
  wanted: readonly string[],
): { readonly nearest?: { readonly line: number; readonly text: string } } {
  const words = new Set((wanted.find((line) => line.trim() !== "") ?? "").toLowerCase().match(/[\p{L}\p{N}]+/gu));
  if (words.size === 0) return {};
  const scored = lines.map((line) => ({
    line,
    score: new Set((line.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => words.has(word))).size,
  }));
  const best = scored.reduce(
    (winner, one) => (one.score > winner.score ? one : winner),
    scored[0] ?? { line: { start: 0, text: "" }, score: 0 },
  );
  return best.score === 0 ? {} : { nearest: { line: lineAt(text, best.line.start), text: best.line.text.slice(0, 200) } };
}
