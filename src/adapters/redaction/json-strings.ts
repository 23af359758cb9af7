import { endOfString } from "../../domain/text/json-list.ts";

/** What becomes of the parts of a JSON text. `field` is the nearest name above. The same text: nothing changes. */
export interface JsonRewriter {
  readonly string: (value: string, field: string) => string;
  /** An integer of nine digits or more, as it is written; what is returned becomes a string where it differs. */
  readonly number: (digits: string, field: string) => string;
}

/**
 * Rewrites the strings and long numbers of a valid JSON text where they stand; everything else, spaces and number forms included, stays as it
 * is written. Names are strings, too.
 */
export function rewriteJson(text: string, rewriter: JsonRewriter): string {
  let written = "";
  let copied = 0;
  let field = "";
  const put = (start: number, end: number, replacement: string): void => {
    written += text.slice(copied, start) + replacement;
    copied = end;
  };
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      const end = endOfString(text, index);
      const raw = text.slice(index + 1, end);
      const value = raw.includes("\\") ? String(JSON.parse(`"${raw}"`)) : raw;
      const isName = /^\s{0,10}:/.test(text.slice(end + 1, end + 12));
      const changed = rewriter.string(value, isName ? "" : field);
      if (changed !== value) put(index, end + 1, JSON.stringify(changed));
      if (isName) field = value;
      index = end;
    } else if (code >= zero && code <= nine) {
      const token = /^[\d.eE+-]+/.exec(text.slice(index, index + 400))?.[0] ?? "";
      if (/^\d{9,19}$/.test(token)) {
        const changed = rewriter.number(token, field);
        if (changed !== token) put(index, index + token.length, JSON.stringify(changed));
      }
      index += Math.max(token.length, 1) - 1;
    }
  }
  return copied === 0 ? text : written + text.slice(copied);
}

const quote = 0x22;
const zero = 0x30;
const nine = 0x39;

/** The parsed value of what looks like JSON with strings in it; `undefined` for everything else. */
export function parsedJson(text: string): { readonly value: unknown } | undefined {
  const first = text.charCodeAt(0);
  if (first !== 0x7b && first !== 0x5b && first !== quote) {
    if (first > 0x20 || !/^\s{1,20}[[{"]/.test(text)) return undefined;
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
