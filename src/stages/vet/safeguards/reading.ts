import { filler, manner, numbers, phrases, type Role, synonyms } from "./vocabulary.ts";

/** One word (or fixed phrase) of a sentence as the rules compare it. */
export interface Word {
  /** Words that say the same have the same key: inflections, synonyms and spellings are evened out. */
  readonly key: string;
  readonly role: Role;
  /** As it is written. */
  readonly text: string;
  /** How strongly it binds, where that can differ: "never" 3, "must" 2, "should" 1, "may" 0. */
  readonly strength: number;
}

/** All phrases at once, one group each, tried in their order: most words are none of them, and are to be through with it quickly. */
const anyPhrase = new RegExp(String.raw`(?:${phrases.map(({ words }) => `(${words})`).join("|")})(?![\p{L}\p{N}_'-])`, "uy");

const keys: ReadonlyMap<string, string> = new Map(
  synonyms.flatMap((line) => {
    const [key = "", ...others] = line.split(" ");
    return [key, ...others].map((word) => [stem(word), key] as const);
  }),
);

/** A word without the endings of English. */
function stem(word: string): string {
  if (word.length <= 3) return word;
  const short = word
    .replace(/(?:'s|s')$/, "")
    .replace(/(?<=..)(?:(?<=[sx]|ch|sh|us)es|(?<![us])s)$/, "")
    .replace(/isation(?=s?$)/, "ization")
    .replace(/is(?=e[ds]?$|ing$)/, "iz")
    .replace(/(?<=..)(?:ly|al)$/, "")
    .replace(/(?:ation|ing|ied|ie|ed|e|y)$/, "");
  return (short.length >= 3 ? short : word).replace(/([b-df-hj-np-tv-z])\1$/, "$1").slice(0, 8);
}

/** The key of a word that carries meaning. */
export const keyOf = (word: string): string => keys.get(stem(word)) ?? stem(word);

const token = /\d+(?:[.,:]\d+)*|[\p{L}\p{N}_]+(?:['-][\p{L}\p{N}_]+)*|[<>=≥≤±%$€£&+](?=\s|\d|[.,;:!?)]|$)|\/(?=\p{L})|[.,;:!?()–—]/gu;

/** The words of a text in order, as the rules compare them. */
export function read(text: string): readonly Word[] {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    // What a program fills in is no word of the rule; that it stays is another rule's business.
    .replace(/\$?\{{1,3}[\w.]{1,80}\}{1,3}/g, " ")
    .replace(/[*`"“”]|\b_|_\b/g, "");
  const words: Word[] = [];
  let at = 0;
  while (at < plain.length) {
    const phrase = phraseAt(plain, at);
    if (phrase !== undefined) {
      words.push(phrase);
      at += phrase.text.length;
      continue;
    }
    token.lastIndex = at;
    const found = token.exec(plain);
    if (found === null) break;
    // A phrase may begin before the next token does only where a word begins.
    const between = found.index > at ? phraseAt(plain, found.index) : undefined;
    if (between !== undefined) {
      at = found.index;
      continue;
    }
    words.push(wordOf(found[0]));
    at = found.index + found[0].length;
  }
  return words;
}

const isWordCharacter = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}_'-]/u.test(character);

function phraseAt(text: string, at: number): Word | undefined {
  if (isWordCharacter(text[at - 1])) return undefined;
  anyPhrase.lastIndex = at;
  const found = anyPhrase.exec(text);
  const phrase = phrases[found?.slice(1).findIndex((group) => group !== undefined) ?? -1];
  if (found === null || phrase === undefined) return undefined;
  return { key: phrase.key, role: phrase.role, strength: phrase.strength ?? 0, text: found[0] };
}

function wordOf(text: string): Word {
  const word = (role: Role, key: string): Word => ({ key, role, strength: 0, text });
  if (text === "/") return word("joint", "or");
  if (/^[.,;:!?()–—]$/.test(text)) return word("boundary", text);
  const number = numbers[text] ?? (/^\d/.test(text) ? text : undefined);
  if (number !== undefined) return word("number", number);
  if (filler.has(text) || manner.test(text)) return word("filler", "");
  return word("content", keyOf(text));
}
