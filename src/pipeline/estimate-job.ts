import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import type { Sample } from "../domain/sample.ts";
import type { Session } from "../domain/session.ts";
import { estimateArm, type RehearsalInput, type RehearsalTools } from "./rehearse.ts";

/** What a job will probably take, before anything is paid. */
export interface JobEstimate {
  /** One replay, on average; ±30 %. */
  readonly perReplay: Usage;
  readonly selfReplays: number;
  /** Every session of the order in every arm: the test nearly always ends long before. */
  readonly mostReplays: number;
}

/** Estimates a job from the recordings of its sample: what one replay takes, and how many there can be at most. */
export function estimateJob(
  sample: Extract<Sample, { result: "sampled" }>,
  options: { readonly selfReplays: number; readonly candidates: number },
  input: Pick<RehearsalInput, "configOf" | "rubric">,
  tools: Pick<RehearsalTools, "agent" | "judge" | "priceOf">,
): JobEstimate {
  const sessions: readonly Session[] = [...sample.failing, ...sample.control];
  const usages = sessions.flatMap((session) => {
    const config = input.configOf(session);
    if (config === undefined) return [];
    return [estimateArm({ session, config }, input.rubric, tools)];
  });
  const total = usages.reduce(addUsage, noUsage);
  const mean = (sum: number): number => (usages.length === 0 ? 0 : sum / usages.length);
  return {
    perReplay: {
      inputTokens: Math.round(mean(total.inputTokens)),
      outputTokens: Math.round(mean(total.outputTokens)),
      ...(total.dollars === undefined ? {} : { dollars: mean(total.dollars) }),
    },
    selfReplays: options.selfReplays,
    mostReplays: options.selfReplays + sample.failing.length * (options.candidates + 1) + sample.control.length * 2,
  };
}

const dollars = (amount: number): string => `$${amount < 0.1 ? amount.toFixed(3) : amount.toFixed(2)}`;

/** So many tokens, and dollars where the price is known: `1,204,000 tokens, $0.61`. */
export function amountText(usage: Usage): string {
  const count = (usage.inputTokens + usage.outputTokens).toLocaleString("en-US");
  return `${count} tokens${usage.dollars === undefined ? "" : `, ${dollars(usage.dollars)}`}`;
}

/** The estimate in one line, for people. */
export function estimateText({ mostReplays, perReplay, selfReplays }: JobEstimate): string {
  const times = (count: number): string =>
    perReplay.dollars === undefined
      ? amountText({ inputTokens: perReplay.inputTokens * count, outputTokens: perReplay.outputTokens * count })
      : dollars(perReplay.dollars * count);
  return `about ${amountText(perReplay)} a replay (±30 %): ${selfReplays} now for ${times(selfReplays)}, at most ${mostReplays} in all for ${times(mostReplays)}`;
}
