import { textOf } from "../domain/message.ts";
import { type Random, seededRandom } from "../domain/random.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import { firstUserWords, type Wanted, wantedCandidates, wantedEdit } from "./request-marks.ts";
import type { Scenario } from "./scenario.ts";

type Drafter = Scenario["drafter"];
type Candidate = Drafter["candidates"][number];

const outsideThePrompt: ReadonlySet<string> = new Set(["code", "data", "user"]);
const defaultCandidates = 4;

/**
 * The reply of the simulated drafter: the scenario's edits, some wrong at first, some leaking, some replies no JSON at all. What it would offer is
 * fixed by the seed; asked again after an unusable reply, it gives what was asked for.
 */
export function drafterReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  const { drafter } = scenario;
  const random = seededRandom(seed, scenario.name, "drafter");
  const prompt = textOf(request.messages[0] ?? { role: "user", parts: [] });
  const isFirst = request.messages.length <= 1;
  const [saysNothing, isMalformed] = [random() < drafter.nothing, random() < drafter.malformed];
  if (isMalformed && isFirst)
    return "Certainly! I looked at the conversations and would add a rule to the prompt. Shall I write it down for you?";
  if (saysNothing) return JSON.stringify({ hypotheses: elsewhere(drafter), candidates: [] });
  const offered = shuffled(
    fitting(drafter, wantedEdit(prompt)).filter((candidate) => random() < candidate.chance),
    random,
  ).slice(0, wantedCandidates(prompt) ?? defaultCandidates);
  const isWhole = isFirst || isMalformed;
  const wanted = isWhole ? offered : offered.filter((candidate) => candidate.wrongAtFirst || candidate.neverFits);
  return JSON.stringify({
    hypotheses: isWhole ? drafter.hypotheses : [],
    candidates: wanted.map((candidate) => written(candidate, prompt, isFirst)),
  });
}

/** The candidates that answer what is asked for; all that are drafted without a wish where the scenario has none for it. */
function fitting({ candidates }: Drafter, wanted: Wanted): readonly Candidate[] {
  const answers = candidates.filter((candidate) => candidate.wanted.includes(wanted));
  return answers.length > 0 ? answers : candidates.filter((candidate) => candidate.wanted.includes("draft"));
}

function elsewhere(drafter: Drafter): Drafter["hypotheses"] {
  const own = drafter.hypotheses.filter((hypothesis) => outsideThePrompt.has(hypothesis.level));
  return own.length > 0 ? own : [{ level: "code", cause: "The tools answer with wrong data.", change: "" }];
}

function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .toSorted((left, right) => left.rank - right.rank)
    .map(({ item }) => item);
}

function written(candidate: Candidate, prompt: string, isFirst: boolean): object {
  // As a careless drafter would quote a customer.
  const leak = candidate.leaks ? ` For example: "${firstUserWords(prompt)}".` : "";
  const isWrong = candidate.neverFits || (candidate.wrongAtFirst && isFirst);
  return {
    kind: candidate.kind,
    hypothesis: candidate.hypothesis,
    edits: candidate.edits.map((edit) => ({
      ...edit,
      search: isWrong ? `${edit.search} (as shown above)` : edit.search,
      replace: `${edit.replace}${leak}`,
    })),
  };
}
