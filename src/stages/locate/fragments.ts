import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { isProse } from "./files/candidate-files.ts";
import { type Aligned, alignedWith } from "./alignment.ts";
import { bestChain, type Hit } from "./chain.ts";
import { mayHold, type Query } from "./query.ts";
import { eachGram, gramBase, tokenise, type Tokens, withoutEscapes } from "./tokens.ts";
import type { Unit } from "./units.ts";
import type { Spread } from "./spread.ts";

/** A passage of a file that explains part of the recorded text. */
export interface Fragment {
  readonly path: string;
  readonly unit: Unit;
  /** From its first explained word to its last. */
  readonly passage: TextRange;
  /** Positions in the recorded text that it explains. */
  readonly positions: readonly number[];
  /** Share of the passage's words that stand in explained runs. */
  readonly precision: number;
  /** Share of the recorded words between the first and the last explained run that stand in such runs, those that a variable holds left out. */
  readonly recall: number;
  /** Explained runs per run of the whole unit. */
  readonly unitShare: number;
  /** Words of the whole unit. */
  readonly unitWords: number;
  /** The unit's words as one number: the same for the same words. */
  readonly unitHash: number;
  /** How the unit's words stand opposite to the recorded ones. */
  readonly aligned: Aligned;
  readonly weight: number;
  /** Recorded words that stand opposite to a place where something is filled in. */
  readonly filled: number;
  /** Whether the text has a place at which something may be filled in, before its first explained word and behind its last. */
  readonly openEnds: { readonly before: boolean; readonly after: boolean };
  /** How often the file holds the passage's runs: recordings and lists of tests hold a prompt again and again. */
  readonly repeats: number;
}

const mostFiles = 60;
const enoughCopies = 8;
const mostChains = 4;
const fewestHits = 3;
const mostHits = 20_000;

/**
 * The files most likely to hold the query, by the runs that they hold. A file whose runs all stand in eight better ones already is left out: it
 * can be no more than another copy.
 */
export function likelyFiles(spread: Spread): readonly string[] {
  const ranked = [...spread.files]
    .filter(([, grams]) => grams.size >= fewestHits)
    .toSorted((left, right) => right[1].size - left[1].size || (left[0] < right[0] ? -1 : 1));
  const held = new Map<number, number>();
  const chosen: string[] = [];
  for (const [path, grams] of ranked) {
    if (chosen.length >= mostFiles) break;
    const scarce = [...grams].filter((gram) => (held.get(gram) ?? 0) < enoughCopies).length;
    if (scarce < fewestHits) continue;
    chosen.push(path);
    for (const gram of grams) held.set(gram, (held.get(gram) ?? 0) + 1);
  }
  return chosen;
}

export interface FragmentScope {
  readonly query: Query;
  readonly spread: Spread;
}

/** A file with what was read of it. */
export interface ReadFile {
  readonly path: string;
  readonly text: string;
  readonly units: readonly Unit[];
}

/** All passages of one file that explain something of the query, unit by unit. */
export function fragmentsOf({ path, text, units }: ReadFile, scope: FragmentScope): readonly Fragment[] {
  const clean = isProse(path) ? text : withoutEscapes(text);
  const hits = units.flatMap((unit) => hitsIn(unit, clean, scope));
  const seen = new Map<number, number>();
  for (const one of hits) for (const { gram } of one.at) seen.set(gram, (seen.get(gram) ?? 0) + 1);
  return hits.flatMap((one) => chainsOf(path, one, { seen, text }, scope));
}

interface UnitHits {
  readonly unit: Unit;
  readonly tokens: Tokens;
  readonly at: readonly { readonly file: number; readonly gram: number }[];
}

function hitsIn(unit: Unit, clean: string, { query }: FragmentScope): readonly UnitHits[] {
  const tokens = tokenise(clean, unit.pieces);
  const at: { file: number; gram: number }[] = [];
  eachGram(tokens.hashes, query.k, (gram, file) => {
    if (at.length < mostHits && mayHold(query, gram) && query.grams.has(gram)) at.push({ file, gram });
  });
  return at.length < fewestHits ? [] : [{ unit, tokens, at }];
}

/** The best chain of a unit, then the best of what it leaves, and so on: a prompt may be spread over several passages of one document. */
function chainsOf(path: string, found: UnitHits, { seen, text }: Counted, { query, spread }: FragmentScope): readonly Fragment[] {
  let hits: readonly Hit[] = found.at.flatMap(({ file, gram }) =>
    (query.grams.get(gram) ?? []).map((position) => ({ file, query: position, gram, weight: spread.weigh(gram) })),
  );
  const fragments: Fragment[] = [];
  for (let round = 0; round < mostChains; round += 1) {
    const chain = bestChain(hits);
    if (chain.hits.length < fewestHits) break;
    fragments.push(fragmentOf(path, found, chain.hits, { query, seen, text }));
    const taken = new Set(chain.hits.map((hit) => hit.query));
    const [first, last] = [chain.hits[0]?.file ?? 0, chain.hits.at(-1)?.file ?? 0];
    hits = hits.filter((hit) => !taken.has(hit.query) && !(hit.file >= first && hit.file <= last));
  }
  return fragments;
}

/** A file's text, and how often each run stands in it. */
interface Counted {
  readonly seen: ReadonlyMap<number, number>;
  readonly text: string;
}

function fragmentOf(
  path: string,
  { tokens, unit }: UnitHits,
  hits: readonly Hit[],
  { query, seen, text }: Counted & { readonly query: Query },
): Fragment {
  const { k } = query;
  const first = hits[0]?.file ?? 0;
  const last = (hits.at(-1)?.file ?? 0) + k - 1;
  const varies = (from: number, to: number): boolean => mayVary(text.slice(tokens.ends[from] ?? 0, tokens.starts[to] ?? 0));
  const filled = filledWords(hits, k, varies);
  const repeats = hits.reduce((sum, hit) => sum + (seen.get(hit.gram) ?? 1), 0) / Math.max(1, hits.length);
  return {
    path,
    unit,
    passage: { start: tokens.starts[first] ?? 0, end: tokens.ends[last] ?? 0 },
    positions: hits.map((hit) => hit.query),
    precision: coveredShare(
      hits.map((hit) => hit.file),
      k,
    ),
    recall: recallOf(hits, k, filled),
    filled,
    openEnds: {
      before: mayVary(text.slice(unit.strings[0]?.start ?? 0, tokens.starts[first] ?? 0)),
      after: mayVary(text.slice(tokens.ends[last] ?? 0, unit.strings.at(-1)?.end ?? 0)),
    },
    unitShare: Math.min(1, hits.length / Math.max(1, tokens.length + 1 - k)),
    unitWords: tokens.length,
    unitHash: tokens.hashes.reduce((hash, word) => (Math.imul(hash, gramBase) + word) | 0, 0),
    aligned: alignedWith(hits, { k, file: tokens.hashes, query: query.tokens.hashes, varies }),
    weight: hits.reduce((sum, hit) => sum + hit.weight, 0),
    repeats,
  };
}

/** Which share of the words from the first run to the last stands in one of the runs; `starts` rise. One changed word costs one word, not k runs. */
function coveredShare(starts: readonly number[], k: number): number {
  const [first = 0] = starts;
  let end = first;
  let covered = 0;
  for (const start of starts) {
    covered += start + k - Math.max(start, end);
    end = start + k;
  }
  return covered / Math.max(1, end - first);
}

/** Signs of a template variable, a block, or code that fills something in. */
const mayVary = (between: string): boolean => between.length > 2000 || /[{}%$<>+[\]]/.test(between);

/** Recorded words between runs, where the file has a place between them at which something may be filled in. */
function filledWords(hits: readonly Hit[], k: number, varies: (from: number, to: number) => boolean): number {
  let filled = 0;
  for (const [index, hit] of hits.entries()) {
    const before = hits[index - 1];
    if (before === undefined || hit.query - before.query <= k) continue;
    if (varies(before.file + k - 1, hit.file)) filled += hit.query - before.query - k;
  }
  return filled;
}

/** As `coveredShare`, of the recorded text without what was filled in. */
function recallOf(hits: readonly Hit[], k: number, filled: number): number {
  const starts = hits.map((hit) => hit.query);
  const span = (starts.at(-1) ?? 0) + k - (starts[0] ?? 0);
  return Math.min(1, (coveredShare(starts, k) * span) / Math.max(1, span - filled));
}
