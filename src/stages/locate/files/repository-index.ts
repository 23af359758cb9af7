import type { CodeReading, LiteralReader } from "../../../ports/literal-reader.ts";
import type { Checkout, TreeEntry } from "../../../ports/workspace.ts";
import { candidateFiles, type FileFacts, fileFacts, isProse } from "./candidate-files.ts";
import type { ReadFile } from "../fragments.ts";
import { mentionCounter } from "./mentions.ts";
import { tokenise, withoutEscapes } from "../tokens.ts";
import { unitsOf } from "../units.ts";

/** Words kept for all commits together, four bytes each: 128 MiB. */
const mostWords = 32_000_000;
/** Words of one commit that are kept beyond that: 512 MiB. */
const mostWordsOfOne = 4 * mostWords;
/** Characters of files kept with their units, and of the texts that were read last. */
const mostCharacters = 16_000_000;
/** Characters of programs kept with all that stands in them: names and values take more room than the text. */
const mostReadCharacters = 4_000_000;
const batchBytes = 24 * 1024 * 1024;

/** What is known of one commit before anything is looked for. */
export interface IndexedCommit {
  /** Words of its files by path; files that are no text are left out. */
  readonly words: ReadonlyMap<string, Uint32Array>;
  readonly facts: FileFacts;
  /** How many other files name a file. */
  readonly mentions: (path: string) => number;
}

/**
 * What was read of repositories, by the contents of files: a file that did not change since the last commit is read once in the life of the
 * process. What other commits held is forgotten when there are more than 32 million words, the oldest of a single commit when it has more than 128 million; so are the oldest of 16 million characters of files
 * that were read closely.
 */
export class RepositoryIndex {
  readonly #words = new Map<string, Uint32Array>();
  readonly #files = new Map<string, ReadFile>();
  /** `undefined` for what is no text. */
  readonly #texts = new Map<string, string | undefined>();
  readonly #readings = new Map<string, CodeReading | undefined>();
  #wordCount = 0;
  #characterCount = 0;
  #textCount = 0;
  #readCount = 0;
  /** The commit that was asked for last. */
  #latest: { readonly key: string; readonly commit: IndexedCommit } | undefined;

  /** A commit's words, its own statements about its files, and who names whom. */
  async commit(checkout: Checkout): Promise<IndexedCommit> {
    const key = `${checkout.repository.owner}/${checkout.repository.name}@${checkout.commit}`;
    if (this.#latest?.key === key) return this.#latest.commit;
    const entries = await checkout.entries();
    const words = await this.words(checkout, candidateFiles(entries));
    const commit = { words, facts: await fileFacts(checkout, entries), mentions: mentionCounter(words) };
    const isKept = [...words.values()].reduce((sum, one) => sum + one.length, 0) <= mostWordsOfOne;
    this.#latest = isKept ? { key, commit } : undefined;
    return commit;
  }

  /** The texts of some files of a commit, in the order asked for; those that are no text are left out. */
  async texts(checkout: Checkout, entries: readonly TreeEntry[]): Promise<ReadonlyMap<string, string>> {
    const missing = entries.filter((entry) => !this.#texts.has(keyOf(checkout, entry)));
    const read = missing.length === 0 ? new Map<string, string>() : await checkout.read(missing.map((entry) => entry.path));
    for (const entry of missing) this.#keepText(keyOf(checkout, entry), read.get(entry.path));
    const found = new Map<string, string>();
    for (const entry of entries) {
      const text = this.#texts.get(keyOf(checkout, entry));
      if (text !== undefined) found.set(entry.path, text);
    }
    this.#forgetTexts();
    return found;
  }

  /** The same reader, which remembers the programs that it has read closely. */
  remembering(literals: LiteralReader): LiteralReader {
    return {
      read: (path, text, depth) => {
        if (depth === "strings") return literals.read(path, text, depth);
        const key = `${path.slice(path.lastIndexOf(".") + 1)}\n${text}`;
        if (this.#readings.has(key)) return this.#readings.get(key);
        const reading = literals.read(path, text, depth);
        this.#readings.set(key, reading);
        this.#readCount = forget(
          this.#readings,
          { total: this.#readCount + key.length, most: mostReadCharacters },
          (_, { length }) => length,
        );
        return reading;
      },
    };
  }

  /** The words of a commit's files by path, reading what is not known yet, about 24 MiB at a time. Files that are no text are left out. */
  async words(checkout: Checkout, entries: readonly TreeEntry[]): Promise<ReadonlyMap<string, Uint32Array>> {
    const missing = entries.filter((entry) => !this.#words.has(keyOf(checkout, entry)));
    for (const batch of batches(missing)) {
      const texts = await checkout.read(batch.map((entry) => entry.path));
      for (const entry of batch) {
        const text = texts.get(entry.path);
        // The few files that are read closely next are mostly among these: every reading apart starts a process of git.
        this.#keepText(keyOf(checkout, entry), text);
        this.#keepWords(keyOf(checkout, entry), text === undefined ? new Uint32Array() : wordsOf(entry.path, text));
      }
      this.#forgetTexts();
    }
    const found = new Map<string, Uint32Array>();
    const own = new Set<string>();
    for (const entry of entries) {
      const key = keyOf(checkout, entry);
      const words = this.#words.get(key);
      own.add(key);
      if (words !== undefined && words.length > 0) found.set(entry.path, words);
    }
    // What this commit holds is needed again at the next one: of a large repository nothing may be forgotten but what has changed.
    const isForeign = (key: string): boolean => !own.has(key);
    const left = forget(this.#words, { total: this.#wordCount, most: mostWords, isDropped: isForeign }, (words) => words.length);
    this.#wordCount = forget(this.#words, { total: left, most: mostWordsOfOne }, (words) => words.length);
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
    const texts = await this.texts(
      checkout,
      missing.map(({ entry }) => entry),
    );
    for (const { entry, key } of missing) {
      const text = texts.get(entry.path);
      if (text === undefined) continue;
      this.#files.set(key, { path: entry.path, text, units: unitsOf(entry.path, text, literals, depth) });
      this.#characterCount += text.length;
    }
    const found = keyed.flatMap(({ key }) => this.#files.get(key) ?? []);
    this.#characterCount = forget(this.#files, { total: this.#characterCount, most: mostCharacters }, (file) => file.text.length);
    return found;
  }

  #keepText(key: string, text: string | undefined): void {
    if (this.#texts.has(key)) return;
    this.#texts.set(key, text);
    this.#textCount += text?.length ?? 0;
  }

  #forgetTexts(): void {
    this.#textCount = forget(this.#texts, { total: this.#textCount, most: mostCharacters }, (text) => text?.length ?? 0);
  }

  #keepWords(key: string, words: Uint32Array): void {
    if (this.#words.has(key)) return;
    this.#words.set(key, words);
    this.#wordCount += words.length;
  }
}

interface Bound {
  readonly total: number;
  readonly most: number;
  /** Which entries may be dropped; all where absent. */
  readonly isDropped?: (key: string) => boolean;
}

/** Drops the oldest entries until the total is within bounds; returns the total that is left. */
function forget<T>(kept: Map<string, T>, { isDropped, most, total }: Bound, sizeOf: (one: T, key: string) => number): number {
  let left = total;
  for (const [key, one] of kept) {
    if (left <= most) break;
    if (isDropped?.(key) === false) continue;
    kept.delete(key);
    left -= sizeOf(one, key);
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
