import type { Message, Usage } from "../../domain/message.ts";
import { type AgentConfig, modelCalls, type Session } from "../../domain/session.ts";

const charactersPerToken = 4;
const tokens = (characters: number): number => Math.ceil(characters / charactersPerToken);

const lengthOf = (message: Message): number =>
  message.parts.reduce(
    (sum, part) => sum + (part.kind === "text" || part.kind === "reasoning" ? part.text.length : JSON.stringify(part).length),
    0,
  );

/**
 * About what replaying a session will take, as it was recorded: where the traces carry token counts those, else four characters a token over
 * the growing conversation. Where the provider has a cache, each call reads from it what the one before has sent, and writes what is new.
 */
export function estimateReplay(session: Session, config: AgentConfig, caches: boolean): Usage {
  const calls = modelCalls(session);
  const counted = calls.filter((call) => call.usage.inputTokens > 0);
  const prefix = tokens(config.instructions.length + JSON.stringify(config.tools).length);
  let inputTokens = 0;
  let outputTokens = 0;
  let cacheReadTokens = 0;
  let before = 0;
  for (const call of calls) {
    const recorded = counted.length === calls.length ? call.usage : undefined;
    const input = recorded?.inputTokens ?? prefix + tokens(session.messages.slice(0, call.at).reduce((sum, one) => sum + lengthOf(one), 0));
    const reply = session.messages[call.at];
    inputTokens += input;
    outputTokens += recorded?.outputTokens ?? (reply === undefined ? 0 : tokens(lengthOf(reply)));
    cacheReadTokens += Math.min(before === 0 ? prefix : before, input);
    before = input;
  }
  return { inputTokens, outputTokens, ...(caches ? { cacheReadTokens, cacheWriteTokens: inputTokens - cacheReadTokens } : {}) };
}

/** About what one step of a session takes: its request anew, and as much output as was recorded at it. */
export function estimateStep(session: Session, config: AgentConfig, at: number): Usage {
  const prefix = tokens(config.instructions.length + JSON.stringify(config.tools).length);
  const reply = session.messages[at];
  return {
    inputTokens: prefix + tokens(session.messages.slice(0, at).reduce((sum, one) => sum + lengthOf(one), 0)),
    outputTokens: reply === undefined ? 0 : tokens(lengthOf(reply)),
  };
}

/** What a judge's prompt and one answered item are long, about. */
const judgePrompt = 700;
const answeredItem = 40;

/** About what a model judge takes for one replay of a session: its conversation once more, and an answer to each item. */
export const estimateJudgement = (session: Session, items: number): Usage => ({
  inputTokens: judgePrompt + tokens(session.messages.reduce((sum, one) => sum + lengthOf(one), 0)),
  outputTokens: answeredItem * items,
});
