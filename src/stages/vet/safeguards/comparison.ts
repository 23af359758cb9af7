import { read, type Word } from "./reading.ts";

/** Words of `now` that `old` does not have, in one piece. */
interface Insertion {
  readonly words: readonly Word[];
  /** Whether it is a clause or a bracket of its own. */
  readonly isClause: boolean;
  readonly text: string;
  /** Place of its first word in `now`. */
  readonly at: number;
}

/** How a passage differs from the one whose place it takes. */
export interface Comparison {
  readonly old: readonly Word[];
  readonly now: readonly Word[];
  /** Words of the old text that the new one has nowhere. */
  readonly lost: readonly Word[];
  /** Words of the new text that the old one has nowhere. */
  readonly gained: readonly Word[];
  readonly insertions: readonly Insertion[];
}

const counts = (word: Word): boolean => word.role !== "filler" && word.role !== "boundary";

/** Places of the words that stay, in pairs. */
function matched(old: readonly Word[], now: readonly Word[]): readonly (readonly [number, number])[] {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  const isSame = (one: Word | undefined, other: Word | undefined): boolean =>
    one !== undefined &&
    other !== undefined &&
    one.role === other.role &&
    (one.role === "filler" ? one.text === other.text : one.key === other.key);
  const weight = (word: Word | undefined): number => (word !== undefined && counts(word) ? 3 : 1);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const [row, next] = [table[i], table[i + 1]];
      if (row === undefined || next === undefined) continue;
      row[j] = isSame(old[i], now[j]) ? (next[j + 1] ?? 0) + weight(old[i]) : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < old.length && j < now.length;) {
    if (isSame(old[i], now[j])) {
      pairs.push([i, j]);
      i += 1;
      j += 1;
    } else if ((table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return pairs;
}

/**
 * How two passages differ, word by word. Takes time and memory by the product of their lengths: the caller keeps them short. The pairs of words that
 * stay are a heaviest common subsequence, words of meaning weighing three times what others do.
 */
export function compare(before: string, after: string): Comparison {
  const [old, now] = [read(before), read(after)];
  const pairs = matched(old, now);
  const kept = new Set(pairs.map(([, place]) => place));
  const { gained, lost } = differences(old, now);
  return { old, now, lost, gained, insertions: insertionsOf(now, kept) };
}

function differences(old: readonly Word[], now: readonly Word[]): { readonly lost: readonly Word[]; readonly gained: readonly Word[] } {
  const left = now.filter((word) => counts(word));
  const lost: Word[] = [];
  // What binds most is matched first, so that nothing weaker takes its place.
  for (const word of old.filter((one) => counts(one)).toSorted((one, other) => other.strength - one.strength)) {
    const same = left.findIndex((other) => other.role === word.role && other.key === word.key && other.strength >= word.strength);
    if (same < 0) lost.push(word);
    else left.splice(same, 1);
  }
  const misspelt = lost.flatMap((word) => {
    const other = left.find((one) => isMisspelling(word, one));
    if (other === undefined) return [];
    left.splice(left.indexOf(other), 1);
    return [word];
  });
  return { lost: lost.filter((word) => !misspelt.includes(word)), gained: left };
}

function isMisspelling(one: Word, other: Word): boolean {
  if (one.role !== "content" || !counts(other)) return false;
  const [left, right] = [one.text, other.text];
  if (Math.min(left.length, right.length) < 5 || left[0] !== right[0] || Math.abs(left.length - right.length) > 1) return false;
  if (/\d/.test(left + right)) return false;
  let start = 0;
  while (start < left.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < Math.min(left.length, right.length) - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const [was, is] = [left.slice(start, left.length - end), right.slice(start, right.length - end)];
  return (was.length <= 1 && is.length <= 1) || (was.length === 2 && was === (is[1] ?? "") + (is[0] ?? ""));
}

function insertionsOf(now: readonly Word[], kept: ReadonlySet<number>): readonly Insertion[] {
  const found: Insertion[] = [];
  for (let at = 0; at < now.length; at += 1) {
    if (kept.has(at)) continue;
    let end = at;
    while (end < now.length && !kept.has(end)) end += 1;
    const words = now.slice(at, end);
    if (words.some((word) => counts(word)))
      found.push({ at, words, isClause: isClause(now, at, end), text: words.map((word) => word.text).join(" ") });
    at = end;
  }
  return found;
}

const isBreak = (word: Word | undefined): boolean => word === undefined || word.role === "boundary";

/** "… and ask the customer for the date": words of meaning that make a clause behind "and". */
const clauseWords = 3;

function isClause(now: readonly Word[], start: number, end: number): boolean {
  const own = now.slice(start, end);
  const goesOn = own[0]?.key === "and" && own[1]?.role === "content" && own.filter(({ role }) => role === "content").length >= clauseWords;
  const begins = isBreak(now[start]) || isBreak(now[start - 1]) || goesOn;
  let last = end - 1;
  while (last > start && (now[last]?.role === "joint" || now[last]?.text === "then")) last -= 1;
  const ends = isBreak(now[last]) || isBreak(now[end]);
  return begins && ends;
}
