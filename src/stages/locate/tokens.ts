import type { TextRange } from "../../domain/text/apply-hunk.ts";

/** A text as words: FNV-1a hashes of their lower-case forms, with the offsets where each begins and ends. */
export interface Tokens {
  readonly hashes: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly length: number;
}

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** Letters and digits; beyond ASCII everything but spaces and punctuation blocks, which is enough to cut words alike on both sides. */
function isWord(code: number): boolean {
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57);
  return !(code < 0xc0 || (code >= 0x2000 && code <= 0x206f) || (code >= 0x3000 && code <= 0x303f) || code === 0xfeff);
}

const lower = (code: number): number => {
  if (code < 128) return code >= 65 && code <= 90 ? code + 32 : code;
  return String.fromCharCode(code).toLowerCase().charCodeAt(0);
};

/**
 * Words of a text, or of some ranges of it in order, `\p{L}\p{N}` runs in essence; linear and without regular expressions, because whole
 * repositories pass through here. A word does not reach from one range into the next.
 */
export function tokenise(text: string, ranges: readonly TextRange[] = [{ start: 0, end: text.length }]): Tokens {
  const most = ranges.reduce((sum, range) => sum + Math.ceil((range.end - range.start) / 2) + 1, 0);
  const hashes = new Uint32Array(most);
  const starts = new Uint32Array(most);
  const ends = new Uint32Array(most);
  let length = 0;
  for (const range of ranges) {
    let index = range.start;
    while (index < range.end) {
      if (!isWord(text.charCodeAt(index))) {
        index += 1;
        continue;
      }
      starts[length] = index;
      let hash = offsetBasis;
      for (let code = text.charCodeAt(index); index < range.end && isWord(code); code = text.charCodeAt(index)) {
        hash = Math.imul(hash ^ lower(code), prime) >>> 0;
        index += 1;
      }
      hashes[length] = hash;
      ends[length] = index;
      length += 1;
    }
  }
  return { hashes: hashes.subarray(0, length), starts: starts.subarray(0, length), ends: ends.subarray(0, length), length };
}

/** Odd, so that it has an inverse modulo 2³²: no word of a run is lost in its hash. */
export const gramBase = 0x9e3779b1;

/** Calls `each` with the hash of every run of k words and the index of its first word: a polynomial hash that rolls on by one word. */
export function eachGram(hashes: Uint32Array, k: number, each: (gram: number, at: number) => void): void {
  if (hashes.length < k) return;
  let top = 1;
  for (let index = 1; index < k; index += 1) top = Math.imul(top, gramBase);
  let gram = 0;
  for (let index = 0; index < hashes.length; index += 1) {
    const leaving = index >= k ? Math.imul(hashes[index - k] ?? 0, top) : 0;
    gram = (Math.imul((gram - leaving) | 0, gramBase) + (hashes[index] ?? 0)) >>> 0;
    if (index >= k - 1) each(gram, index - k + 1);
  }
}

/** Escapes of strings in code, JSON and YAML (`\n`, `\t`, `\"` …) as spaces of the same length: offsets stay true. */
export const withoutEscapes = (text: string): string =>
  text.includes("\\") ? text.replace(/\\(?:[nrt"'`\\/]|u[0-9a-fA-F]{4}|\r?\n)/g, (escape) => " ".repeat(escape.length)) : text;
