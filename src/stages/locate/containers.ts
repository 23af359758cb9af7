import { isScalar, parseDocument, visit } from "yaml";
import { isProse } from "./candidate-files.ts";
import { isCode, literalsOf } from "../../domain/text/literals.ts";

/** Offsets into a file, end excluded. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const largestDocument = 256 * 1024;

/** All strings of a YAML or JSON document with the range of their text in the file: inside quotes, below a block's header line. */
export function documentStrings(text: string): readonly Range[] {
  if (text.length > largestDocument) return [];
  const ranges: Range[] = [];
  try {
    const document = parseDocument(text, { keepSourceTokens: true });
    if (document.errors.length > 0) return [];
    visit(document, {
      Scalar(key, node) {
        if (key === "key" || !isScalar(node) || typeof node.value !== "string" || node.range === null || node.range === undefined) return;
        ranges.push(innerRange(text, node.range[0], node.range[1]));
      },
    });
  } catch {
    // Anchors that loop, tags that throw: then it is text like any other.
    return [];
  }
  return ranges;
}

function innerRange(text: string, start: number, end: number): Range {
  const first = text[start];
  if (first === '"' || first === "'") return { start: start + 1, end: end - 1 };
  if (first === "|" || first === ">") {
    const header = text.indexOf("\n", start);
    return { start: header < 0 ? end : header + 1, end };
  }
  return { start, end };
}

const isDocument = (path: string): boolean => /\.(?:ya?ml|json|jsonc?|prompt|prompty)$/i.test(path);

/**
 * The part of a file that may be edited for a passage: the string that holds it in code, YAML or JSON; elsewhere its lines, or the whole file
 * when the passage is nearly all of it. `undefined` when the passage lies in code but in no single string: then nothing can be edited safely.
 */
export function containerOf(path: string, text: string, passage: Range): Range | undefined {
  if (isCode(path)) return holding(literalsOf(path, text), passage);
  if (isDocument(path)) {
    const strings = documentStrings(text);
    if (strings.length > 0) return holding(strings, passage);
  }
  return wholeLines(path, text, passage);
}

/** The string with most of the passage in it, if that is more than half. */
function holding(ranges: readonly Range[], passage: Range): Range | undefined {
  const shared = (range: Range): number => Math.max(0, Math.min(range.end, passage.end) - Math.max(range.start, passage.start));
  const best = ranges.reduce<Range | undefined>(
    (winner, range) => (shared(range) > 0 && (winner === undefined || shared(range) > shared(winner)) ? range : winner),
    undefined,
  );
  return best !== undefined && shared(best) * 2 > passage.end - passage.start ? { start: best.start, end: best.end } : undefined;
}

function wholeLines(path: string, text: string, passage: Range): Range {
  const length = passage.end - passage.start;
  if (isProse(path) && length >= 0.8 * text.trim().length) return { start: bodyStart(text), end: text.length };
  const start = text.lastIndexOf("\n", passage.start - 1) + 1;
  const lineEnd = text.indexOf("\n", passage.end);
  return { start, end: lineEnd < 0 ? text.length : lineEnd + 1 };
}

/** Behind front matter, which is configuration and not prompt. */
function bodyStart(text: string): number {
  const match = /^---\r?\n[\s\S]*?\r?\n---\r?\n/.exec(text);
  return match === null ? 0 : match[0].length;
}

/** 1-based lines of a range, both included. */
export function linesOf(text: string, range: Range): { readonly first: number; readonly last: number } {
  const count = (end: number): number => {
    let lines = 1;
    for (let index = text.indexOf("\n"); index >= 0 && index < end; index = text.indexOf("\n", index + 1)) lines += 1;
    return lines;
  };
  const lastCharacter = range.end > range.start && text[range.end - 1] === "\n" ? range.end - 1 : range.end;
  return { first: count(range.start), last: count(Math.max(range.start, lastCharacter)) };
}
