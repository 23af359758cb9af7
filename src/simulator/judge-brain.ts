import { textOf } from "../domain/message.ts";
import { seededRandom } from "../domain/random.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import type { Scenario } from "./scenario.ts";

/** The first words of `prompts/judge.md`'s system part: how a judging request is recognised. */
export const judgeMark = "You check a finished conversation between a user and a software agent";
/** Likewise of `prompts/label.md`. */
export const labelMark = "You say how a finished conversation between a user and a software agent ended";

/** Whether the scenario calls the conversation in a request bad, before the judge's own errors. */
function isBad(scenario: Scenario, text: string): boolean {
  return (scenario.judge?.bad ?? []).some(
    ({ has, lacks }) => has.every((one) => text.includes(one)) && !lacks.some((one) => text.includes(one)),
  );
}

/** What the judge thinks: the truth, flipped at its error rates; the same conversation always gets the same answer. */
function opinion(scenario: Scenario, seed: number, text: string): boolean {
  const random = seededRandom(seed, scenario.name, "judge", text);
  const { sensitivity = 1, specificity = 1 } = scenario.judge ?? {};
  return isBad(scenario, text) ? random() >= specificity : random() < sensitivity;
}

/** The reply of the simulated judge: every statement is true, or every one is not. */
export function judgeReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  const text = textOf(request.messages[0] ?? { role: "user", parts: [] });
  const items = text.slice(0, text.indexOf("<untrusted-")).match(/^\d+\. /gm) ?? ["1. "];
  const answer = opinion(scenario, seed, text) ? "yes" : "no";
  return JSON.stringify({ items: items.map((_, index) => ({ item: index + 1, answer, evidence: "simulated" })) });
}

export function labelReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  const good = opinion(scenario, seed, textOf(request.messages[0] ?? { role: "user", parts: [] }));
  return JSON.stringify(
    good
      ? { result: "succeeded", summary: "simulated" }
      : { result: "failed", cause: "missing-instruction", summary: "The agent left out a step.", message: 1 },
  );
}
