import { textOf } from "../domain/message.ts";
import { seededRandom } from "../domain/random.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import { comparedTexts, passageCount, statementCount } from "./request-marks.ts";
import type { Scenario } from "./scenario.ts";

interface Looks {
  readonly has: readonly string[];
  readonly lacks: readonly string[];
}

const looksSo = ({ has, lacks }: Looks, text: string): boolean =>
  has.every((one) => text.includes(one)) && !lacks.some((one) => text.includes(one));

/**
 * Whether the judge calls a conversation good: the truth, flipped at its error rates, shifted by what it has a weakness for. The same
 * conversation always gets the same answer.
 */
function findsGood(scenario: Scenario, seed: number, text: string): boolean {
  const { bad = [], bias = [], sensitivity = 1, specificity = 1 } = scenario.judge ?? {};
  const truly = bad.some((looks) => looksSo(looks, text)) ? 1 - specificity : sensitivity;
  const shift = bias.filter((one) => looksSo(one, text)).reduce((sum, one) => sum + one.shift, 0);
  return seededRandom(seed, scenario.name, "judge", text)() < truly + shift;
}

const requestText = (request: ModelRequest): string => textOf(request.messages[0] ?? { role: "user", parts: [] });

/** The reply of the simulated judge: every statement is true, or every one is not. */
export function judgeReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  const text = requestText(request);
  const answer = findsGood(scenario, seed, text) ? "yes" : "no";
  const items = Array.from({ length: statementCount(text) }, (_, index) => ({ item: index + 1, answer, evidence: "simulated" }));
  return JSON.stringify({ items });
}

/** The reply of the simulated judge that compares: by the same opinion of each, so that it says the same in both orders. */
export function pairwiseReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  const [first, second] = comparedTexts(requestText(request)).map((text) => findsGood(scenario, seed, text.trim()));
  return JSON.stringify({ better: first === second ? "neither" : first === true ? "first" : "second" });
}

/** What the simulated model finds of an edit's safeguards: something only where the request holds one of the scenario's phrases. */
export function safeguardReply(scenario: Scenario, request: ModelRequest): string {
  const text = requestText(request);
  const finding = (scenario.weakening ?? []).some((phrase) => text.includes(phrase)) ? "removed" : "none";
  return JSON.stringify({ passages: Array.from({ length: passageCount(text) }, (_, index) => ({ passage: index + 1, finding })) });
}

/** The reply of the simulated labeller, by the same opinion. */
export function labelReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  return JSON.stringify(
    findsGood(scenario, seed, requestText(request))
      ? { result: "succeeded", summary: "simulated" }
      : { result: "failed", cause: "missing-instruction", summary: "The agent left out a step.", message: 1 },
  );
}
