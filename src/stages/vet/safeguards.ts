import type { Refusal } from "../../domain/edit.ts";
import { isEnglish, missing, sentencesOf } from "../../domain/text/sentences.ts";
import { allows, obliges } from "./safeguards/clauses.ts";
import { compare, type Comparison } from "./safeguards/comparison.ts";
import { lossIn } from "./safeguards/losses.ts";
import { numbersIn } from "./safeguards/numbers.ts";
import { type ChangedPassage, changedPassages, isCheckMovedBack } from "./safeguards/passages.ts";
import { read } from "./safeguards/reading.ts";
import { noTopics, restatesTopic, type RuleTopics, ruleTopics, speaksOfRule } from "./safeguards/rule-topics.ts";
import { type WeakeningKind, weakeningsIn } from "./safeguards/weakening.ts";

/** A region as the program reads it, before and after all hunks of a candidate. */
export interface ChangedRegion {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const safeguard =
  /(?<![\w-])(?:must|never|only|unless|until|always|requir\w+|mandatory|do not|don['’]t|does not|not|no|cannot|can['’]t|may not|forbidden|prohibited|approv\w+|confirm\w*|verif\w+|authenticat\w+|authori[sz]\w+|validat\w+|ensure\w*|make sure|consent|permission\w*|policy|policies|before|prior|first(?! (?:names?|class|day|night|time))|at most|at least|maximum|minimum|limit\w*|up to|no more than|within|explicit\w*|refus\w+|den(?:y|ies|ied)|declin\w+|reject\w*|avoid|restrict\w*|escalat\w+|eligib\w+|complian\w+|comply|confidential\w*|private|privacy|personal|sensitive|safety|warn\w*|disclos\w+|identity|check\w*|except\w*|should|need to|have to|has to|without|ask\w*|human|supervisor|manager|needs?|max|transfer|hand(?:ed)? (?:over|it|off)|refer|forward|valid)\b/i;
/** How something is said; a sentence about that alone protects nobody. */
const manner = /\b(?:polite\w*|friendl\w+|kind|tone|short|brief\w*|greet\w*|goodbye|style|format\w*|concise\w*|apologi\w+)\b/i;

/**
 * What a person must look at whatever the evidence says: a removed or weakened safeguard, an added exception or permission, a changed number.
 * Statistics see how often sessions pass, not whom a rule protected. Old and new sentences are laid side by side and compared word by word: a
 * rule passes that keeps its words of meaning, binds as strongly and binds the same things. Flags too much rather than too little; what is not
 * English is always flagged, for these rules cannot read it.
 */
export function safeguardRemarks({ after, before, path }: ChangedRegion): readonly Refusal[] {
  const [old, now] = [sentencesOf(before), sentencesOf(after)];
  const passages = changedPassages(before, after);
  // Only new sentences are held against what the rules are about; most edits have few, and prompts are long.
  const hasAdded = passages.some(({ added }) => added.length > 0);
  const topics = hasAdded
    ? ruleTopics(
        old.filter((sentence) => safeguard.test(sentence)),
        old,
      )
    : noTopics;
  const judged = passages.map((passage) => {
    const { removed, rewritten } = passage;
    const comparison = isComparable([...removed, ...rewritten]) ? compare(removed.join(" "), rewritten.join(" ")) : compare("", "");
    return { changed: changeIn(passage, comparison, { old, now }), softened: softeningIn(passage, comparison, topics) };
  });
  const changed = judged.flatMap((one) => (one.changed === undefined ? [] : [one.changed]));
  if (isCheckMovedBack(old, now)) changed.push("a check now comes after what it came before");
  const waivers = judged.flatMap((one) => (one.softened === undefined ? [] : [one.softened]));
  const news = missing(now, old);
  return [
    ...remark(path, "safeguard-changed", changed),
    ...remark(path, "safeguard-softened", waivers),
    ...remark(path, "number-changed", missing(numbersIn(before), numbersIn(after)).length > 0 ? ["it removes or changes a number"] : []),
    ...remark(
      path,
      "language",
      !isEnglish(before) || news.some((sentence) => !isEnglish(sentence))
        ? ["it is not in English, so no rule here can tell whether it weakens a safeguard"]
        : [],
    ),
  ];
}

/** One remark for all places where a rule found something, the first three of them named. */
function remark(path: string, rule: string, found: readonly string[]): readonly Refusal[] {
  const messages = [...new Set(found)];
  if (messages.length === 0) return [];
  const more = messages.length > 3 ? ` (and ${messages.length - 3} more)` : "";
  return [
    {
      rule,
      path,
      message: messages.slice(0, 3).join("; ") + more,
      remedy: "The pull request stays a draft; read this change word by word.",
    },
  ];
}

/** Comparing takes the square of a passage's words; an edit of the allowed size stays far below this many characters. */
const mostCharacters = 24_000;
const isComparable = (sentences: readonly string[]): boolean => sentences.reduce((sum, { length }) => sum + length, 0) <= mostCharacters;

/** What a passage lost of its rules. */
function changeIn(
  { removed, rewritten }: ChangedPassage,
  comparison: Comparison,
  { now, old }: { readonly old: readonly string[]; readonly now: readonly string[] },
): string | undefined {
  const rules = removed.filter((sentence) => protects(sentence));
  if (!isComparable([...removed, ...rewritten])) return "it changes a passage that is too long to compare";
  if (rewritten.length > 0) return lossIn(comparison, rules);
  return rules.some((rule) => !isRestated(rule, old, now)) ? "it removes a sentence that protects something" : undefined;
}

/** Any sentence may protect somebody, but for those that speak of manner alone, only allow something, or are a mere heading. */
function protects(sentence: string): boolean {
  if (safeguard.test(sentence)) return true;
  if (manner.test(sentence)) return false;
  const words = read(sentence).filter(({ role }) => role !== "boundary");
  const limits = words.some((word) => obliges(word) || /^(?:not|limit|condition|universal|number)$/.test(word.role));
  if (words.some(allows) && !limits) return false;
  return words.length > headingWords || words.some(({ role }) => role !== "content");
}
const headingWords = 3;

/** Whether a neighbour that stays says all that this sentence says: the same operators and the same words of meaning. */
function isRestated(rule: string, old: readonly string[], now: readonly string[]): boolean {
  const at = old.indexOf(rule);
  const neighbours = [old[at - 1], old[at + 1]].flatMap((sentence) => (sentence !== undefined && now.includes(sentence) ? [sentence] : []));
  return neighbours.some((sentence) => isComparable([rule, sentence]) && compare(rule, sentence).lost.length === 0);
}

/** What a passage gained that allows, excuses or waives something which it did not before. */
function softeningIn({ added, removed, rewritten }: ChangedPassage, comparison: Comparison, topics: RuleTopics): string | undefined {
  const known = new Set([...removed, removed.join(" ")].flatMap((sentence) => weakeningsIn(sentence).map(({ way }) => way)));
  const gained = new Set(comparison.gained.map(({ key }) => key));
  const isSaidAnew = (kind: WeakeningKind, words: string): boolean => {
    // A permission in other words, or one more thing that is forbidden: both are no news without a word that allows or forbids.
    if (kind === "allowing" && !comparison.gained.some(allows)) return false;
    if (kind === "forbidding" && !gained.has("not")) return false;
    return read(words).some(({ key }) => gained.has(key));
  };
  for (const sentence of rewritten) {
    const found = weakeningsIn(sentence).find(({ kind, way, words }) => !known.has(way) && isSaidAnew(kind, words));
    if (found !== undefined) return waived(found.words);
  }
  for (const sentence of added) {
    // An exception to a rule that is new itself takes nothing from the old ones, unless it speaks of what they speak of.
    const found = weakeningsIn(sentence).find(
      ({ kind, way }) => !known.has(way) && (kind !== "exception" || speaksOfRule(sentence, topics)),
    );
    if (found !== undefined) return waived(found.words);
    if (restatesTopic(sentence, topics)) return "it speaks of what a rule speaks of without being a rule";
  }
  return undefined;
}

/** Quotes only words, so that nothing in them can be taken for markup. */
function waived(words: string): string {
  const said = read(words).filter(({ role }) => role !== "boundary");
  const quoted = said
    .slice(0, 8)
    .map(({ text }) => text)
    .join(" ");
  return `it adds words that allow, excuse or waive something (“${quoted}${said.length > 8 ? " …" : ""}”)`;
}
