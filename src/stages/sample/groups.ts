import { textOf } from "../../domain/message.ts";
import { type Session, userTurns } from "../../domain/session.ts";

/** Sessions of one person, or, where no person is known, with nearly the same first words. */
export interface SessionGroup {
  readonly key: string;
  readonly sessions: readonly Session[];
}

const shingleLength = 5;
const nearlyEqual = 0.8;
const bands = 8;
const rowsInBand = 2;

/**
 * Groups that must never stand on both sides of the test: by user where `countBy` is `user` and the session names one, else by near-equal
 * first user turn (word 5-shingles, Jaccard ≥ .8, found by minhash bands so that it stays linear).
 */
export function groupSessions(sessions: readonly Session[], countBy: "user" | "session"): readonly SessionGroup[] {
  const parents = new Map<Session, Session>(sessions.map((session) => [session, session]));
  const root = (session: Session): Session => {
    let current = session;
    for (let next = parents.get(current); next !== undefined && next !== current; next = parents.get(current)) current = next;
    return current;
  };
  const join = (left: Session, right: Session): void => void parents.set(root(left), root(right));
  const users = new Map<string, Session>();
  for (const session of sessions) {
    if (countBy !== "user" || session.user === undefined) continue;
    const known = users.get(session.user);
    if (known === undefined) users.set(session.user, session);
    else join(session, known);
  }
  for (const [left, right] of nearCopies(sessions.filter((session) => countBy !== "user" || session.user === undefined))) join(left, right);
  const groups = new Map<Session, Session[]>();
  for (const session of sessions) groups.set(root(session), [...(groups.get(root(session)) ?? []), session]);
  return [...groups.values()].map((members) => ({ key: keyOf(members, countBy), sessions: members }));
}

function keyOf(members: readonly Session[], countBy: "user" | "session"): string {
  const user = countBy === "user" ? members[0]?.user : undefined;
  return user ?? members.map((session) => session.id as string).toSorted()[0] ?? "";
}

function shingles(session: Session): ReadonlySet<string> {
  const [first] = userTurns(session);
  const words = (first === undefined ? "" : textOf(first.message)).toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length <= shingleLength) return new Set([words.join(" ")]);
  return new Set(
    words
      .slice(0, 2000 + shingleLength)
      .flatMap((_, index) => (index + shingleLength <= words.length ? [words.slice(index, index + shingleLength).join(" ")] : [])),
  );
}

/** FNV-1a with a seed: cheap, and equal everywhere. */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

function* nearCopies(sessions: readonly Session[]): Iterable<readonly [Session, Session]> {
  const sets = new Map<Session, ReadonlySet<string>>(sessions.map((session) => [session, shingles(session)]));
  for (let band = 0; band < bands; band += 1) {
    const buckets = new Map<string, Session>();
    for (const session of sessions) {
      const set = sets.get(session) ?? new Set<string>();
      const key = Array.from({ length: rowsInBand }, (_, row) =>
        Math.min(...[...set].map((shingle) => hash(shingle, band * rowsInBand + row + 1))),
      ).join(" ");
      const known = buckets.get(key);
      if (known === undefined) buckets.set(key, session);
      else if (jaccard(set, sets.get(known) ?? new Set()) >= nearlyEqual) yield [session, known];
    }
  }
}

function jaccard(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let common = 0;
  for (const item of left) if (right.has(item)) common += 1;
  return left.size + right.size === 0 ? 1 : common / (left.size + right.size - common);
}
