import type { TextRange } from "../../../domain/text/apply-hunk.ts";

/** A text without white space and escapes, with the place of each character in the file: frameworks dedent, fold and join descriptions. */
export interface Squashed {
  readonly text: string;
  /** Offset in the file of each character, and where it ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const escape = /\\(?:\r?\n|[nrt]|u([0-9a-fA-F]{4})|(["'`\\/$]))|\s+/g;

/** The text of some pieces of a file, one after the other. */
export function squashed(text: string, pieces: readonly TextRange[], hasEscapes: boolean): Squashed {
  const starts: number[] = [];
  const ends: number[] = [];
  let result = "";
  const keep = (from: number, to: number): void => {
    result += text.slice(from, to);
    for (let at = from; at < to; at += 1) {
      starts.push(at);
      ends.push(at + 1);
    }
  };
  for (const piece of pieces) {
    const inside = text.slice(piece.start, piece.end);
    let from = 0;
    for (const match of inside.matchAll(escape)) {
      const [whole, code, character] = match;
      if (whole.startsWith("\\") && !hasEscapes) continue;
      keep(piece.start + from, piece.start + match.index);
      from = match.index + whole.length;
      const decoded = code === undefined ? (character ?? "") : String.fromCharCode(Number.parseInt(code, 16)).trim();
      if (decoded === "") continue;
      result += decoded;
      starts.push(piece.start + match.index);
      ends.push(piece.start + from);
    }
    keep(piece.start + from, piece.end);
  }
  return { text: result, starts, ends };
}

/** A recorded text in the same form. */
export const squash = (text: string): string => text.replace(/\s+/g, "");

/** Where a part of the squashed text stands in the file. */
export function rangeOf(whole: Squashed, at: number, length: number): TextRange {
  return { start: whole.starts[at] ?? 0, end: whole.ends[at + length - 1] ?? 0 };
}

/** A name as languages write it: `get_weather`, `getWeather`, `GetWeather`, `get-weather` are one. */
export const evenName = (name: string): string => name.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();

/** A recorded tool's name, and what is left of it without the server or library that it was given. */
export function spelledNames(tool: string): readonly string[] {
  const last = tool.split(/__|[./:]/).at(-1) ?? "";
  return [...new Set([tool, last])].filter((name) => name.length > 1);
}
