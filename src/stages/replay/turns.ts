import type { Json } from "../../domain/ids.ts";
import { type Message, textOf } from "../../domain/message.ts";
import { modelCalls, type Session, toolCalls } from "../../domain/session.ts";
import type { PlacedCall } from "./trajectory.ts";

/** One recorded user turn: what the user said, and what the agent did until the user spoke again. */
export interface RecordedTurn {
  /** What is put into the conversation: the user's messages, in the first turn with a greeting of the agent before them. */
  readonly messages: readonly Message[];
  /** The user's words. */
  readonly text: string;
  /** What the agent had said before them; `undefined` in the first turn. */
  readonly askedThen: string | undefined;
  readonly modelCalls: number;
  /** The recorded tool calls in order, each with its canonical key. */
  readonly calls: readonly PlacedCall[];
}

/** A user's last words that nobody answered, and that ask for no answer: a simulator's stop token, or thanks. */
const farewell = /###[A-Z-]{4,20}###|^(?![^]*\?)[^]{0,160}\b(?:thanks?|thank you|bye|goodbye)\b/i;

/**
 * The recorded turns in order. User messages without an answer between them are one turn; a farewell that the recorded agent did not answer
 * is none.
 */
export function recordedTurns(session: Session, key: (tool: string, input: Json) => string): readonly RecordedTurn[] {
  const starts = turnStarts(session.messages);
  const turns = starts.map((start, index) => {
    const end = starts[index + 1] ?? session.messages.length;
    const own = session.messages.slice(start, end);
    const spoken = own.findIndex((message) => message.role !== "user");
    const greeting = index === 0 ? session.messages.slice(0, start) : [];
    const said = own.slice(0, spoken < 0 ? own.length : spoken);
    const before = session.messages.slice(0, start).findLast((message) => message.role === "assistant");
    return {
      messages: [...greeting, ...said],
      text: said.map((message) => textOf(message)).join("\n"),
      askedThen: index === 0 || before === undefined ? undefined : textOf(before),
      modelCalls: modelCalls(session).filter((call) => call.at >= start && call.at < end).length,
      calls: toolCalls(session)
        .filter((call) => call.at >= start && call.at < end)
        .map((call) => ({ tool: call.tool, key: key(call.tool, call.input) })),
    };
  });
  const last = turns.at(-1);
  const isFarewell = turns.length > 1 && last !== undefined && last.modelCalls === 0 && farewell.test(last.text);
  return isFarewell ? turns.slice(0, -1) : turns;
}

const turnStarts = (messages: readonly Message[]): readonly number[] =>
  messages.flatMap((message, index) => (message.role === "user" && messages[index - 1]?.role !== "user" ? [index] : []));
