import { seededRandom } from "../../domain/random.ts";
import type { Session } from "../../domain/session.ts";

/** The order in which the test takes the failing sessions, fixed before the first replay. */
export interface TestOrder {
  readonly sessions: readonly Session[];
  /** Set where sessions are drawn with replacement: how many different ones there are. */
  readonly pool?: number;
  /** Set for a stratified order: the test may be looked at only after so many sessions. */
  readonly looks?: readonly number[];
}

/**
 * With fewer failing sessions than this, each taken once, a good edit (40 fixed and 5 broken of 100) would be accepted in fewer than 38 of 100
 * jobs with four candidates (by simulation): drawing with replacement decides more, and says less, namely about these sessions only.
 */
export const smallPool = 24;

/**
 * Sessions drawn uniformly with replacement, `count` times. Every draw is replayed afresh in both arms, so the differences are independent with
 * the pool's mean, and the sign test is exact for that mean; a re-used `before` would raise its error to .27 for a pool of six.
 */
export function drawn(pool: readonly Session[], count: number, seed: number): TestOrder {
  const random = seededRandom(seed, "draw");
  const sessions = Array.from({ length: count }, () => pool[Math.floor(random() * pool.length)]).filter((session) => session !== undefined);
  return { sessions, pool: pool.length };
}

/** Kinds with fewer sessions than this share a stratum. */
const smallestStratum = 3;
const mostStrata = 6;

/**
 * Blocks with one session of each stratum, as long as it has any: the prompt's version and the session's length by thirds. Inside a stratum the
 * given (keyed) order stays. A block is not a random sample while it is under way, so the test is looked at only at its end.
 */
export function stratified(sessions: readonly Session[]): TestOrder {
  const strata = strataOf(sessions);
  const order: Session[] = [];
  const looks: number[] = [];
  for (let round = 0; order.length < sessions.length; round += 1) {
    for (const stratum of strata) {
      const next = stratum[round];
      if (next !== undefined) order.push(next);
    }
    looks.push(order.length);
  }
  return { sessions: order, looks };
}

/** The first sessions of an order; a cut inside a block ends with a look. */
export function firstOf(order: TestOrder, count: number): TestOrder {
  if (order.sessions.length <= count) return order;
  const sessions = order.sessions.slice(0, count);
  if (order.looks === undefined) return { ...order, sessions };
  return { ...order, sessions, looks: [...order.looks.filter((look) => look < count), count] };
}

function strataOf(sessions: readonly Session[]): readonly (readonly Session[])[] {
  const lengths = sessions.map((session) => session.messages.length).toSorted((left, right) => left - right);
  const limits = [lengths[Math.floor(lengths.length / 3)] ?? 0, lengths[Math.floor((2 * lengths.length) / 3)] ?? 0] as const;
  const strata = new Map<string, Session[]>();
  for (const session of sessions) {
    const third = limits.filter((limit) => session.messages.length >= limit).length;
    const key = `${session.instructions[0]?.digest ?? "none"} ${third}`;
    strata.set(key, [...(strata.get(key) ?? []), session]);
  }
  const sized = [...strata.entries()].toSorted(([one, left], [other, right]) => right.length - left.length || one.localeCompare(other));
  const large = sized
    .filter(([, stratum], index) => stratum.length >= smallestStratum && index < mostStrata - 1)
    .map(([, stratum]) => stratum);
  const taken = new Set(large.flat());
  const rest = sessions.filter((session) => !taken.has(session));
  return rest.length === 0 ? large : [...large, rest];
}
