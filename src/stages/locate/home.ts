import { isOnlyRecorded } from "./files/candidate-files.ts";
import { share } from "./places.ts";
import type { Chosen } from "./cover.ts";
import type { Fragment } from "./fragments.ts";
import { agreementOf, isConvincing } from "./prompt-sources.ts";
import type { Query } from "./query.ts";
import type { Unit } from "./units.ts";

/**
 * What must be explained of the recorded prompt, filled-in words counted, so that the repository is its home: most of it, or less in a text that
 * stands there for the better part and agrees well. Forks and templates of others reach less.
 */
const home = {
  most: 0.65,
  some: 0.4,
  agreement: 0.81,
  unitShare: 0.64,
  nearlyAll: 0.78,
  grams: 20,
  aligned: 0.4,
  accounted: 0.9,
  unbroken: 0.6,
} as const;
/** A claimed passage, and whether its text documents a tool. */
export interface Telling {
  readonly fragment: Fragment;
  readonly isToolDocumentation: boolean;
}

/** Whether the claimed passages say that this repository is the prompt's home; `residue` as `residueOf` gives it. */
export function isHome(query: Query, claimed: readonly Telling[], residue: number): boolean {
  if (claimed.every(({ fragment }) => isOnlyRecorded(fragment.path))) return false;
  const held = 1 - residue;
  if (held >= home.most) return true;
  const own = claimed.filter(({ isToolDocumentation }) => !isToolDocumentation);
  // Another project's text that was taken over has words of this prompt's own in its midst, and the prompt goes on without it.
  if (held < home.some && own.some(({ fragment }) => fragment.positions.length >= home.grams && fragment.recall < home.unbroken))
    return false;
  if (own.some(({ fragment }) => isConvincing(fragment))) return true;
  const alike = own.filter(({ fragment }) => agreementOf(fragment) >= home.agreement);
  if (held >= home.some && alike.some(({ fragment }) => fragment.unitShare >= home.unitShare)) return true;
  // What is neither there nor filled in is little, and the text is there for a good part: other versions of a text have words of their own.
  if (
    own.some(({ fragment }) => fragment.positions.length >= home.grams && fragment.aligned.share >= home.aligned) &&
    accountedShare(query, claimed) >= home.accounted
  )
    return true;
  // Most of a prompt may be data: then the text itself must be nearly all there.
  return alike.some(({ fragment }) => fragment.unitShare >= home.nearlyAll) && heldShare(query, claimed, residue) >= home.most;
}

/**
 * Share of the recorded prompt that the repository accounts for, 0..1: words that stand there, words opposite to a place that is filled in, and what
 * comes before or behind a text that begins or ends with such a place.
 */
function heldShare(query: Query, claimed: readonly Pick<Chosen, "fragment">[], residue: number): number {
  const positions = claimed.flatMap(({ fragment }) => fragment.positions);
  const [first, last] = [Math.min(...positions), Math.max(...positions)];
  const ends = claimed.map(({ fragment }) => ({
    before: fragment.openEnds.before && fragment.positions[0] === first,
    after: fragment.openEnds.after && fragment.positions.at(-1) === last,
  }));
  const words = query.tokens.length + 1 - query.k;
  const before = ends.some((end) => end.before) ? first : 0;
  const after = ends.some((end) => end.after) ? Math.max(0, words - 1 - last) : 0;
  return Math.min(1, 1 - residue + (before + after) / Math.max(1, words));
}

/** As `heldShare`, word by word: a changed word is one word, and short pieces between two variables count too. */
export function accountedShare(query: Query, claimed: readonly Pick<Chosen, "fragment">[]): number {
  const words = new Uint8Array(query.tokens.length);
  const fragments = claimed.map(({ fragment }) => fragment);
  for (const { from, to } of fragments.flatMap(({ aligned }) => aligned.accounted)) words.fill(1, from, to);
  const [first, last] = [words.indexOf(1), words.lastIndexOf(1)];
  if (first < 0) return 0;
  const isFirst = ({ aligned }: Fragment): boolean => aligned.accounted[0]?.from === first;
  const isLast = ({ aligned }: Fragment): boolean => aligned.accounted.at(-1)?.to === last + 1;
  if (fragments.some((one) => one.openEnds.before && isFirst(one))) words.fill(1, 0, first);
  if (fragments.some((one) => one.openEnds.after && isLast(one))) words.fill(1, last + 1);
  return words.reduce((sum, word) => sum + word, 0) / Math.max(1, words.length);
}

/** Share of the recorded prompt that the claimed passages explain, 0..1. */
export function explainedShare(query: Query, claimed: readonly Pick<Chosen, "fragment">[]): number {
  const positions = new Set(claimed.flatMap((choice) => choice.fragment.positions));
  return share(positions.size / Math.max(1, query.count));
}

/** Share of the recorded prompt that stands in no file and was filled into no variable, 0..1. */
export function residueOf(query: Query, claimed: readonly Pick<Chosen, "fragment">[]): number {
  const positions = new Set(claimed.flatMap((choice) => choice.fragment.positions));
  const filled = claimed.reduce((sum, choice) => sum + choice.fragment.filled, 0);
  return share(Math.max(0, 1 - (positions.size + filled) / Math.max(1, query.count)));
}

const describing = /^(?:description|docstring|doc|help|summary|usage)$/i;
const ofTools = /^(?:tools?|functions?|commands?|parameters|properties|arguments|inputs?|input_?schema)$|tool$/i;
const toolFile = /(?:^|\/)tools?(?:\/|[._-])/i;

/** Whether a passage is a tool's documentation: a description below a tool's name, or a function's documentation string. `named` are the file's units with their names. */
export function documentsTool({ path, unit }: Pick<Fragment, "path" | "unit">, named: readonly Unit[]): boolean {
  const known = unit.names.length > 0 ? unit : named.find((one) => one.strings[0]?.start === unit.strings[0]?.start);
  const [first = "", ...others] = known?.names ?? [];
  if (unit.isDocumentation === true) return /^[a-z_]/.test(first);
  return describing.test(first) && (toolFile.test(path) || others.some((name) => ofTools.test(name)));
}
