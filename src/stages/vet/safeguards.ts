import type { Refusal } from "../../domain/edit.ts";
import { restatesTopic, type RuleTopics, ruleTopics } from "./safeguards/rule-topics.ts";
import { isEnglish, missing, sentencesOf } from "../../domain/text/sentences.ts";
import { isHedge, weakeningsIn } from "./safeguards/weakening.ts";

/** A region as the program reads it, before and after all hunks of a candidate. */
export interface ChangedRegion {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const safeguard =
  /\b(?:must|never|only|unless|until|always|requir\w+|mandatory|do not|don['’]t|does not|not|no|cannot|can['’]t|may not|forbidden|prohibited|approv\w+|confirm\w*|verif\w+|authenticat\w+|authori[sz]\w+|validat\w+|ensure\w*|make sure|consent|permission\w*|policy|policies|before|prior|first|at most|at least|maximum|minimum|limit\w*|up to|no more than|within|explicit\w*|refus\w+|den(?:y|ies|ied)|declin\w+|reject\w*|avoid|restrict\w*|escalat\w+|eligib\w+|complian\w+|comply|confidential\w*|private|privacy|personal|sensitive|safety|warn\w*|disclos\w+|identity|check\w*|except\w*|should|need to|have to|has to|without|ask\w*|human|supervisor|manager)\b/i;

/**
 * What a person must look at whatever the evidence says: a removed or weakened safeguard, an added exception or permission, a changed number.
 * Statistics see how often sessions pass, not whom a rule protected. Flags too much rather than too little; what is not English is always
 * flagged, for these rules cannot read it.
 */
export function safeguardRemarks({ after, before, path }: ChangedRegion): readonly Refusal[] {
  const remark = (rule: string, message: string): Refusal => ({
    rule,
    path,
    message,
    remedy: "The pull request stays a draft; read this change word by word.",
  });
  const [old, now] = [sentencesOf(before), sentencesOf(after)];
  const [removed, added] = [missing(old, now), missing(now, old)];
  const remarks: Refusal[] = [];
  if (removed.some((sentence) => protects(sentence) && !isKeptIn(sentence, added)))
    remarks.push(remark("safeguard-changed", "it removes or rewrites a sentence that protects something"));
  const topics = ruleTopics(
    old.filter((sentence) => protects(sentence)),
    old,
  );
  if (added.some((sentence) => weakens(sentence, removed, topics)))
    remarks.push(remark("safeguard-softened", "it adds words that allow, excuse or waive something"));
  if (missing(numbersIn(before), numbersIn(after)).length > 0) remarks.push(remark("number-changed", "it removes or changes a number"));
  if (!isEnglish(before) || added.some((sentence) => !isEnglish(sentence)))
    remarks.push(remark("language", "it is not in English, so no rule here can tell whether it weakens a safeguard"));
  return remarks;
}

/** A sentence that allows something sets a limit too: what it does not name. */
const protects = (sentence: string): boolean => safeguard.test(sentence) || weakeningsIn(sentence).size > 0;

/** Whether a new sentence allows, excuses or waives something that the sentence it replaces did not. */
function weakens(sentence: string, removed: readonly string[], topics: RuleTopics): boolean {
  const ways = weakeningsIn(sentence);
  const extended = removed.filter((other) => isExtensionOf(other, sentence));
  if (ways.size === 0) return extended.length === 0 && restatesTopic(sentence, topics);
  const old = new Set(extended.flatMap((other) => [...weakeningsIn(other)]));
  return [...ways].some((way) => !old.has(way));
}

const spelled: Readonly<Record<string, string>> = {
  one: "1",
  two: "2",
  three: "3",
  four: "4",
  five: "5",
  six: "6",
  seven: "7",
  eight: "8",
  nine: "9",
  ten: "10",
  once: "1x",
  twice: "2x",
};

/** Numbers of a text in figures; list numbers at a line's start do not count. */
function numbersIn(text: string): readonly string[] {
  const plain = text.replace(/^\s*\d{1,3}[.)]\s/gm, "").toLowerCase();
  const words = (plain.match(/\b(?:one|two|three|four|five|six|seven|eight|nine|ten|once|twice)\b/g) ?? []).map(
    (word) => spelled[word] ?? word,
  );
  return [...(plain.match(/\d+(?:[.,]\d+)*/g) ?? []), ...words];
}

const operators =
  /\b(?:not|never|no|only|unless|until|without|before|after|must|always|should|may|might|can|cannot|could|will|except\w*|if|when|all|every|any|each|some|or|and)\b|n['’]t\b/gi;
/** Words that may join a rule without making less of it. */
const strengthening: ReadonlySet<string> = new Set(["always", "must", "before", "and", "all", "every", "each"]);

const operatorsIn = (sentence: string): readonly string[] =>
  (sentence.toLowerCase().match(operators) ?? []).map((word) => (word === "n't" || word === "n’t" || word === "cannot" ? "not" : word));

const filler: ReadonlySet<string> = new Set(
  "a an the to of in on at by for with as is are be been it its this that these those they them their you your we our us i s".split(" "),
);

/** Words that carry a sentence's meaning, cut to their stems. */
function meantWords(sentence: string): readonly string[] {
  const words = sentence.toLowerCase().match(/[\p{L}\p{N}_]+(?:[.,]\d+)*|[-+<>=≥≤±%$€£&](?=\s|\d)/gu) ?? [];
  return words
    .filter((word) => !filler.has(word))
    .map((word) => (word.length > 4 ? word.replace(/(?:ings?|ies|ied|es|ed|e|s|y)$/, "") : word));
}

/** Whether a rule stands in one of the new sentences (or in all of them together) with every word of meaning, and what was added does not weaken it. */
function isKeptIn(rule: string, added: readonly string[]): boolean {
  return [...added, added.join(" ")].some((sentence) => isExtensionOf(rule, sentence));
}

function isExtensionOf(rule: string, sentence: string): boolean {
  const [old, now] = [meantWords(rule), meantWords(sentence)];
  if (missing(old, now).length > 0) return false;
  if (!isOrderKept(operatorsIn(rule), operatorsIn(sentence))) return false;
  return !isHedge(missing(wordsIn(sentence), wordsIn(rule)).join(" "));
}

const wordsIn = (sentence: string): readonly string[] => sentence.toLowerCase().match(/[\p{L}\p{N}_'’-]+/gu) ?? [];

/** Whether the operators of a rule stand in the same order, with nothing between them but what strengthens. */
function isOrderKept(old: readonly string[], now: readonly string[]): boolean {
  let next = 0;
  for (const word of now) {
    if (word === old[next]) next += 1;
    else if (!strengthening.has(word)) return false;
  }
  return next === old.length;
}
