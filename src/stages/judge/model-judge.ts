import { z } from "zod";
import { fence } from "../../domain/text/fence.ts";
import { addUsage, noUsage, type Message, textMessage, textOf, type Usage } from "../../domain/message.ts";
import { type PromptTemplate, renderPrompt } from "../../domain/text/prompt-template.ts";
import { understand } from "../../domain/text/structured-reply.ts";
import type { Rubric } from "../../domain/rubric.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { withoutGraderTalk } from "./injections.ts";
import { judgeView } from "./view.ts";

export interface ModelJudge {
  readonly client: ModelClient;
  readonly prompt: PromptTemplate;
}

export interface ModelJudgement {
  readonly result: "passed" | "failed" | "cannot-tell";
  readonly usage: Usage;
}

const answer = z.object({
  items: z
    .array(z.object({ item: z.number().int(), answer: z.enum(["yes", "no", "cannot-tell"]), evidence: z.string().max(2000).optional() }))
    .max(50),
});
const repairs = 2;

/** Asks the model the rubric's yes/no items. Passed only if every item is a yes; an item left out, asked twice or not told counts as not told. */
export async function judgeByModel(
  transcript: readonly Message[],
  asked: Pick<Rubric, "items" | "failure">,
  judge: ModelJudge,
  runtime: Runtime,
): Promise<ModelJudgement> {
  const { system, user } = renderPrompt(judge.prompt, {
    items: asked.items.map((item, index) => `${index + 1}. ${item}`).join("\n"),
    failure: fence(withoutGraderTalk(asked.failure ?? "(not described)").slice(0, 500)),
    conversation: fence(judgeView(transcript)),
  });
  const messages: Message[] = [textMessage("user", user)];
  let usage = noUsage;
  for (let attempt = 0; attempt <= repairs; attempt += 1) {
    const reply = await judge.client.complete(
      {
        purpose: "judge",
        prompt: judge.prompt.digest,
        system,
        messages,
        maxTokens: judge.prompt.maxTokens,
        output: z.toJSONSchema(answer) as never,
        parameters: { temperature: 0 },
      },
      runtime.signal,
    );
    usage = addUsage(usage, reply.usage);
    const understood = understand(textOf(reply.message), answer);
    if (understood.ok) return { result: resultOf(understood.value, asked.items.length), usage };
    messages.push(
      textMessage("assistant", textOf(reply.message).slice(0, 4000) || "(empty)"),
      textMessage("user", `That could not be read: ${understood.why}. Answer again with the JSON object alone.`),
    );
  }
  return { result: "cannot-tell", usage };
}

function resultOf(given: z.infer<typeof answer>, count: number): ModelJudgement["result"] {
  const answers = Array.from({ length: count }, (_, index) => {
    const own = given.items.filter((one) => one.item === index + 1);
    return own.length === 1 ? own[0]?.answer : "cannot-tell";
  });
  if (answers.includes("no")) return "failed";
  return answers.every((one) => one === "yes") ? "passed" : "cannot-tell";
}
