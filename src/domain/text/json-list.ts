/** The items of a JSON list as they are written, and what stands between two of them. `[` + items joined + `]` is the text again. */
export interface JsonListText {
  readonly items: readonly string[];
  readonly separator: string;
}

/**
 * Splits the text of a JSON list into the texts of its items, without parsing them. `undefined` where the text is no list, or is spaced in a
 * way that the items and one separator cannot give back. What is not valid JSON inside an item stays in that item.
 */
export function splitJsonList(text: string): JsonListText | undefined {
  if (!text.startsWith("[") || !text.endsWith("]") || text.length < 3) return undefined;
  const items: string[] = [];
  let separator: string | undefined;
  let from = 1;
  let depth = 0;
  const last = text.length - 1;
  for (let index = 1; index < last; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = endOfString(text, index);
      if (index >= last) return undefined;
    } else if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth < 0) return undefined;
    } else if (code === comma && depth === 0) {
      const between = text.charCodeAt(index + 1) === space ? ", " : ",";
      if ((separator ?? between) !== between || index === from) return undefined;
      separator = between;
      items.push(text.slice(from, index));
      from = index + between.length;
    }
  }
  if (depth !== 0 || from >= last) return undefined;
  items.push(text.slice(from, last));
  return { items, separator: separator ?? "," };
}

/** The list's text again. */
export const joinJsonList = (items: readonly string[], separator: string): string => `[${items.join(separator)}]`;

/** The index of the quote that ends the string that begins at `start`; the text's length where none does. */
export function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const space = 0x20;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
