import { z } from "zod";
import { fence } from "../../domain/text/fence.ts";
import { type Message, textMessage, textOf } from "../../domain/message.ts";
import type { FailureCause, Outcome } from "../../domain/outcome.ts";
import { type PromptTemplate, renderPrompt } from "../../domain/text/prompt-template.ts";
import type { Session } from "../../domain/session.ts";
import { understand } from "../../domain/text/structured-reply.ts";
import { transcriptText } from "../../domain/text/transcript-text.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";

export interface Labeller {
  readonly client: ModelClient;
  readonly prompt: PromptTemplate;
}

const causes = [
  "ignored-instruction",
  "missing-instruction",
  "conflicting-instructions",
  "wrong-tool",
  "wrong-tool-input",
  "unhandled-tool-error",
  "loop",
  "gave-up",
  "false-claim",
  "wrong-format",
  "outside-the-harness",
  "unknown",
] as const satisfies readonly FailureCause[];

const answer = z.object({
  result: z.enum(["succeeded", "failed", "unclear"]),
  cause: z.enum(causes).optional(),
  summary: z.string().max(500).default(""),
  message: z.number().int().min(0).optional(),
});

const repairs = 2;
/** A model's word about a recording is a hypothesis, not evidence. */
const confidence = 0.6;

/** Asks the model how a session ended. Anything but a clear answer is `unclear`, with why. */
export async function labelByModel(session: Session, labeller: Labeller, runtime: Runtime): Promise<Outcome> {
  const instructions = session.instructions[0]?.text ?? "(not recorded)";
  const { system, user } = renderPrompt(labeller.prompt, {
    instructions: fence(instructions.slice(0, 30_000)),
    conversation: fence(transcriptText(session.messages, { maxCharacters: 60_000 })),
  });
  const messages: Message[] = [textMessage("user", user)];
  for (let attempt = 0; attempt <= repairs; attempt += 1) {
    const reply = await labeller.client.complete(
      {
        purpose: "label",
        prompt: labeller.prompt.digest,
        system,
        messages,
        maxTokens: labeller.prompt.maxTokens,
        output: z.toJSONSchema(answer) as never,
        parameters: { temperature: 0 },
      },
      runtime.signal,
    );
    const understood = understand(textOf(reply.message), answer);
    if (understood.ok) return outcomeOf(session, understood.value);
    messages.push(
      textMessage("assistant", textOf(reply.message).slice(0, 4000) || "(empty)"),
      textMessage("user", `That could not be read: ${understood.why}. Answer again with the JSON object alone.`),
    );
  }
  return { result: "unclear", sessionId: session.id, why: "the model's answer could not be read" };
}

function outcomeOf(session: Session, given: z.infer<typeof answer>): Outcome {
  const { id } = session;
  if (given.result === "unclear") return { result: "unclear", sessionId: id, why: given.summary || "the model cannot tell" };
  if (given.result === "succeeded") return { result: "succeeded", sessionId: id, decidedBy: "model", confidence };
  const cause = given.cause ?? "unknown";
  const at = Math.min(given.message ?? session.messages.length - 1, session.messages.length - 1);
  return {
    result: "failed",
    sessionId: id,
    decidedBy: "model",
    confidence,
    cause,
    signature: { rule: `model:${cause}` },
    summary: given.summary || cause,
    evidence: [{ at, note: "named by the model" }],
  };
}
