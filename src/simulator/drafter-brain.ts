import { textOf } from "../domain/message.ts";
import { seededRandom } from "../domain/random.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import type { Scenario } from "./scenario.ts";

type Candidate = Scenario["drafter"]["candidates"][number];

/** The first words of `prompts/draft.md`'s system part: how a drafting request is recognised. */
export const draftMark = "You propose small edits to the prompt of a software agent";

/** The reply of the simulated drafter: the scenario's edits, some wrong at first, some leaking, some replies no JSON at all. */
export function drafterReply(scenario: Scenario, seed: number, request: ModelRequest): string {
  const { drafter } = scenario;
  const random = seededRandom(seed, scenario.name, "drafter");
  const asked = request.messages.map((message) => textOf(message));
  const isFirst = request.messages.length <= 1;
  const [saysNothing, isMalformed] = [random() < drafter.nothing, random() < drafter.malformed];
  if (isMalformed && isFirst)
    return "Certainly! I looked at the conversations and would add a rule to the prompt. Shall I write it down for you?";
  const elsewhere = drafter.hypotheses.filter((hypothesis) => ["code", "data", "user"].includes(hypothesis.level));
  if (saysNothing)
    return JSON.stringify({
      hypotheses: elsewhere.length > 0 ? elsewhere : [{ level: "code", cause: "The tools answer with wrong data.", change: "" }],
      candidates: [],
    });
  const count = Number(/Give (\d+) candidates/.exec(asked[0] ?? "")?.[1] ?? 4);
  const offered = shuffled(
    drafter.candidates.filter((candidate) => random() < candidate.chance),
    random,
  ).slice(0, count);
  const wanted = isFirst || isMalformed ? offered : offered.filter((candidate) => candidate.wrongAtFirst);
  const candidates = wanted.map((candidate) => written(candidate, asked[0] ?? "", isFirst));
  return JSON.stringify({ hypotheses: isFirst || isMalformed ? drafter.hypotheses : [], candidates });
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .toSorted((left, right) => left.rank - right.rank)
    .map(({ item }) => item);
}

function written(candidate: Candidate, prompt: string, isFirst: boolean): object {
  const leak = candidate.leaks ? ` For example: "${copied(prompt)}".` : "";
  return {
    kind: candidate.kind,
    hypothesis: candidate.hypothesis,
    edits: candidate.edits.map((edit) => ({
      ...edit,
      search: candidate.wrongAtFirst && isFirst ? `${edit.search} (as shown above)` : edit.search,
      replace: `${edit.replace}${leak}`,
    })),
  };
}

/** The beginning of a user's words in the shown conversations, as a careless drafter would quote it. */
const copied = (prompt: string): string => (/\] user: ([^\n"]{40,160})/.exec(prompt)?.[1] ?? "").trim();
