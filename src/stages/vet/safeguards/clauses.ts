import type { Word } from "./reading.ts";

/** Says that something may be done. */
export const allows = ({ role, strength }: Word): boolean => role === "modal" && strength === 0;

/** Says that something has to be done. */
export const obliges = ({ role, strength }: Word): boolean => role === "modal" && strength > 0;

/** Whether any of the words has this key: "until", "or". */
export const has = (words: readonly Word[], ...keys: readonly string[]): boolean => words.some(({ key }) => keys.includes(key));

const endsClause = (word: Word | undefined): boolean => /^[.;:!?]$/.test(word?.key ?? "");

/** What stands before a place in its clause, the last `most` words of it. Commas end no clause: they part the items of a list as well. */
export function clauseBefore(words: readonly Word[], place: number, most = words.length): readonly Word[] {
  let start = place;
  while (start > 0 && place - start < most && !endsClause(words[start - 1])) start -= 1;
  return words.slice(start, place);
}

/** The clause that a place stands in. */
export function clauseAround(words: readonly Word[], place: number): readonly Word[] {
  let end = place;
  while (end < words.length && !endsClause(words[end])) end += 1;
  return [...clauseBefore(words, place), ...words.slice(place, end)];
}

/** The next words of meaning behind a place, at most so many, not beyond the end of the clause. */
export function governedBy(words: readonly Word[], place: number, count = 1): readonly Word[] {
  const found: Word[] = [];
  for (let at = place + 1; at < words.length && found.length < count; at += 1) {
    const word = words[at];
    if (word === undefined || (endsClause(word) && word.key !== ":")) break;
    if (word.role === "content" || word.role === "number") found.push(word);
  }
  return found;
}
