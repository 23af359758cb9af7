import type { ToolDefinition } from "../../../domain/message.ts";
import { describedParts } from "../../../domain/text/described-parts.ts";
import { isCode } from "../../../domain/text/literals.ts";
import { isSecondary } from "./candidate-files.ts";
import { holds, namesOf } from "./mentions.ts";
import { eachGram, tokenise } from "../tokens.ts";

const mostFiles = 120;
const mostSettings = 400;
const document = /\.(?:ya?ml|json|toml|jsonc)$/i;
/** Words of a run: descriptions are short, and other strings may stand between their pieces. Shorter ones are one run. */
const runLength = 4;
const shortestRun = 2;
const mostParts = 600;
const bitShift = 15;

const slotOf = (gram: number): number => Math.imul(gram, 0x85ebca6b) >>> bitShift;

/** Runs of one length that are looked for. */
interface Runs {
  readonly length: number;
  readonly grams: Set<number>;
  /** One bit for each run's hash, because every word of the repository is asked for. */
  readonly bits: Uint8Array;
}

/** What is looked for of tools' descriptions: runs of their words, and the tool's name where a word is all they say. */
interface Wanted {
  readonly runs: readonly Runs[];
  readonly names: readonly Uint32Array[];
}

function wantedOf(tools: readonly ToolDefinition[]): Wanted {
  const runs = new Map<number, Runs>();
  const names: Uint32Array[] = [];
  const add = (text: string): boolean => {
    const { hashes } = tokenise(text);
    const length = Math.min(runLength, hashes.length);
    if (length < shortestRun) return hashes.length === 0;
    const own = runs.get(length) ?? { length, grams: new Set(), bits: new Uint8Array(1 << (32 - bitShift)) };
    runs.set(length, own);
    const all: number[] = [];
    eachGram(hashes, length, (gram) => all.push(gram));
    for (const at of [0, all.length >> 1, all.length - 1]) {
      const gram = all[at] ?? 0;
      own.grams.add(gram);
      own.bits[slotOf(gram)] = 1;
    }
    return true;
  };
  let parts = 0;
  for (const tool of tools) {
    const all = describedParts(tool.parameters).slice(0, Math.max(0, mostParts - parts));
    parts += all.length;
    const isShort = [tool.description, ...all.map((one) => one.description)].map((text) => add(text)).includes(false);
    const name = tokenise(tool.name).hashes.slice();
    if (isShort && name.length > 0) names.push(name);
  }
  return { runs: [...runs.values()], names };
}

/** Files that may describe tools: documents and code that hold words of the descriptions, those with most of them first. */
export function filesOfTools(tools: readonly ToolDefinition[], words: ReadonlyMap<string, Uint32Array>): readonly string[] {
  if (tools.length === 0) return [];
  const { names, runs } = wantedOf(tools);
  const counted = [...words].flatMap(([path, hashes]) => {
    if (!document.test(path) && !isCode(path)) return [];
    const seen = new Set<number>();
    for (const { bits, grams, length } of runs) {
      eachGram(hashes, length, (gram) => {
        if (bits[slotOf(gram)] === 1 && grams.has(gram)) seen.add(gram);
      });
    }
    const count = seen.size + names.filter((name) => holds(hashes, name)).length;
    return count === 0 ? [] : [{ path, count }];
  });
  return counted
    .toSorted(
      (left, right) =>
        Number(isSecondary(left.path)) - Number(isSecondary(right.path)) ||
        right.count - left.count ||
        left.path.length - right.path.length ||
        (left.path < right.path ? -1 : 1),
    )
    .slice(0, mostFiles)
    .map(({ path }) => path);
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/**
 * Files that may configure the agent whose prompt and tools were found: documents beside them, at the root, or naming one of them; and code
 * that holds one of them or names its file.
 */
export function filesOfSettings(located: readonly string[], words: ReadonlyMap<string, Uint32Array>): readonly string[] {
  const folders = new Set(located.map((path) => folderOf(path)));
  const own = new Set(located);
  const names = located.flatMap((path) => namesOf(path));
  const isNamed = (hashes: Uint32Array): boolean => names.some((name) => holds(hashes, name));
  return [...words]
    .filter(([path, hashes]) => {
      if (document.test(path)) return folderOf(path) === "" || folders.has(folderOf(path)) || isNamed(hashes);
      return isCode(path) && (own.has(path) || isNamed(hashes));
    })
    .slice(0, mostSettings)
    .map(([path]) => path);
}
