import { isProse, pathPrior } from "./candidate-files.ts";
import { bestChain, type Hit } from "./chain.ts";
import { gramAt, tokenise, type Tokens, withoutEscapes } from "./tokens.ts";

/** A recorded text as a query: its word runs and where each stands. */
export interface Query {
  readonly tokens: Tokens;
  readonly k: number;
  /** Gram → positions in the recorded text. */
  readonly grams: ReadonlyMap<number, readonly number[]>;
  /** Positions that are asked for: those that all renderings share. */
  readonly count: number;
}

/** A passage of a file that explains part of the recorded text. */
export interface Fragment {
  readonly path: string;
  /** Offsets into the file. */
  readonly start: number;
  readonly end: number;
  /** Positions in the recorded text that it explains. */
  readonly positions: readonly number[];
  /** Explained grams per gram of the passage. */
  readonly precision: number;
  readonly weight: number;
}

const runLength = 5;
const shortRunLength = 3;
const mostPositions = 8;

/** The query of several renderings of one prompt: the longest one's runs that stand in all of them, if that leaves at least half. */
export function queryOf(renderings: readonly string[]): Query {
  const sorted = renderings.toSorted((left, right) => right.length - left.length);
  const tokens = tokenise(sorted[0] ?? "");
  const k = tokens.length < 4 * runLength ? shortRunLength : runLength;
  const others = sorted.slice(1).map((text) => gramSet(tokenise(text), k));
  const all = positionsOf(tokens, k, () => true);
  const shared = positionsOf(tokens, k, (gram) => others.every((set) => set.has(gram)));
  const grams = shared.count * 2 >= all.count ? shared : all;
  return { tokens, k, grams: grams.map, count: grams.count };
}

function gramSet(tokens: Tokens, k: number): ReadonlySet<number> {
  const set = new Set<number>();
  for (let at = 0; at + k <= tokens.length; at += 1) set.add(gramAt(tokens, at, k));
  return set;
}

function positionsOf(
  tokens: Tokens,
  k: number,
  wanted: (gram: number) => boolean,
): { readonly map: Map<number, number[]>; readonly count: number } {
  const map = new Map<number, number[]>();
  let count = 0;
  for (let at = 0; at + k <= tokens.length; at += 1) {
    const gram = gramAt(tokens, at, k);
    if (!wanted(gram)) continue;
    count += 1;
    const known = map.get(gram);
    if (known === undefined) map.set(gram, [at]);
    else if (known.length < mostPositions) known.push(at);
  }
  return { map, count };
}

interface FileHits {
  readonly path: string;
  readonly tokens: Tokens;
  readonly at: readonly { readonly file: number; readonly gram: number }[];
}

/** Looks for the query in all files; passages of each file that explain something, unsorted. Weights are IDF over the files. */
export function fragmentsOf(query: Query, files: ReadonlyMap<string, string>): readonly Fragment[] {
  const found: FileHits[] = [];
  const frequency = new Map<number, number>();
  for (const [path, text] of files) {
    const tokens = tokenise(isProse(path) ? text : withoutEscapes(text));
    const at: { file: number; gram: number }[] = [];
    for (let index = 0; index + query.k <= tokens.length; index += 1) {
      const gram = gramAt(tokens, index, query.k);
      if (query.grams.has(gram)) at.push({ file: index, gram });
    }
    if (at.length === 0) continue;
    for (const gram of new Set(at.map((one) => one.gram))) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
    found.push({ path, tokens, at });
  }
  const weigh = (gram: number): number => Math.log((files.size + 1) / ((frequency.get(gram) ?? 0) + 1)) + 0.1;
  return found.flatMap((file) => chainsOf(file, query, weigh));
}

const mostChains = 4;
const fewestHits = 3;

/** The best chain of a file, then the best of what it leaves, and so on: a prompt may be spread over several passages of one file. */
function chainsOf(file: FileHits, query: Query, weigh: (gram: number) => number): readonly Fragment[] {
  let hits: readonly Hit[] = file.at.flatMap(({ file: at, gram }) =>
    (query.grams.get(gram) ?? []).map((position) => ({ file: at, query: position, weight: weigh(gram) })),
  );
  const fragments: Fragment[] = [];
  for (let round = 0; round < mostChains; round += 1) {
    const chain = bestChain(hits);
    if (chain.hits.length < fewestHits) break;
    const fragment = fragmentOf(file, chain.hits, query.k);
    fragments.push(fragment);
    const taken = new Set(chain.hits.map((hit) => hit.query));
    hits = hits.filter(
      (hit) => !taken.has(hit.query) && !(hit.file >= (chain.hits[0]?.file ?? 0) && hit.file <= (chain.hits.at(-1)?.file ?? 0)),
    );
  }
  return fragments;
}

function fragmentOf(file: FileHits, hits: readonly Hit[], k: number): Fragment {
  const first = hits[0]?.file ?? 0;
  const last = (hits.at(-1)?.file ?? 0) + k - 1;
  const span = last - first + 2 - k;
  return {
    path: file.path,
    start: file.tokens.starts[first] ?? 0,
    end: file.tokens.ends[last] ?? 0,
    positions: hits.map((hit) => hit.query),
    precision: Math.min(1, hits.length / Math.max(1, span)),
    weight: hits.reduce((sum, hit) => sum + hit.weight, 0),
  };
}

const fewestNew = 12;

/** A chosen passage, what it newly explains, and passages elsewhere that explain the same. */
export interface Chosen {
  readonly fragment: Fragment;
  readonly fresh: number;
  readonly copies: readonly Fragment[];
}

/** Greedy cover: the passage that explains most of what is not explained yet, by weight, path and precision; until little is left. */
export function cover(query: Query, fragments: readonly Fragment[]): readonly Chosen[] {
  const covered = new Set<number>();
  const chosen: Chosen[] = [];
  let rest = fragments;
  const least = Math.min(fewestNew, Math.max(3, Math.ceil(query.count * 0.4)));
  const fresh = (fragment: Fragment): number => fragment.positions.filter((position) => !covered.has(position)).length;
  const rank = (fragment: Fragment): number =>
    (fragment.weight * fresh(fragment) * pathPrior(fragment.path) * (0.5 + 0.5 * fragment.precision)) /
    Math.max(1, fragment.positions.length);
  for (;;) {
    const best = rest.reduce<Fragment | undefined>(
      (winner, fragment) => (fresh(fragment) >= least && (winner === undefined || rank(fragment) > rank(winner)) ? fragment : winner),
      undefined,
    );
    if (best === undefined) return chosen;
    const own = new Set(best.positions);
    const isCopy = (other: Fragment): boolean =>
      other !== best && other.positions.filter((position) => own.has(position)).length >= 0.8 * best.positions.length;
    chosen.push({ fragment: best, fresh: fresh(best), copies: rest.filter((other) => isCopy(other)) });
    for (const position of best.positions) covered.add(position);
    rest = rest.filter((other) => other !== best);
  }
}
