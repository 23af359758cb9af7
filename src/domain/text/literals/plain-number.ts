import type { TextRange } from "../apply-hunk.ts";

/** Languages in which a number needs no kind: `0` may take the place of `0.5`. */
const loose = /\.(?:pyi?|[cm]?[jt]sx?)$/i;
const plainNumber = /^-?(?:0|[1-9]\d{0,8})(?:\.\d{1,8})?$/;

/** Whether a setting is a number as every reader of this kind of file understands it: figures and at most one point. */
export const isPlainNumberAt = (path: string, written: string): boolean => loose.test(path) && plainNumber.test(written);

/** The word or number that a place lies in, with all that could belong to it. */
export function tokenAround(text: string, place: TextRange): string {
  let [start, end] = [place.start, place.end];
  while (start > 0 && /[\p{L}\p{N}_.$-]/u.test(text[start - 1] ?? "")) start -= 1;
  while (end < text.length && /[\p{L}\p{N}_.$]/u.test(text[end] ?? "")) end += 1;
  return text.slice(start, end);
}
