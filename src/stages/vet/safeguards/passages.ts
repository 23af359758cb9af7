import { diffArrays } from "diff";
import { missing, sentencesOf } from "../../../domain/text/sentences.ts";
import { read } from "./reading.ts";

/** Sentences that changed together. */
export interface ChangedPassage {
  readonly removed: readonly string[];
  /** What stands there now and speaks of the same. */
  readonly rewritten: readonly string[];
  /** What stands there now and is new. */
  readonly added: readonly string[];
}

/** Sentences that differ in case, emphasis or their last mark say the same. */
const evened = (sentence: string): string => {
  const plain = sentence
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/[*`"“”_]/g, "");
  // A pattern for the end of a text is tried at every mark of a long row of them.
  let end = plain.length;
  while (end > 0 && /[\s.:;,]/.test(plain[end - 1] ?? "")) end -= 1;
  return plain.slice(0, end);
};

/** Where two texts differ, sentence by sentence. A sentence that only moved is no difference. */
export function changedPassages(before: string, after: string): readonly ChangedPassage[] {
  const [old, now] = [sentencesOf(before), sentencesOf(after)];
  const [oldKeys, keys] = [old.map((sentence) => evened(sentence)), now.map((sentence) => evened(sentence))];
  const [gone, come] = [countsOf(missing(oldKeys, keys)), countsOf(missing(keys, oldKeys))];
  const passages: { readonly removed: string[]; readonly come: string[] }[] = [];
  let [oldAt, nowAt, isOpen] = [0, 0, false];
  for (const { added, count, removed } of diffArrays(oldKeys, keys)) {
    if (!isOpen && (added || removed)) passages.push({ removed: [], come: [] });
    isOpen = added || removed;
    const passage = passages.at(-1);
    if (isOpen && removed) passage?.removed.push(...old.slice(oldAt, oldAt + count).filter((sentence) => takeOne(gone, evened(sentence))));
    if (isOpen && added) passage?.come.push(...now.slice(nowAt, nowAt + count).filter((sentence) => takeOne(come, evened(sentence))));
    if (!added) oldAt += count;
    if (!removed) nowAt += count;
  }
  return passages.filter((one) => one.come.length + one.removed.length > 0).map((one) => parted(one.removed, one.come));
}

const countsOf = (items: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
};

function takeOne(counts: Map<string, number>, item: string): boolean {
  const left = counts.get(item) ?? 0;
  counts.set(item, left - 1);
  return left > 0;
}

/** Two sentences that share this much of the shorter one's words of meaning speak of the same. */
const kin = 0.4;
/** Pairs of sentences that are looked at; where there are more, all of them count as rewritten. */
const mostPairs = 100_000;

function parted(removed: readonly string[], come: readonly string[]): ChangedPassage {
  const isOneForOne = removed.length === 1 && come.length === 1;
  if (isOneForOne || removed.length * come.length > mostPairs) return { removed, rewritten: come, added: [] };
  const old = removed.map((sentence) => contentOf(sentence));
  const isRewritten = (sentence: string): boolean => {
    const content = contentOf(sentence);
    return old.some((other) => kinship(other, content) >= kin);
  };
  const rewritten = come.filter((sentence) => isRewritten(sentence));
  return { removed, rewritten, added: come.filter((sentence) => !rewritten.includes(sentence)) };
}

function kinship(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((key) => other.has(key)).length;
  return shared / Math.max(1, Math.min(one.size, other.size));
}

const contentOf = (sentence: string): ReadonlySet<string> =>
  new Set(
    read(sentence)
      .filter(({ role }) => role === "content" || role === "number")
      .map(({ key }) => key),
  );

/** A step that has to come before others. */
const protectiveStep =
  /^(?:then |first |always )?(?:confirm|verify|check|ask|obtain|wait|make sure|read back|get|validate|identify|authenticate|show|list)\b/i;

/** Whether a step that protects was moved behind one that it came before. What stands there twice cannot be told to have moved. */
export function isCheckMovedBack(old: readonly string[], now: readonly string[]): boolean {
  const [oldCounts, counts] = [countsOf(old.map((sentence) => evened(sentence))), countsOf(now.map((sentence) => evened(sentence)))];
  const places = new Map(now.map((sentence, place) => [evened(sentence), place]));
  let earliest = Number.POSITIVE_INFINITY;
  for (const sentence of old.toReversed()) {
    const key = evened(sentence);
    const place = places.get(key);
    if (place === undefined || oldCounts.get(key) !== 1 || counts.get(key) !== 1) continue;
    if (protectiveStep.test(sentence)) {
      if (earliest < place) return true;
    } else earliest = Math.min(earliest, place);
  }
  return false;
}
