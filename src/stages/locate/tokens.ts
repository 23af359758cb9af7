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

/** Words of a text, `\p{L}\p{N}` runs in essence; linear and without regular expressions, because whole repositories pass through here. */
export function tokenise(text: string): Tokens {
  const most = Math.ceil(text.length / 2) + 1;
  const hashes = new Uint32Array(most);
  const starts = new Uint32Array(most);
  const ends = new Uint32Array(most);
  let length = 0;
  let index = 0;
  while (index < text.length) {
    if (!isWord(text.charCodeAt(index))) {
      index += 1;
      continue;
    }
    const start = index;
    let hash = offsetBasis;
    for (let code = text.charCodeAt(index); index < text.length && isWord(code); code = text.charCodeAt(index)) {
      hash = Math.imul(hash ^ lower(code), prime) >>> 0;
      index += 1;
    }
    hashes[length] = hash;
    starts[length] = start;
    ends[length] = index;
    length += 1;
  }
  return { hashes: hashes.subarray(0, length), starts: starts.subarray(0, length), ends: ends.subarray(0, length), length };
}

/** Hash of the k words from `at` on. */
export function gramAt(tokens: Tokens, at: number, k: number): number {
  let hash = offsetBasis;
  for (let index = at; index < at + k; index += 1) {
    hash = Math.imul(hash ^ (tokens.hashes[index] ?? 0), prime);
    hash = (hash ^ (hash >>> 15)) >>> 0;
  }
  return hash;
}

/** Escapes of strings in code, JSON and YAML (`\n`, `\t`, `\"` …) as spaces of the same length: offsets stay true. */
export const withoutEscapes = (text: string): string =>
  text.replace(/\\(?:[nrt"'`\\/]|u[0-9a-fA-F]{4})/g, (escape) => " ".repeat(escape.length));
