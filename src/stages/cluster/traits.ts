import { type Session, toolCalls } from "../../domain/session.ts";
import { effectOf } from "../../domain/tool-effect.ts";
import { votes } from "./failure-group.ts";
import { discoveries, fisherExact } from "./fisher.ts";

/** What failed sessions without a visible error have in common: the path of tools that write, or a word. */
export interface Trait {
  readonly kind: "write-path" | "term";
  readonly value: string;
  /** Significantly more frequent than among passing sessions. */
  readonly isSignificant: boolean;
  readonly members: readonly Session[];
}

export interface TraitScope {
  readonly pool: readonly Session[];
  readonly passing: readonly Session[];
  readonly termsOf: (session: Session) => ReadonlySet<string>;
}

const fewestVotes = 3;
const mostTested = 300;
const mostTraits = 8;
const longestPath = 4;
const leastShare = 0.05;
const falseDiscoveryRate = 0.05;

/** The path of a session that wrote nothing. */
export const noWrites = "";

/** The tools that write, in the order in which a session called them, repeats folded; long paths by their ends. Failed calls wrote nothing. */
export function writePath(session: Session): string {
  const names = toolCalls(session)
    .filter((call) => call.error === undefined && effectOf(call.tool, {}) === "write")
    .map((call) => call.tool);
  const folded = names.filter((name, index) => name !== names[index - 1]);
  return (folded.length <= longestPath ? folded : [...folded.slice(0, longestPath - 1), "…", ...folded.slice(-1)]).join(" → ");
}

/**
 * Splits a pool by what its sessions share: first by write paths, then by words that are significantly more frequent than among passing
 * sessions, then by the remaining common write paths, which prove nothing and say so. Each session belongs to its first trait.
 */
export function traitsOf(scope: TraitScope): readonly Trait[] {
  const pathOf = new Map([...scope.pool, ...scope.passing].map((session) => [session, writePath(session)]));
  const isWriter = [...pathOf.values()].some((path) => path !== noWrites);
  const values: Readonly<Record<Trait["kind"], (session: Session) => Iterable<string>>> = {
    "write-path": (session) => (isWriter ? [pathOf.get(session) ?? noWrites] : []),
    term: scope.termsOf,
  };
  const found: Trait[] = [];
  let pool = scope.pool;
  const take = (trait: Trait): void => {
    found.push(trait);
    const members = new Set(trait.members);
    pool = pool.filter((session) => !members.has(session));
  };
  for (const kind of ["write-path", "term"] as const) {
    while (found.length < mostTraits) {
      const [best] = tested(kind, values[kind], { ...scope, pool }).filter((trait) => trait.isSignificant);
      if (best === undefined) break;
      take(best);
    }
  }
  const fewest = Math.max(fewestVotes, scope.pool.length * leastShare);
  for (const trait of tested("write-path", values["write-path"], { ...scope, pool }))
    if (found.length < mostTraits && trait.members.length >= fewest) take({ ...trait, isSignificant: false });
  return found;
}

/** The values of one kind that enough of the pool share, the most telling first, with what Fisher's exact test says of each. One person is one vote. */
function tested(kind: Trait["kind"], valuesOf: (session: Session) => Iterable<string>, scope: TraitScope): readonly Trait[] {
  const [failedWith, passedWith] = [bearers(scope.pool, valuesOf), bearers(scope.passing, valuesOf)];
  const [failed, passed] = [votes(scope.pool), votes(scope.passing)];
  const common = [...failedWith]
    .map(([value, members]) => ({ value, members, votes: members.length < fewestVotes ? 0 : votes(members) }))
    .filter((one) => one.votes >= fewestVotes)
    .toSorted((left, right) => right.votes - left.votes || (left.value < right.value ? -1 : 1))
    .slice(0, mostTested);
  const values = common.map((one) =>
    fisherExact({ failedWith: one.votes, failed, passedWith: votes(passedWith.get(one.value) ?? []), passed }),
  );
  const stands = discoveries(values, falseDiscoveryRate);
  return common
    .map((one, index) => ({ ...one, p: values[index] ?? 1, isSignificant: passed > 0 && stands[index] === true }))
    .toSorted((left, right) => left.p - right.p || left.value.length - right.value.length || (left.value < right.value ? -1 : 1))
    .map(({ isSignificant, members, value }) => ({ kind, value, members, isSignificant }));
}

function bearers(sessions: readonly Session[], valuesOf: (session: Session) => Iterable<string>): ReadonlyMap<string, readonly Session[]> {
  const found = new Map<string, Session[]>();
  for (const session of sessions) {
    for (const value of valuesOf(session)) {
      const members = found.get(value);
      if (members === undefined) found.set(value, [session]);
      else members.push(session);
    }
  }
  return found;
}
