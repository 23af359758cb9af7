/** Characteristic terms of a group with weights, heaviest first, of length 1. */
export type Profile = readonly (readonly [term: string, weight: number])[];

const longest = 40;
const fewestSessions = 3;
const leastEvidence = 10;

/** In how many sessions each term stands. */
export function termCounts(sessions: readonly ReadonlySet<string>[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const terms of sessions) for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/**
 * Signed-root G² of a group's terms against the background: e = n·bg/N, kept when c > e, c ≥ 3 and G² = 2(c·ln(c/e) − (c − e)) > 10; the 40
 * strongest by √G², L2-normalised (Dunning 1993).
 */
export function profileOf(group: readonly ReadonlySet<string>[], background: ReadonlyMap<string, number>, total: number): Profile {
  const scored: [string, number][] = [];
  for (const [term, count] of termCounts(group)) {
    const expected = (group.length * (background.get(term) ?? 0)) / Math.max(1, total);
    if (count < fewestSessions || count <= expected || expected === 0) continue;
    const evidence = 2 * (count * Math.log(count / expected) - (count - expected));
    if (evidence > leastEvidence) scored.push([term, Math.sqrt(evidence)]);
  }
  const kept = scored.toSorted(([leftTerm, left], [rightTerm, right]) => right - left || (leftTerm < rightTerm ? -1 : 1)).slice(0, longest);
  const length = Math.hypot(...kept.map(([, weight]) => weight));
  return kept.map(([term, weight]) => [term, weight / length] as const);
}

/** Cosine of two profiles, 0..1. */
export function similarity(left: Profile, right: Profile): number {
  const weights = new Map(right);
  return left.reduce((sum, [term, weight]) => sum + weight * (weights.get(term) ?? 0), 0);
}

/** How much of a profile a session's terms carry. */
export const score = (profile: Profile, terms: ReadonlySet<string>): number =>
  profile.reduce((sum, [term, weight]) => sum + (terms.has(term) ? weight : 0), 0);
