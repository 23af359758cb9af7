import type { Hit } from "./chain.ts";

/** A stretch of recorded words: the first one, and the one behind the last. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** How the words of a unit and the recorded ones stand opposite to each other. */
export interface Aligned {
  /** Share of the unit's words that stand in the recorded text, in order, 0..1. */
  readonly share: number;
  /** Recorded words that stand in the unit, or opposite to a place of it where something is filled in; in order. */
  readonly accounted: readonly Stretch[];
  /** Words of the unit behind its last one that stands in the recorded text. */
  readonly behind: number;
}

export interface AlignedTexts {
  /** Words of a run. */
  readonly k: number;
  readonly file: Uint32Array;
  readonly query: Uint32Array;
  /** Whether something may be filled in between two words of the unit. */
  readonly varies: (from: number, to: number) => boolean;
}

/** What a chain of runs says of a whole unit, word by word. */
export function alignedWith(hits: readonly Hit[], { file, k, query, varies }: AlignedTexts): Aligned {
  const accounted: Stretch[] = [];
  let held = 0;
  let before: EqualRun | undefined;
  for (const run of equalRuns(hits, k, file, query)) {
    if (before !== undefined && run.query > endOf(before).query && varies(endOf(before).file - 1, run.file))
      accounted.push({ from: endOf(before).query, to: run.query });
    accounted.push({ from: run.query, to: run.query + run.length });
    held += run.length;
    before = run;
  }
  const behind = before === undefined ? 0 : file.length - endOf(before).file;
  return { share: held / Math.max(1, file.length), accounted, behind };
}

const endOf = ({ file, length, query }: EqualRun): Pick<EqualRun, "file" | "query"> => ({ file: file + length, query: query + length });

/** Words that stand opposite to each other, all equal: from a word of the file and from one of the recorded text. */
interface EqualRun {
  readonly file: number;
  readonly query: number;
  readonly length: number;
}

/** Two words that follow each other in both texts are the same place where not many words come into question, else three. */
const fewestWords = 2;
const fewestFar = 3;
const far = 50;
const widestFile = 120;
const widestQuery = 1500;

/**
 * The words of a unit that stand in the recorded text, in order: those of a chain's runs, and in the gaps between them, before and behind them what
 * is equal for at least two words. Short pieces between two variables hold no whole run, and a changed word breaks all runs around it: neither
 * says that the rest of the words are others. Gaps of more than 120 words of the file or 1,500 recorded ones are left as they are.
 */
function equalRuns(hits: readonly Hit[], k: number, file: Uint32Array, query: Uint32Array): readonly EqualRun[] {
  const anchors = anchorsOf(hits, k);
  const [first] = anchors;
  const last = anchors.at(-1);
  if (first === undefined || last === undefined) return [];
  const runs: EqualRun[] = [];
  const texts = { file, query };
  const head = { file: Math.max(0, first.file - widestFile), query: Math.max(0, first.query - widestQuery) };
  fill(texts, { ...head, fileEnd: first.file, queryEnd: first.query }, runs);
  for (const [index, anchor] of anchors.entries()) {
    const before = anchors[index - 1];
    if (before !== undefined) fill(texts, gapBetween(before, anchor), runs);
    runs.push(anchor);
  }
  const tail = gapBetween(last, { file: file.length, query: query.length, length: 0 });
  const bounded = {
    ...tail,
    fileEnd: Math.min(tail.fileEnd, tail.file + widestFile),
    queryEnd: Math.min(tail.queryEnd, tail.query + widestQuery),
  };
  fill(texts, bounded, runs);
  return runs;
}

/** Hits as runs of words that share none. */
function anchorsOf(hits: readonly Hit[], k: number): readonly EqualRun[] {
  const anchors: EqualRun[] = [];
  for (const { file, query } of hits) {
    const last = anchors.at(-1);
    if (last === undefined) {
      anchors.push({ file, query, length: k });
      continue;
    }
    const taken = Math.max(last.file + last.length - file, last.query + last.length - query, 0);
    const isNext = last.query - last.file === query - file && file <= last.file + last.length;
    if (isNext) anchors[anchors.length - 1] = { ...last, length: file + k - last.file };
    else if (taken < k) anchors.push({ file: file + taken, query: query + taken, length: k - taken });
  }
  return anchors;
}

interface Gap {
  readonly file: number;
  readonly fileEnd: number;
  readonly query: number;
  readonly queryEnd: number;
}

const gapBetween = (before: EqualRun, next: EqualRun): Gap => ({
  file: before.file + before.length,
  fileEnd: next.file,
  query: before.query + before.length,
  queryEnd: next.query,
});

interface Texts {
  readonly file: Uint32Array;
  readonly query: Uint32Array;
}

/** The longest equal run of a gap, then of what is left on both of its sides. */
function fill(texts: Texts, gap: Gap, runs: EqualRun[]): void {
  const [words, recorded] = [gap.fileEnd - gap.file, gap.queryEnd - gap.query];
  if (words < fewestWords || recorded < fewestWords || words > widestFile || recorded > widestQuery) return;
  const longest = longestRun(texts, gap);
  if (longest === undefined) return;
  fill(texts, { ...gap, fileEnd: longest.file, queryEnd: longest.query }, runs);
  runs.push(longest);
  fill(texts, { ...gap, file: longest.file + longest.length, query: longest.query + longest.length }, runs);
}

function longestRun({ file, query }: Texts, gap: Gap): EqualRun | undefined {
  const fewest = gap.queryEnd - gap.query > far ? fewestFar : fewestWords;
  let best: EqualRun | undefined;
  let before = new Uint16Array(gap.queryEnd - gap.query + 1);
  for (let at = gap.file; at < gap.fileEnd; at += 1) {
    const lengths = new Uint16Array(before.length);
    for (let other = gap.query; other < gap.queryEnd; other += 1) {
      if (file[at] !== query[other]) continue;
      const length = (before[other - gap.query] ?? 0) + 1;
      lengths[other - gap.query + 1] = length;
      if (length >= fewest && length > (best?.length ?? 0)) best = { file: at + 1 - length, query: other + 1 - length, length };
    }
    before = lengths;
  }
  return best;
}
