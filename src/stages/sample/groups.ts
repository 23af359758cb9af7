import { textOf } from "../../domain/message.ts";
import { type Session, userTurns } from "../../domain/session.ts";
import { nearCopies } from "./near-copies.ts";

/** Sessions of one person, or, where no person is known, with nearly the same first words. */
export interface SessionGroup {
  /** The user, or the smallest session id: the same whatever the order. */
  readonly key: string;
  readonly sessions: readonly Session[];
}

/**
 * Groups that must never stand on both sides of the test: by user where `countBy` is `user` and the session names one, else by near-equal
 * opening. A session without a user joins whoever opened with the same words, users included; two users stay two, whatever they say.
 */
export function groupSessions(sessions: readonly Session[], countBy: "user" | "session"): readonly SessionGroup[] {
  const userOf = (session: Session): string | undefined => (countBy === "user" ? session.user : undefined);
  const families = new Families(sessions);
  const firstOf = new Map<string, Session>();
  for (const session of sessions) {
    const user = userOf(session);
    if (user === undefined) continue;
    const known = firstOf.get(user);
    if (known === undefined) firstOf.set(user, session);
    else families.join(known, session);
  }
  for (const [left, right] of nearCopies(sessions, openingOf, (session) => userOf(session) !== undefined)) families.join(left, right);
  return families.all().map((members) => ({ key: keyOf(members, userOf), sessions: members }));
}

function keyOf(members: readonly Session[], userOf: (session: Session) => string | undefined): string {
  const users = members.flatMap((session) => userOf(session) ?? []);
  const names = users.length > 0 ? users : members.map((session): string => session.id);
  return names.toSorted()[0] ?? "";
}

const fewestWords = 6;
const mostWords = 2000;

/** The words with which the user began: as many turns as it takes to say more than a greeting. */
export function openingOf(session: Session): readonly string[] {
  const words: string[] = [];
  for (const { message } of userTurns(session)) {
    words.push(
      ...(textOf(message)
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? []),
    );
    if (words.length >= fewestWords) break;
  }
  return words.slice(0, mostWords);
}

/** Disjoint sets of sessions (union-find with path halving). */
class Families {
  readonly #parents: Map<Session, Session>;

  constructor(sessions: readonly Session[]) {
    this.#parents = new Map(sessions.map((session) => [session, session]));
  }

  join(left: Session, right: Session): void {
    this.#parents.set(this.#root(left), this.#root(right));
  }

  all(): readonly (readonly Session[])[] {
    const families = new Map<Session, Session[]>();
    for (const session of this.#parents.keys()) {
      const root = this.#root(session);
      const family = families.get(root);
      if (family === undefined) families.set(root, [session]);
      else family.push(session);
    }
    return [...families.values()];
  }

  #root(session: Session): Session {
    let current = session;
    for (;;) {
      const parent = this.#parents.get(current) ?? current;
      if (parent === current) return current;
      const next = this.#parents.get(parent) ?? parent;
      this.#parents.set(current, next);
      current = next;
    }
  }
}
