import { missing } from "../../../domain/text/sentences.ts";
import { allows, obliges } from "./clauses.ts";
import { compare, type Comparison } from "./comparison.ts";
import type { Loss } from "./loss.ts";
import { lossIn } from "./losses.ts";
import { numbersIn } from "./numbers.ts";
import type { ChangedPassage } from "./passages.ts";
import { read } from "./reading.ts";
import { restatesTopic, type RuleTopics, speaksOfRule } from "./rule-topics.ts";
import { type Found, weakeningsIn } from "./weakening.ts";
import { telling } from "./weights.ts";

/** Words of a sentence that protects somebody. */
export const safeguard =
  /(?<![\w-])(?:must|never|only|unless|until|always|requir\w+|mandatory|do not|don['’]t|does not|not|no|cannot|can['’]t|may not|forbidden|prohibited|approv\w+|confirm\w*|verif\w+|authenticat\w+|authori[sz]\w+|validat\w+|ensure\w*|make sure|consent|permission\w*|policy|policies|before|prior|first(?! (?:names?|class|day|night|time))|at most|at least|maximum|minimum|limit\w*|up to|no more than|within|explicit\w*|refus\w+|den(?:y|ies|ied)|declin\w+|reject\w*|avoid|restrict\w*|escalat\w+|eligib\w+|complian\w+|comply|confidential\w*|private|privacy|personal|sensitive|safety|warn\w*|disclos\w+|identity|check\w*|except\w*|should|need to|have to|has to|without|ask\w*|human|supervisor|manager|needs?|max|transfer|hand(?:ed)? (?:over|it|off)|refer|forward|valid)\b/i;
/** How something is said; a sentence about that alone protects nobody. */
const manner = /\b(?:polite\w*|friendl\w+|kind|tone|short|brief\w*|greet\w*|goodbye|style|format\w*|concise\w*|apologi\w+)\b/i;

/** What the rules found in one passage. */
export interface Judgement {
  /** What it lost of its rules, in words for a person. */
  readonly changed?: string;
  /** What it gained that allows, excuses or waives something. */
  readonly softened?: string;
  /** Whether one of the two is enough by itself: a dropped "must", a removed rule. */
  readonly isCertain: boolean;
  /** What speaks for and against a weakening, by name, with how often it occurs: what `suspicionOf` weighs. */
  readonly signals: ReadonlyMap<string, number>;
}

/** The prompt around a passage: all its sentences before and after, and what its rules are about. */
export interface Surroundings {
  readonly old: readonly string[];
  readonly now: readonly string[];
  readonly topics: RuleTopics;
}

/** Judges a passage by what its sentences say. */
export function judge(passage: ChangedPassage, surroundings: Surroundings): Judgement {
  const { added, removed, rewritten } = passage;
  if (!isComparable([...removed, ...rewritten]))
    return { changed: "it changes a passage that is too long to compare", isCertain: true, signals: new Map() };
  const comparison = compare(removed.join(" "), rewritten.join(" "));
  const loss = lossOf(passage, comparison, surroundings);
  const softenings = softeningsOf(passage, comparison, surroundings.topics);
  const signals = new Map<string, number>();
  const note = (signal: string): void => void signals.set(signal, (signals.get(signal) ?? 0) + 1);
  noteWords(comparison, note);
  for (const sentence of added) noteAdded(sentence, surroundings.topics, note);
  if (loss !== undefined) for (const signal of ["loss", `loss: ${loss.kind}`]) note(signal);
  for (const { signal } of softenings) note(signal);
  if (softenings.length > 0) note("softening");
  const come = numbersIn([...rewritten, ...added].join(" "));
  const gone = numbersIn(removed.join(" "));
  if (missing(gone, come).length > 0) note("a number went");
  if (missing(come, gone).length > 0) note("a number came");
  if (removed.length === 0) note("only adds");
  if (added.length + rewritten.length === 0) note("only removes");
  const softening = softenings.find(({ signal }) => telling.has(signal)) ?? softenings[0];
  return {
    ...(loss === undefined ? {} : { changed: loss.message }),
    ...(softening === undefined ? {} : { softened: softening.message }),
    isCertain: loss?.isCertain === true,
    signals,
  };
}

/** Operators of both sides that have no counterpart, and how many words of meaning. */
function noteWords({ gained, lost }: Comparison, note: (signal: string) => void): void {
  for (const [side, words] of [
    ["lost", lost],
    ["gained", gained],
  ] as const)
    for (const { key, role, strength } of words)
      note(role === "content" || role === "number" ? `${side}: ${role}` : `${side}: ${role} ${key} ${strength}`);
}

/** Operators of a new sentence, and whether it speaks of what a rule speaks of. */
function noteAdded(sentence: string, topics: RuleTopics, note: (signal: string) => void): void {
  for (const { key, role, strength } of read(sentence))
    if (!/^(?:content|number|filler|boundary)$/.test(role)) note(`added: ${role} ${key} ${strength}`);
  if (speaksOfRule(sentence, topics)) note("added: speaks of a rule");
}

/** Comparing takes the square of a passage's words; an edit of the allowed size stays far below this many characters. */
const mostCharacters = 24_000;
const isComparable = (sentences: readonly string[]): boolean => sentences.reduce((sum, { length }) => sum + length, 0) <= mostCharacters;

/** What a passage lost of its rules. */
function lossOf({ removed, rewritten }: ChangedPassage, comparison: Comparison, { now, old }: Surroundings): Loss | undefined {
  const rules = removed.filter((sentence) => protects(sentence));
  if (rewritten.length > 0) return lossIn(comparison, rules);
  const isGone = rules.some((rule) => !isRestated(rule, old, now));
  return isGone ? { kind: "removes a rule", message: "it removes a sentence that protects something", isCertain: true } : undefined;
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

/** A sentence that softens something, under a name and in words for a person. */
interface Softening {
  readonly signal: string;
  readonly message: string;
}

/** What a passage gained that allows, excuses or waives something which it did not before. */
function softeningsOf({ added, removed, rewritten }: ChangedPassage, comparison: Comparison, topics: RuleTopics): readonly Softening[] {
  const known = new Set([...removed, removed.join(" ")].flatMap((sentence) => weakeningsIn(sentence).map(({ way }) => way)));
  const gained = new Set(comparison.gained.map(({ key }) => key));
  const isSaidAnew = ({ kind, words }: Found): boolean => {
    // A permission in other words, or one more thing that is forbidden: both are no news without a word that allows or forbids.
    if (kind === "allowing" && !comparison.gained.some(allows)) return false;
    if (kind === "forbidding" && !gained.has("not")) return false;
    return read(words).some(({ key }) => gained.has(key));
  };
  // An exception to a rule that is new itself takes nothing from the old ones, unless it speaks of what they speak of.
  const isOfOldRule = ({ kind }: Found, sentence: string): boolean => kind !== "exception" || speaksOfRule(sentence, topics);
  const found = [
    ...rewritten.flatMap((sentence) => weakeningsIn(sentence).filter((one) => isSaidAnew(one))),
    ...added.flatMap((sentence) => weakeningsIn(sentence).filter((one) => isOfOldRule(one, sentence))),
  ].filter(({ way }) => !known.has(way));
  return [
    ...found.map(({ way, words }) => ({ signal: `says: ${way}`, message: waived(words) })),
    ...added
      .filter((sentence) => restatesTopic(sentence, topics))
      .map(() => ({ signal: "restates a topic", message: "it speaks of what a rule speaks of without being a rule" })),
  ];
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
