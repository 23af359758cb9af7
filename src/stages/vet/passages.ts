import { placeholdersOf, replaceRendered } from "../../domain/config-change.ts";

/** A passage of a text and what takes its place: neither is the whole text unless nothing smaller is unique. */
export interface Passage {
  readonly before: string;
  readonly after: string;
}

const mostVariants = 40;
const wantedPassages = 2;

/**
 * Passages that say one and the same change of a text, the best first: the changed lines with as few lines around them as make the passage
 * stand once; then the same without the indentation that a program may strip, joined as a program may fold it, and cut down to the words
 * between two template variables. A rendering has the file's words, not always its white space.
 */
export function passagesOf(before: string, after: string): readonly Passage[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const [head, tail] = commonEnds(old, now);
  const passages: Passage[] = [];
  for (let around = 0; passages.length < wantedPassages && around <= old.length; around += 1) {
    const start = Math.max(0, head - around);
    const rest = Math.max(0, tail - around);
    const passage = { before: old.slice(start, old.length - rest).join("\n"), after: now.slice(start, now.length - rest).join("\n") };
    if (isUniqueIn(before, passage.before) && isUsable(passage)) passages.push(passage);
    if (start === 0 && rest === 0) break;
  }
  const inLine = wordsPassage(before, after);
  const all = [...passages, ...passages.map((passage) => dedented(passage)), ...(inLine === undefined ? [] : [inLine])];
  const trimmed = [...all, ...all.map((passage) => trimmedEnds(passage)), ...all.map((passage) => folded(passage))];
  // Python reads every line end as one character; Node reads the file as it is.
  const unix = trimmed
    .filter(({ before: passage }) => passage.includes("\r\n"))
    .map((passage) => ({ before: passage.before.replaceAll("\r\n", "\n"), after: passage.after.replaceAll("\r\n", "\n") }));
  const distinct = new Map([...trimmed, ...unix].map((passage) => [JSON.stringify(passage), passage]));
  return [...distinct.values()].filter((passage) => isUsable(passage)).slice(0, mostVariants);
}

function commonEnds(old: readonly string[], now: readonly string[]): readonly [head: number, tail: number] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  return [head, tail];
}

const isUniqueIn = (text: string, passage: string): boolean => {
  const first = text.indexOf(passage);
  return passage.trim() !== "" && first >= 0 && text.indexOf(passage, first + 1) < 0;
};

/** Literal text at the ends, and nearly all between two variables, must be long enough to be found again without trying many places. */
const shortestPiece = 8;
const mostVariables = 3;

/** A passage can be looked for in a rendering at small cost: few variables, none at an end, real text between them. */
function isUsable({ after, before }: Passage): boolean {
  if (before === after || before.trim() === "") return false;
  const names = placeholdersOf(before);
  if (names.length === 0) return true;
  if (names.length > mostVariables || new Set(names).size !== names.length) return false;
  const pieces = piecesOf(before, names);
  const isShort = (piece: string | undefined): boolean => (piece ?? "").trim().length < shortestPiece;
  const middle = pieces.slice(1, -1);
  return !isShort(pieces[0]) && !isShort(pieces.at(-1)) && !middle.includes("") && middle.filter((piece) => isShort(piece)).length <= 1;
}

function piecesOf(text: string, names: readonly string[]): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  for (const name of names) {
    const at = rest.indexOf(name);
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at + name.length);
  }
  return [...pieces, rest];
}

/** Without the indentation that all its lines share, as `dedent` and block scalars drop it. */
function dedented({ after, before }: Passage): Passage {
  const indents = before
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  const common = indents.length === 0 ? 0 : Math.min(...indents);
  const strip = (text: string): string =>
    text
      .split("\n")
      .map((line) => (line.slice(0, common).trim() === "" ? line.slice(common) : line.trimStart()))
      .join("\n");
  return { before: strip(before), after: strip(after) };
}

/** Without white space at the ends, where both sides have the same. */
function trimmedEnds({ after, before }: Passage): Passage {
  const lead = /^\s*/.exec(before)?.[0] ?? "";
  const trail = /\s*$/.exec(before)?.[0] ?? "";
  if (!after.startsWith(lead) || !after.endsWith(trail) || lead.length + trail.length >= before.length) return { after, before };
  if (lead.length + trail.length > after.length) return { after, before };
  return { before: before.slice(lead.length, before.length - trail.length), after: after.slice(lead.length, after.length - trail.length) };
}

/** On one line, as folded blocks and joined strings come out. */
const folded = ({ after, before }: Passage): Passage => ({
  before: before.trim().replace(/\s*\n\s*/g, " "),
  after: after.trim().replace(/\s*\n\s*/g, " "),
});

const edge = /[{}<>%$]/;

/** The changed words of one line with their neighbours, cut before the next variable on either side. */
function wordsPassage(before: string, after: string): Passage | undefined {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end])
    end += 1;
  const [left, right] = [reach(before, start - 1, -1), reach(before, before.length - end, 1)];
  const passage = { before: before.slice(left, right), after: after.slice(left, after.length - (before.length - right)) };
  return isUniqueIn(before, passage.before) && passage.before.trim().length >= shortestPiece ? passage : undefined;
}

/** How far literal text of the same line goes from an offset. */
function reach(text: string, from: number, step: 1 | -1): number {
  let at = from;
  while (at >= 0 && at < text.length && text[at] !== "\n" && !edge.test(text[at] ?? "")) at += step;
  return step < 0 ? at + 1 : at;
}

/** In how many of the renderings a passage stands exactly once and can be replaced. */
export const appliesTo = (passage: Passage, renderings: readonly string[]): number =>
  renderings.filter((text) => replaceRendered(text, passage.before, passage.after) !== undefined).length;
