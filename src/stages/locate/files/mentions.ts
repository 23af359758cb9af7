import { tokenise } from "../tokens.ts";

const shortestDistinct = 2;

/**
 * Counts the files that name another file: its name's words follow each other there, with its ending or its folder where one word alone says
 * little (`wiki.md`, `airline.wiki`). Reads words only, so an import, a path in code and a sentence count alike.
 */
export function mentionCounter(words: ReadonlyMap<string, Uint32Array>): (path: string) => number {
  const known = new Map<string, number>();
  return (path) => {
    const count = known.get(path) ?? countMentions(path, words);
    known.set(path, count);
    return count;
  };
}

function countMentions(path: string, words: ReadonlyMap<string, Uint32Array>): number {
  const wanted = namesOf(path);
  let count = 0;
  for (const [other, hashes] of words) if (other !== path && wanted.some((name) => holds(hashes, name))) count += 1;
  return count;
}

/** The words by which other files name this one, each enough by itself. */
export const namesOf = (path: string): readonly Uint32Array[] => spelledNames(path).map((name) => tokenise(name).hashes);

function spelledNames(path: string): readonly string[] {
  const parts = path.split("/");
  const file = parts.at(-1) ?? "";
  const stem = file.replace(/\.[^.]*$/, "");
  const folder = parts.at(-2);
  if (tokenise(stem).length >= shortestDistinct) return [stem];
  return folder === undefined ? [file] : [file, `${folder} ${stem}`];
}

/** Whether these words follow each other in a text's words. */
export function holds(hashes: Uint32Array, name: Uint32Array): boolean {
  const [first] = name;
  if (first === undefined) return false;
  for (let at = hashes.indexOf(first); at >= 0; at = hashes.indexOf(first, at + 1)) {
    if (name.every((word, index) => hashes[at + index] === word)) return true;
  }
  return false;
}
