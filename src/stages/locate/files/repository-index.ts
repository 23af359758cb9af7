import type { LiteralReader } from "../../../ports/literal-reader.ts";
import type { Checkout, TreeEntry } from "../../../ports/workspace.ts";
import { isProse } from "./candidate-files.ts";
import type { ReadFile } from "../fragments.ts";
import { tokenise, withoutEscapes } from "../tokens.ts";
import { unitsOf } from "../units.ts";

/** Words kept for all commits together, four bytes each: 128 MiB. */
const mostWords = 32_000_000;
/** Characters of files kept with their units. */
const mostCharacters = 16_000_000;
const batchBytes = 24 * 1024 * 1024;

/**
 * What was read of repositories, by the contents of files: a file that did not change since the last commit is read once in the life of the
 * process. The oldest are forgotten when there are more than 32 million words, or 16 million characters of files that were read closely.
 */
export class RepositoryIndex {
  readonly #words = new Map<string, Uint32Array>();
  readonly #files = new Map<string, ReadFile>();
  #wordCount = 0;
  #characterCount = 0;

  /** The words of a commit's files by path, reading what is not known yet, about 24 MiB at a time. Files that are no text are left out. */
  async words(checkout: Checkout, entries: readonly TreeEntry[]): Promise<ReadonlyMap<string, Uint32Array>> {
    const missing = entries.filter((entry) => !this.#words.has(keyOf(checkout, entry)));
    for (const batch of batches(missing)) {
      const texts = await checkout.read(batch.map((entry) => entry.path));
      for (const entry of batch) {
        const text = texts.get(entry.path);
        this.#keepWords(keyOf(checkout, entry), text === undefined ? new Uint32Array() : wordsOf(entry.path, text));
      }
    }
    const found = new Map<string, Uint32Array>();
    for (const entry of entries) {
      const words = this.#words.get(keyOf(checkout, entry));
      if (words !== undefined && words.length > 0) found.set(entry.path, words);
    }
    this.#wordCount = forget(this.#words, this.#wordCount, mostWords, (words) => words.length);
    return found;
  }

  /** Some files of a commit with their units, in the order asked for; those that are no text are left out. */
  async files(
    checkout: Checkout,
    entries: readonly TreeEntry[],
    depth: "strings" | "names",
    literals: LiteralReader | undefined,
  ): Promise<readonly ReadFile[]> {
    const keyed = entries.map((entry) => ({ entry, key: `${depth} ${entry.path} ${keyOf(checkout, entry)}` }));
    const missing = keyed.filter(({ key }) => !this.#files.has(key));
    const texts = missing.length === 0 ? new Map<string, string>() : await checkout.read(missing.map(({ entry }) => entry.path));
    for (const { entry, key } of missing) {
      const text = texts.get(entry.path);
      if (text === undefined) continue;
      this.#files.set(key, { path: entry.path, text, units: unitsOf(entry.path, text, literals, depth) });
      this.#characterCount += text.length;
    }
    const found = keyed.flatMap(({ key }) => this.#files.get(key) ?? []);
    this.#characterCount = forget(this.#files, this.#characterCount, mostCharacters, (file) => file.text.length);
    return found;
  }

  #keepWords(key: string, words: Uint32Array): void {
    if (this.#words.has(key)) return;
    this.#words.set(key, words);
    this.#wordCount += words.length;
  }
}

/** Drops the oldest entries until the total is within bounds; returns the total that is left. */
function forget<T>(kept: Map<string, T>, total: number, most: number, sizeOf: (one: T) => number): number {
  let left = total;
  for (const [key, one] of kept) {
    if (left <= most) break;
    kept.delete(key);
    left -= sizeOf(one);
  }
  return left;
}

/** Escapes are read by the file's kind, so the same bytes under another ending are other words. */
const keyOf = (checkout: Checkout, entry: TreeEntry): string =>
  entry.object === undefined ? `${checkout.commit}:${entry.path}` : `${entry.object}${isProse(entry.path) ? "" : "e"}`;

// A copy of its own: a part of the scratch array would keep all of it alive.
const wordsOf = (path: string, text: string): Uint32Array => tokenise(isProse(path) ? text : withoutEscapes(text)).hashes.slice();

function batches(entries: readonly TreeEntry[]): readonly (readonly TreeEntry[])[] {
  const all: TreeEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (bytes + entry.size > batchBytes) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(entry);
    bytes += entry.size;
  }
  return all;
}
