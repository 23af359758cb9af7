import { pathPrior } from "./files/candidate-files.ts";
import type { Fragment } from "./fragments.ts";
import { isRepeated, type PreferenceScope, preferred } from "./preference.ts";
import type { Query } from "./query.ts";

/** A chosen passage, what it newly explains, and passages elsewhere that explain at least half of the same, the most alike first. */
export interface Chosen {
  readonly fragment: Fragment;
  readonly fresh: number;
  readonly copies: readonly Fragment[];
  /** Copies that nothing sets apart from the chosen one. */
  readonly ties: number;
  /** Copies that go on differently where the recorded text was cut off. */
  readonly rivals: number;
}

const fewestNew = 6;
const mostChosen = 40;
const mostCopies = 40;
const mostFragments = 600;
/** Passages are alike when one explains this share of what the other does … */
const likeShare = 0.5;
/** … and equal when each explains all but a few words of the other's. */
const equalShare = 0.97;
const lessLikely = 0.9;

/** Greedy cover: the passage that explains most of what is not explained yet, by weight, path and precision; until little is left. */
export function cover(query: Query, fragments: readonly Fragment[], scope: PreferenceScope): readonly Chosen[] {
  let rest = fragments.toSorted((left, right) => right.weight - left.weight).slice(0, mostFragments);
  const shared = sharing(rest);
  const covered = new Set<number>();
  const chosen: Chosen[] = [];
  const least = Math.min(fewestNew, Math.max(3, Math.ceil(query.count * 0.4)));
  while (chosen.length < mostChosen) {
    const ranked = rest.map((fragment) => ({ fragment, ...rank(fragment, covered, scope) })).filter(({ fresh }) => fresh >= least);
    const top = ranked.reduce<Ranked | undefined>((best, one) => (best === undefined || one.score > best.score ? one : best), undefined);
    if (top === undefined) return chosen;
    const equals = ranked.filter(
      ({ fragment }) => shared(fragment, top.fragment) >= equalShare && shared(top.fragment, fragment) >= equalShare,
    );
    const { best, ties, rivals } = preferred(
      equals.map(({ fragment }) => fragment),
      scope,
    ) ?? { best: top.fragment, ties: 0, rivals: 0 };
    const copies = rest
      .filter((other) => other !== best && shared(other, best) >= likeShare)
      .toSorted((left, right) => shared(right, best) - shared(left, best))
      .slice(0, mostCopies);
    chosen.push({ fragment: best, fresh: equals.find(({ fragment }) => fragment === best)?.fresh ?? top.fresh, copies, ties, rivals });
    for (const position of best.positions) covered.add(position);
    rest = rest.filter((other) => other !== best);
  }
  return chosen;
}

interface Ranked {
  readonly fragment: Fragment;
  /** Positions that nothing chosen explains yet. */
  readonly fresh: number;
  readonly score: number;
}

function rank(fragment: Fragment, covered: ReadonlySet<number>, { facts }: PreferenceScope): Omit<Ranked, "fragment"> {
  const fresh = fragment.positions.reduce((sum, position) => sum + (covered.has(position) ? 0 : 1), 0);
  const share = fresh / Math.max(1, fragment.positions.length);
  const prior = pathPrior(fragment.path) * (facts.isGenerated(fragment.path) ? lessLikely : 1) * (isRepeated(fragment) ? lessLikely : 1);
  return { fresh, score: fragment.weight * share * prior * (0.5 + 0.5 * fragment.precision) };
}

/** Answers which share of what the second explains the first explains too. */
function sharing(fragments: readonly Fragment[]): (other: Fragment, one: Fragment) => number {
  const sets = new Map(fragments.map((fragment) => [fragment, new Set(fragment.positions)]));
  return (other, one) => {
    if (other === one) return 1;
    const own = sets.get(other);
    return one.positions.reduce((sum, position) => sum + (own?.has(position) === true ? 1 : 0), 0) / Math.max(1, one.positions.length);
  };
}
