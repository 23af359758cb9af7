import type { Session } from "../../domain/session.ts";
import { toolCalls } from "../../domain/session.ts";
import { effectOf } from "../../domain/tool-effect.ts";
import { discoveries, fisherExact } from "./fisher.ts";

/** What failed sessions without a visible error have in common, more often than passing ones: a path of writes, or a word. */
export interface Trait {
  readonly kind: "write-path" | "term";
  readonly value: string;
  readonly members: readonly Session[];
}

export interface TraitScope {
  readonly pool: readonly Session[];
  readonly passing: readonly Session[];
  readonly termsOf: (session: Session) => ReadonlySet<string>;
}

const fewest = 3;
const mostTerms = 300;
const mostTraits = 6;
const falseDiscoveryRate = 0.05;

/** The write tools that a session called, in order, repeats folded. */
export function writePath(session: Session): string {
  const names = toolCalls(session)
    .filter((call) => effectOf(call.tool, {}) === "write")
    .map((call) => call.tool);
  return names.filter((name, index) => name !== names[index - 1]).join(" → ");
}

/** Traits that are significantly more frequent among the pool than among passing sessions; each session belongs to its first one. */
export function traitsOf(scope: TraitScope): readonly Trait[] {
  const found: Trait[] = [];
  let rest = scope.pool;
  for (const kind of ["write-path", "term"] as const) {
    for (let trait = strongest(kind, rest, scope); trait !== undefined && found.length < mostTraits; trait = strongest(kind, rest, scope)) {
      const { members } = trait;
      found.push(trait);
      rest = rest.filter((session) => !members.includes(session));
    }
  }
  return found;
}

/** The most significant trait of a kind that survives the correction for having looked at all of them. */
function strongest(kind: Trait["kind"], pool: readonly Session[], scope: TraitScope): Trait | undefined {
  if (pool.length < fewest || scope.passing.length === 0) return undefined;
  const has = (session: Session, value: string): boolean =>
    kind === "term" ? scope.termsOf(session).has(value) : writePath(session) === value;
  const values = candidates(kind, pool, scope);
  const tests = values.map((value) => {
    const members = pool.filter((session) => has(session, value));
    const passedWith = scope.passing.filter((session) => has(session, value)).length;
    const p = fisherExact({ failedWith: members.length, failed: pool.length, passedWith, passed: scope.passing.length });
    return { value, members, p };
  });
  const stands = discoveries(
    tests.map((test) => test.p),
    falseDiscoveryRate,
  );
  const [best] = tests
    .filter((_, index) => stands[index] === true)
    .toSorted((left, right) => left.p - right.p || right.members.length - left.members.length);
  return best === undefined ? undefined : { kind, value: best.value, members: best.members };
}

/** Values worth testing: frequent enough in the pool; the most frequent ones where there are many. */
function candidates(kind: Trait["kind"], pool: readonly Session[], scope: TraitScope): readonly string[] {
  const counts = new Map<string, number>();
  for (const session of pool) {
    const values = kind === "term" ? scope.termsOf(session) : [writePath(session)];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .filter(([value, count]) => count >= fewest && value !== "")
    .toSorted(([leftValue, left], [rightValue, right]) => right - left || (leftValue < rightValue ? -1 : 1))
    .slice(0, mostTerms)
    .map(([value]) => value);
}
