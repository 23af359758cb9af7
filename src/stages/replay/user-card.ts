import type { Json } from "../../domain/ids.ts";
import { textOf } from "../../domain/message.ts";
import { type Session, userTurns } from "../../domain/session.ts";

/** A value that the user said, with the turn that shows it: nothing else may ever be said in this user's name. */
export interface UserFact {
  readonly value: string;
  /** 0-based user turn. */
  readonly turn: number;
}

/** Who the user of a session is, as far as the recording shows it. */
export interface UserCard {
  /** The first thing the user said. */
  readonly goal: string;
  /** Every number, id, name and date that the user said. */
  readonly facts: readonly UserFact[];
  /** Everything else the user said, in order: preferences and how the user talks. */
  readonly said: readonly string[];
}

const values =
  /[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}|[#$€£]?\d[\d.,:/-]{0,30}\d|[#$€£]?\d|\b[A-Z][A-Z0-9]{4,11}\b|\b[\w]+_\w+\b|\b\p{Lu}\p{Ll}{1,30}(?=[ '’]\p{Lu}\p{Ll})|(?<=\p{Lu}\p{Ll}{1,30} )\p{Lu}\p{Ll}{1,30}\b/gu;

/** Numbers, ids, names of two words and dates in a text, in lower case and without trailing punctuation. */
export function valuesIn(text: string): readonly string[] {
  return (text.match(values) ?? []).map((value) => value.toLowerCase().replace(/[.,:;/-]+$/, ""));
}

const cards = new WeakMap<Session, UserCard>();

/** The card of a session's user; made once. */
export function userCard(session: Session): UserCard {
  const known = cards.get(session);
  if (known !== undefined) return known;
  const said = userTurns(session).map(({ message }) => textOf(message));
  const facts = said.flatMap((text, turn) => [...new Set(valuesIn(text))].map((value) => ({ value, turn })));
  const card = { goal: said[0] ?? "", facts, said: said.slice(1) };
  cards.set(session, card);
  return card;
}

/** The card as a prompt shows it. */
export const cardText = (card: UserCard): string =>
  JSON.stringify({ goal: card.goal, facts: card.facts.map((fact) => fact.value), said: card.said } satisfies {
    readonly [key: string]: Json;
  });
