import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { isProse } from "./files/candidate-files.ts";
import type { Fragment } from "./fragments.ts";

/**
 * The part of a file that may be edited for a passage: the strings that hold it, joined ones from the first to the last; a value of a document;
 * in prose its lines, or the whole body when the passage is nearly all of it.
 */
export function regionOf({ passage, path, unit }: Pick<Fragment, "passage" | "path" | "unit">, text: string): TextRange {
  if (unit.kind === "prose") return wholeLines(path, text, unit.strings[0] ?? { start: 0, end: text.length }, passage);
  const held = unit.strings.filter((range) => range.start < passage.end && passage.start < range.end);
  const [first = passage] = held;
  return { start: first.start, end: (held.at(-1) ?? first).end };
}

const nearlyAll = 0.8;

function wholeLines(path: string, text: string, body: TextRange, passage: TextRange): TextRange {
  const length = passage.end - passage.start;
  if (isProse(path) && length >= nearlyAll * text.slice(body.start, body.end).trim().length) return { start: body.start, end: body.end };
  const start = Math.max(body.start, text.lastIndexOf("\n", passage.start - 1) + 1);
  const lineEnd = text.indexOf("\n", passage.end);
  return { start, end: lineEnd < 0 ? text.length : lineEnd + 1 };
}

/** The pieces of a unit that lie in a region. */
export const piecesIn = (pieces: readonly TextRange[], region: TextRange): readonly TextRange[] =>
  pieces.flatMap((piece) => {
    const [start, end] = [Math.max(piece.start, region.start), Math.min(piece.end, region.end)];
    return start < end ? [{ start, end }] : [];
  });
