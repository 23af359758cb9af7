import { z } from "zod";
import { asJson } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type Message, textMessage, textOf } from "../../domain/message.ts";
import { failureCauses, type Outcome } from "../../domain/outcome.ts";
import type { Session } from "../../domain/session.ts";
import { fence } from "../../domain/text/fence.ts";
import { type PromptTemplate, renderPrompt } from "../../domain/text/prompt-template.ts";
import { visible } from "../../domain/text/safe-text.ts";
import { understand } from "../../domain/text/structured-reply.ts";
import { transcriptText } from "../../domain/text/transcript-text.ts";
import type { ModelClient, ModelReply } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";

export interface Labeller {
  readonly client: ModelClient;
  readonly prompt: PromptTemplate;
}

const answer = z.object({
  result: z.enum(["succeeded", "failed", "unclear"]),
  cause: z.enum(failureCauses).optional(),
  summary: z.string().max(1000).default(""),
  message: z.number().int().min(0).optional(),
});

const repairs = 2;
const longestInstructions = 30_000;
const longestConversation = 60_000;
const longestSummary = 300;
/** A model's word about a recording is a hypothesis, not evidence. */
const confidence = 0.6;

/**
 * Asks the model how a session ended. Anything but a clear answer is `unclear`, with why: a refusal, a reply that two repairs did not mend, a
 * request that is too large. Throws what says that no session can be labelled: an unreachable model, a bad key, a cancelled run.
 */
export async function labelByModel(session: Session, labeller: Labeller, runtime: Runtime): Promise<Outcome> {
  const { system, user } = renderPrompt(labeller.prompt, {
    instructions: fence(session.instructions[0]?.text.slice(0, longestInstructions) ?? "(not recorded)"),
    conversation: fence(transcriptText(session.messages, { maxCharacters: longestConversation })),
  });
  const messages: Message[] = [textMessage("user", user)];
  for (let attempt = 0; attempt <= repairs; attempt += 1) {
    const reply = await ask(labeller, { system, messages }, runtime);
    if ("unclear" in reply) return { result: "unclear", sessionId: session.id, why: reply.unclear };
    const text = textOf(reply.message);
    const understood = understand(text, answer);
    if (understood.ok) return outcomeOf(session, understood.value);
    messages.push(
      textMessage("assistant", text.slice(0, 4000) || "(empty)"),
      textMessage("user", `That could not be read: ${understood.why}. Answer again with the JSON object alone.`),
    );
  }
  return { result: "unclear", sessionId: session.id, why: "the model's answer could not be read" };
}

/** What a server answers when one request is wrong, and the next may be right: bad content, too large, not processable. */
const statusesOfOneRequest: ReadonlySet<unknown> = new Set([400, 413, 422]);

async function ask(
  { client, prompt }: Labeller,
  request: { readonly system: string; readonly messages: readonly Message[] },
  runtime: Runtime,
): Promise<ModelReply | { readonly unclear: string }> {
  try {
    const reply = await client.complete(
      {
        purpose: "label",
        prompt: prompt.digest,
        system: request.system,
        messages: [...request.messages],
        maxTokens: prompt.maxTokens,
        output: asJson(z.toJSONSchema(answer)),
        parameters: { temperature: 0 },
      },
      runtime.signal,
    );
    return reply.finish === "refused" ? { unclear: "the model declined to answer" } : reply;
  } catch (error) {
    if (!(error instanceof TuneupError)) throw error;
    if (error.code === "model-malformed-reply") return { unclear: "the model's answer could not be read" };
    if (error.code === "model-refused" && statusesOfOneRequest.has(error.fields["status"]))
      return { unclear: "the model's server refused this session" };
    throw error;
  }
}

function outcomeOf(session: Session, given: z.infer<typeof answer>): Outcome {
  const { id } = session;
  const summary = visible(given.summary).trim().slice(0, longestSummary);
  if (given.result === "unclear") return { result: "unclear", sessionId: id, why: summary || "the model cannot tell" };
  if (given.result === "succeeded") return { result: "succeeded", sessionId: id, decidedBy: "model", confidence };
  const cause = given.cause ?? "unknown";
  const last = Math.max(0, session.messages.length - 1);
  return {
    result: "failed",
    sessionId: id,
    decidedBy: "model",
    confidence,
    cause,
    signature: { rule: `model:${cause}` },
    summary: summary || cause,
    evidence: [{ at: Math.min(given.message ?? last, last), note: "named by the model" }],
  };
}
