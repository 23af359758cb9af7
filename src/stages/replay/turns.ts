import type { Json } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import { modelCalls, type Session, toolCalls } from "../../domain/session.ts";

/** One recorded user turn: what the user said, and what the agent did until the user spoke again. */
export interface RecordedTurn {
  /** What is put into the conversation: the user's messages, in the first turn with a greeting of the agent before them. */
  readonly messages: readonly Message[];
  readonly modelCalls: number;
  /** Canonical keys of the recorded tool calls, in order. */
  readonly keys: readonly string[];
}

/** The recorded turns in order. User messages without an answer between them are one turn. */
export function recordedTurns(session: Session, key: (tool: string, input: Json) => string): readonly RecordedTurn[] {
  const starts = turnStarts(session.messages);
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? session.messages.length;
    const own = session.messages.slice(start, end);
    const spoken = own.findIndex((message) => message.role !== "user");
    const greeting = index === 0 ? session.messages.slice(0, start) : [];
    return {
      messages: [...greeting, ...own.slice(0, spoken < 0 ? own.length : spoken)],
      modelCalls: modelCalls(session).filter((call) => call.at >= start && call.at < end).length,
      keys: toolCalls(session)
        .filter((call) => call.at >= start && call.at < end)
        .map((call) => key(call.tool, call.input)),
    };
  });
}

const turnStarts = (messages: readonly Message[]): readonly number[] =>
  messages.flatMap((message, index) => (message.role === "user" && messages[index - 1]?.role !== "user" ? [index] : []));
