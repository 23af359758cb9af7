import { structuredPatch } from "diff";
import type { TextRange } from "../../domain/text/apply-hunk.ts";

/** A hunk in a file: the place, and what takes it. */
export interface RewrittenPart {
  readonly range: TextRange;
  readonly replacement: string;
}

/** Share of the lines that a rewrite of a whole region must have in common with it. */
const commonShare = 0.7;
const fewestLines = 3;

/**
 * Small models often cannot copy a passage exactly and write the whole region anew. Where search and replacement are both recognisably the region
 * (most of its lines), only what differs between the region and the replacement becomes hunks. `undefined` when it is no such rewrite, or when
 * a hunk's place would not be unique in the file.
 */
export function rewrittenParts(file: string, region: TextRange, search: string, replace: string): readonly RewrittenPart[] | undefined {
  const old = file.slice(region.start, region.end);
  if (old.split("\n").length < fewestLines || !isLike(search, old) || !isLike(replace, old)) return undefined;
  const now = withEndOf(old, replace.replaceAll("\r\n", "\n"));
  const { hunks } = structuredPatch("", "", old, now, undefined, undefined, { context: 0 });
  const starts = lineStarts(old);
  const parts = hunks.map((hunk): RewrittenPart => {
    const added = hunk.lines.filter((line) => line.startsWith("+")).map((line) => line.slice(1));
    // A hunk that only adds has no line of its own: it takes in the line before it, or the first one. Its `oldStart` is the line that it precedes.
    const isInsertion = hunk.oldLines === 0;
    const isAtTop = isInsertion && hunk.oldStart <= 1;
    const first = isInsertion ? Math.max(1, hunk.oldStart - 1) : hunk.oldStart;
    const last = isInsertion ? first : hunk.oldStart + hunk.oldLines - 1;
    const start = starts[first - 1] ?? old.length;
    const end = (starts[last] ?? old.length + 1) - 1;
    const kept = old.slice(start, end);
    const withKept = isAtTop ? [...added, kept] : [kept, ...added];
    const replacement = (isInsertion ? withKept : added).join("\n");
    return { range: { start: region.start + start, end: region.start + end }, replacement };
  });
  const isUnique = ({ range }: RewrittenPart): boolean => {
    const before = file.slice(range.start, range.end);
    return before.trim() !== "" && file.indexOf(before) === file.lastIndexOf(before);
  };
  return parts.length > 0 && parts.every((part) => isUnique(part)) ? parts : undefined;
}

function isLike(text: string, region: string): boolean {
  const lines = linesOf(region);
  const own = new Set(linesOf(text));
  return lines.filter((line) => own.has(line)).length >= lines.length * commonShare;
}

const linesOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const withEndOf = (old: string, now: string): string => `${now.replace(/\n*$/, "")}${/\n*$/.exec(old)?.[0] ?? ""}`;

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
