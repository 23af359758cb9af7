import { type FailureCause, failureCauses } from "../../domain/outcome.ts";
import { goodOutcomes, labelWord } from "../../domain/receiving/item-facts.ts";
import type { Feedback } from "../../domain/span.ts";

/** What the labels that came with the traces say together. */
export type Ruling =
  | { readonly result: "succeeded"; readonly confidence: number }
  | {
      readonly result: "failed";
      readonly confidence: number;
      /** The label that decided. */
      readonly label: Feedback;
      /** The failing label that names most: a named evaluator's, else the deciding one. */
      readonly mark: Feedback;
    }
  | { readonly result: "contradiction"; readonly why: string }
  | { readonly result: "silent" };

interface Verdict {
  readonly good: boolean;
  readonly feedback: Feedback;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
const goodLabels: ReadonlySet<string> = new Set(goodOutcomes);
/** Labels that say no more than "it failed": one word for all of them, so that a change of spelling does not split a cluster. */
const plainBadLabels = words(
  "fail failed failure failing bad false no incorrect wrong negative unsuccessful not_ok poor thumbs_down 👎 unresolved unsatisfied incomplete",
);
/** Labels that fail a session and say how. */
const tellingBadLabels = words(
  "error aborted abandoned gave_up timeout timed_out hallucinated hallucination irrelevant unrelated off_topic refused loop looped stuck max_turns crashed",
);

/** Names that tell good from bad and nothing of the cause. */
const genericNames = words(
  "outcome agent.outcome session.outcome success task_success task.success goal_success user_feedback user_rating feedback thumbs rating score reward pass passed",
);

/** Who is believed first: a person who reviewed, the program's own word, an evaluator, a user's reaction. */
const rungs: readonly { readonly by: Feedback["by"]; readonly confidence: number }[] = [
  { by: "reviewer", confidence: 1 },
  { by: "agent", confidence: 0.95 },
  { by: "evaluator", confidence: 0.9 },
  { by: "user", confidence: 0.7 },
];

/** Names that tell good from bad and nothing of the cause. */
export const isGeneric = (name: string): boolean => genericNames.has(labelWord(name));

/**
 * Whether one label calls the session good: its word first, then its score (0..1, from .5 on good). `undefined` when it says neither: an
 * unknown word without a score, or a score outside 0..1, whose scale nobody named.
 */
export function saysGood({ label, score }: Feedback): boolean | undefined {
  const word = label === undefined ? "" : labelWord(label);
  if (goodLabels.has(word)) return true;
  if (plainBadLabels.has(word) || tellingBadLabels.has(word)) return false;
  if (score === undefined || !(score >= 0 && score <= 1)) return undefined;
  return score >= 0.5;
}

/**
 * What the labels say together. Only the highest rung that says anything decides. Several evaluators look at several things, so one that
 * fails is a failure; two answers to one question (same name, same place) that differ are a contradiction, unless something else failed.
 */
export function rule(feedback: readonly Feedback[]): Ruling {
  const verdicts = feedback.flatMap((one): readonly Verdict[] => {
    const good = saysGood(one);
    return good === undefined ? [] : [{ good, feedback: one }];
  });
  const rung = rungs.find(({ by }) => verdicts.some((verdict) => verdict.feedback.by === by));
  if (rung === undefined) return { result: "silent" };
  const { confidence } = rung;
  const questions = byQuestion(verdicts.filter((verdict) => verdict.feedback.by === rung.by));
  const failing = questions.flatMap((answers) => (answers.every((answer) => !answer.good) ? answers.slice(0, 1) : []));
  const [label] = failing.map((answer) => answer.feedback).toSorted(tellingFirst);
  if (label !== undefined) {
    const bad = verdicts.filter((verdict) => !verdict.good).map((verdict) => verdict.feedback);
    const [mark = label] = isGeneric(label.name) ? bad.filter((one) => !isGeneric(one.name)).toSorted(tellingFirst) : [label];
    return { result: "failed", confidence, label, mark };
  }
  const contradiction = questions.find((answers) => answers.some((answer) => !answer.good));
  const [first] = contradiction ?? [];
  if (first === undefined) return { result: "succeeded", confidence };
  return { result: "contradiction", why: `the labels named "${first.feedback.name.slice(0, 100)}" contradict each other` };
}

/** Named before generic, then by name: the order in which labels arrived must not matter. */
const tellingFirst = (left: Feedback, right: Feedback): number =>
  Number(isGeneric(left.name)) - Number(isGeneric(right.name)) || (left.name < right.name ? -1 : Number(left.name > right.name));

/** Verdicts on the same thing: generic names all ask whether the session went well, the others what their name says; each per span. */
function byQuestion(verdicts: readonly Verdict[]): readonly (readonly Verdict[])[] {
  const questions = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const { name, spanId = "" } = verdict.feedback;
    const key = `${isGeneric(name) ? "" : labelWord(name)} ${spanId}`;
    const answers = questions.get(key);
    if (answers === undefined) questions.set(key, [verdict]);
    else answers.push(verdict);
  }
  return [...questions.values()];
}

/** The word of a failing label as it stands in a signature; every way to say no more than "failed" is `failed`. */
export function failingWord({ label }: Feedback): string {
  const word = label === undefined ? "failed" : labelWord(label).slice(0, 60);
  return plainBadLabels.has(word) || goodLabels.has(word) || word === "" ? "failed" : word;
}

/** The cause that a label names in our own words, where it does. */
export function causeNamed({ label }: Feedback): FailureCause | undefined {
  const word = label === undefined ? "" : labelWord(label).replaceAll("_", "-");
  return failureCauses.find((cause) => cause === word);
}
