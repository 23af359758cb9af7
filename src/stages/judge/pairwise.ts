import { z } from "zod";
import { addUsage, type Message, noUsage, textMessage, textOf, type Usage } from "../../domain/message.ts";
import type { Rubric } from "../../domain/rubric.ts";
import { fence } from "../../domain/text/fence.ts";
import { renderPrompt } from "../../domain/text/prompt-template.ts";
import { understand } from "../../domain/text/structured-reply.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { withoutGraderTalk } from "./injections.ts";
import type { ModelJudge } from "./model-judge.ts";
import { judgeView } from "./view.ts";

/** What two looks at a pair of conversations say, one in each order. */
export interface Comparison {
  /** 1: the second conversation is better in both orders; −1: the first one is; 0: anything else. */
  readonly preferred: -1 | 0 | 1;
  /** Whether both orders say the same; a reply that cannot be read is no consistency. */
  readonly consistent: boolean;
  readonly usage: Usage;
}

const answer = z.object({ better: z.enum(["first", "second", "neither"]), why: z.string().max(2000).optional() });
type Better = z.infer<typeof answer>["better"];

const mirrored: Readonly<Record<Better, Better>> = { first: "second", second: "first", neither: "neither" };

/**
 * Asks a model which of two conversations is better, in both orders: who wins must win wherever it stands, as models favour a place (Wang et al. 2023,
 * Shi et al. 2024, arXiv 2406.07791). Blind like every judge: no arm, no prompt, no edit.
 */
export async function comparePair(
  [first, second]: readonly [readonly Message[], readonly Message[]],
  { failure }: Pick<Rubric, "failure">,
  judge: ModelJudge,
  runtime: Runtime,
): Promise<Comparison> {
  const asked = { failure: fence(withoutGraderTalk(failure ?? "(not described)").slice(0, 500)) };
  const [left, right] = [fence(judgeView(first)), fence(judgeView(second))];
  const forward = await ask({ ...asked, first: left, second: right }, judge, runtime);
  const backward = await ask({ ...asked, first: right, second: left }, judge, runtime);
  const consistent = forward.better !== undefined && backward.better !== undefined && mirrored[forward.better] === backward.better;
  const preferred = !consistent || forward.better === "neither" ? 0 : forward.better === "second" ? 1 : -1;
  return { preferred, consistent, usage: addUsage(forward.usage, backward.usage) };
}

async function ask(
  inputs: Readonly<Record<"failure" | "first" | "second", string>>,
  { client, prompt }: ModelJudge,
  runtime: Runtime,
): Promise<{ readonly better?: Better; readonly usage: Usage }> {
  const { system, user } = renderPrompt(prompt, inputs);
  const reply = await client.complete(
    {
      purpose: "judge",
      prompt: prompt.digest,
      system,
      messages: [textMessage("user", user)],
      maxTokens: prompt.maxTokens,
      output: z.toJSONSchema(answer) as never,
      parameters: { temperature: 0 },
    },
    runtime.signal,
  );
  const usage = addUsage(noUsage, reply.usage);
  const understood = understand(textOf(reply.message), answer);
  return understood.ok ? { better: understood.value.better, usage } : { usage };
}
