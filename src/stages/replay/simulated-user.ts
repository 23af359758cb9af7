import { z } from "zod";
import { asJson, digestOfJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import { addUsage, type Message, noUsage, textMessage, textOf, type Usage } from "../../domain/message.ts";
import type { Session } from "../../domain/session.ts";
import { fence } from "../../domain/text/fence.ts";
import { type PromptTemplate, renderPrompt } from "../../domain/text/prompt-template.ts";
import { understand } from "../../domain/text/structured-reply.ts";
import { transcriptText } from "../../domain/text/transcript-text.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import { requestedSlots } from "./slots.ts";
import { cardText, userCard, valuesIn } from "./user-card.ts";

/** A model that speaks for recorded users where their recorded words do not fit. */
export interface UserModel {
  readonly client: ModelClient;
  readonly prompt: PromptTemplate;
  /** What was said once is said again: both arms hear the same user while they say the same. */
  readonly said: { get(key: string): Promise<Json | undefined>; put(key: string, turn: Json): Promise<void> };
}

export type UserError = "invented-value" | "stops-while-confirming" | "speaks-as-agent" | "repeats-itself" | "no-answer";

export type GeneratedTurn =
  | { readonly result: "said"; readonly text: string; readonly stop: boolean; readonly errors: readonly UserError[]; readonly usage: Usage }
  /** Nothing that could be said in this user's name. */
  | { readonly result: "refused"; readonly errors: readonly UserError[]; readonly usage: Usage };

const reply = z.object({ text: z.string().max(4000), stop: z.boolean().default(false) });
const tries = 3;
const asAgent =
  /\bhow (?:can|may) i (?:help|assist)|\bi(?:'m| am) (?:here to (?:help|assist)|an? (?:ai|assistant|agent))|\bis there anything else i can\b/i;

/** What is wrong with a generated turn; empty when nothing is. */
export function userErrors(
  turn: { readonly text: string; readonly stop: boolean },
  session: Session,
  transcript: readonly Message[],
): readonly UserError[] {
  const errors: UserError[] = [];
  const known = new Set([
    ...userCard(session).facts.map((fact) => fact.value),
    ...transcript
      .filter((message) => message.role === "assistant" || message.role === "user")
      .flatMap((message) => valuesIn(textOf(message))),
  ]);
  if (valuesIn(turn.text).some((value) => !known.has(value))) errors.push("invented-value");
  const last = transcript.findLast((message) => message.role === "assistant");
  // A confirmation is answered first; the conversation may end after the agent has acted on it.
  if (turn.stop && last !== undefined && requestedSlots(textOf(last)).has("confirm")) errors.push("stops-while-confirming");
  if (asAgent.test(turn.text)) errors.push("speaks-as-agent");
  const before = transcript.findLast((message) => message.role === "user");
  if (!turn.stop && before !== undefined && textOf(before).trim() === turn.text.trim()) errors.push("repeats-itself");
  if (!turn.stop && turn.text.trim() === "") errors.push("no-answer");
  return errors;
}

/**
 * The user's next words, from the card and the conversation so far. Every number, id, name and date in them must stand on the card or have been
 * said before; otherwise they are asked for again, twice at most.
 */
export async function nextUserTurn(
  session: Session,
  transcript: readonly Message[],
  user: UserModel,
  signal: AbortSignal,
): Promise<GeneratedTurn> {
  const key = `user/${digestOfJson({ session: session.id, model: user.client.model, prompt: user.prompt.digest, transcript: asJson(transcript) })}`;
  const known = await user.said.get(key);
  if (known !== undefined) return { ...(known as unknown as GeneratedTurn), usage: noUsage };
  const turn = await generate(session, transcript, user, signal);
  await user.said.put(key, asJson(turn));
  return turn;
}

async function generate(session: Session, transcript: readonly Message[], user: UserModel, signal: AbortSignal): Promise<GeneratedTurn> {
  const { system, user: ask } = renderPrompt(user.prompt, {
    card: fence(cardText(userCard(session))),
    conversation: fence(transcriptText(visibleToUser(transcript), { maxCharacters: 20_000 })),
  });
  const messages: Message[] = [textMessage("user", ask)];
  const errors: UserError[] = [];
  let usage = noUsage;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const answer = await user.client.complete(
      {
        purpose: "user",
        prompt: user.prompt.digest,
        system,
        messages,
        maxTokens: user.prompt.maxTokens,
        output: z.toJSONSchema(reply) as never,
        parameters: { temperature: 0 },
      },
      signal,
    );
    usage = addUsage(usage, answer.usage);
    const text = textOf(answer.message);
    const understood = understand(text, reply);
    const found: readonly UserError[] = understood.ok ? userErrors(understood.value, session, transcript) : ["no-answer"];
    errors.push(...found);
    if (understood.ok && found.length === 0) return { result: "said", ...understood.value, errors, usage };
    const why = understood.ok ? found.join(", ") : understood.why;
    messages.push(
      textMessage("assistant", text.slice(0, 2000) || "(empty)"),
      textMessage("user", `That cannot be used (${why}). Answer again with the JSON object alone, with values from the card only.`),
    );
  }
  return { result: "refused", errors, usage };
}

/** A user hears what was said, and sees neither tools nor their answers. */
const visibleToUser = (transcript: readonly Message[]): readonly Message[] =>
  transcript
    .filter((message) => message.role !== "tool" && textOf(message) !== "")
    .map((message) => textMessage(message.role, textOf(message)));
