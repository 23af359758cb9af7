import { type Message, textOf } from "../../domain/message.ts";
import type { Session } from "../../domain/session.ts";

const fewestSessions = 2;
const fewestWords = 8;
const mostExamples = 8;

/**
 * Texts of the messages with which the sessions begin alike, before a user says something of their own: examples that the program sends. Only where
 * at least two sessions, and half of all, share them, and an answer of the model is among them; texts of fewer than eight words say too little
 * to be looked for. At most eight, the longest first.
 */
export function exampleTexts(sessions: readonly Session[]): readonly string[] {
  const conversations = sessions.map(({ messages }) => messages).filter((messages) => messages.length > 0);
  const alike = [...Map.groupBy(conversations, ([first]) => (first === undefined ? "" : keyOf(first))).values()].toSorted(
    (left, right) => right.length - left.length,
  )[0];
  if (alike === undefined || alike.length < fewestSessions || alike.length * 2 < conversations.length) return [];
  const shared = sharedBeginning(alike);
  if (!shared.some((message) => message.role === "assistant")) return [];
  const texts = shared.map((message) => textOf(message)).filter((text) => text.trim().split(/\s+/).length >= fewestWords);
  return [...new Set(texts)].toSorted((left, right) => right.length - left.length).slice(0, mostExamples);
}

const keyOf = (message: Message): string => JSON.stringify([message.role, message.parts]);

/** The messages that all conversations have in common, up to the first user's turn that is somebody's own. */
function sharedBeginning([first = [], ...others]: readonly (readonly Message[])[]): readonly Message[] {
  let length = 0;
  while (length < first.length && others.every((other) => sameAt(first, other, length))) length += 1;
  // Conversations that are the same to their ends were sent by nobody's program, but replayed or copied.
  return [first, ...others].every((one) => one.slice(length).some((message) => message.role === "user")) ? first.slice(0, length) : [];
}

function sameAt(one: readonly Message[], other: readonly Message[], at: number): boolean {
  const [left, right] = [one[at], other[at]];
  return left !== undefined && right !== undefined && keyOf(left) === keyOf(right);
}
