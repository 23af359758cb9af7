import { type JsonListText, splitJsonList } from "./json-list.ts";

interface Remembered {
  readonly text: string;
  readonly list: JsonListText;
}

const mostLists = 256;
const mostCharacters = 8_000_000;
const shortest = 400;
const headLength = 300;

/**
 * Splits lists that grow: an agent sends its conversation again with every call, one message longer. What was split before is not read again, and its items are the very
 * same strings. Gives what `splitJsonList` gives.
 */
export class ListSplitter {
  readonly #known = new Map<string, Remembered>();
  #characters = 0;

  split(text: string): JsonListText | undefined {
    if (text.length < shortest || !text.startsWith("[")) return splitJsonList(text);
    const head = text.slice(0, headLength);
    const known = this.#known.get(head);
    if (known?.text === text) return known.list;
    const list = (known === undefined ? undefined : grown(text, known)) ?? splitJsonList(text);
    if (list !== undefined) this.#remember(head, { text, list }, known);
    return list;
  }

  #remember(head: string, remembered: Remembered, known: Remembered | undefined): void {
    this.#characters += remembered.text.length - (known?.text.length ?? 0);
    this.#known.delete(head);
    this.#known.set(head, remembered);
    for (const [oldest, { text }] of this.#known) {
      if (this.#known.size <= mostLists && this.#characters <= mostCharacters) return;
      this.#known.delete(oldest);
      this.#characters -= text.length;
    }
  }
}

/** The list where `text` is the known list with more items behind it. */
function grown(text: string, { list, text: before }: Remembered): JsonListText | undefined {
  const end = before.length - 1;
  if (text.length <= before.length || text.charCodeAt(end) !== comma || !text.startsWith(before.slice(0, end))) return undefined;
  const separator = text.charCodeAt(end + 1) === space ? ", " : ",";
  if (list.items.length > 1 && separator !== list.separator) return undefined;
  const more = splitJsonList(`[${text.slice(end + separator.length)}`);
  if (more === undefined || (more.items.length > 1 && more.separator !== separator)) return undefined;
  return { items: [...list.items, ...more.items], separator };
}

const comma = 0x2c;
const space = 0x20;
