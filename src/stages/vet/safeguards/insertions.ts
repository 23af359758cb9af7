import { allows, clauseAround, clauseBefore, governedBy, has, obliges } from "./clauses.ts";
import type { Comparison } from "./comparison.ts";
import type { Loss } from "./loss.ts";
import { read, type Word } from "./reading.ts";

/** What was put into a passage and makes less of its rules. */
export function weakerInsertion(comparison: Comparison, rules: readonly string[]): Loss | undefined {
  const hedge = comparison.gained.find(({ role }) => role === "hedge");
  if (hedge !== undefined) return adds("hedge", hedge.text);
  const narrowed = narrowedSubject(comparison);
  if (narrowed !== undefined) return narrowed;
  return rules.some((rule) => read(rule).some(binds)) ? weakerWord(comparison) : undefined;
}

const adds = (kind: string, text: string): Loss => ({ kind: `adds ${kind}`, message: `it adds “${text}”` });

const binds = ({ role }: Word): boolean => /^(?:not|limit|condition|modal|universal|number)$/.test(role);

/** "Only after" and "not until", "only with" and "needs" say the same. */
export const isLimitedOtherwise = ({ gained, now }: Comparison): boolean =>
  (gained.some(({ role, strength }) => role === "modal" && strength === 2) && !now.some(allows)) ||
  (has(gained, "not") && has(gained, "until", "unless", "before", "without"));

/** One word put before what a sentence begins with: "large corrections are logged". */
function narrowedSubject({ gained, insertions, lost, now }: Comparison): Loss | undefined {
  if (lost.some(({ role }) => role === "content")) return undefined;
  const narrowing = insertions.find(({ at, words }) => {
    const [word, ...others] = words.filter(({ role }) => role !== "filler");
    const isOpening = at === 0 || /^[.!?]$/.test(now[at - 1]?.key ?? "");
    return (
      isOpening && word?.role === "content" && gained.includes(word) && others.length === 0 && now[at + words.length]?.role === "content"
    );
  });
  return narrowing === undefined ? undefined : adds("subject", narrowing.text);
}

/** A clause of its own is judged by what it says; this looks at what was put into a clause that stays. */
function weakerWord(comparison: Comparison): Loss | undefined {
  const left = [...comparison.gained];
  const isInPlace = !comparison.lost.some(({ role }) => role === "content");
  for (const { at, isClause, text, words } of comparison.insertions) {
    let hasNewMeaning = false;
    for (const [offset, word] of words.entries()) {
      const index = left.findIndex(({ key, role }) => role === word.role && key === word.key);
      if (index < 0) continue;
      left.splice(index, 1);
      hasNewMeaning ||= word.role === "content";
      if (!isClause && isWeaker(at + offset, comparison)) return adds(word.role, word.text);
    }
    if (hasNewMeaning && !isClause && isInPlace && narrows(comparison.now, at, words.length)) return adds("case", text);
  }
  return undefined;
}

/** Whether a word that is new at this place makes less of the rule around it. */
function isWeaker(place: number, comparison: Comparison): boolean {
  const { gained, lost, now } = comparison;
  const word = now[place];
  if (word === undefined) return false;
  const [next] = governedBy(now, place);
  const governsOld = next === undefined || !gained.some(({ key, role }) => role === next.role && key === next.key);
  switch (word.role) {
    case "not":
      return !(has(lost, "only") && isLimitedOtherwise(comparison));
    case "modal":
      return word.strength < 2 && governsOld;
    case "number":
      return clauseAround(now, place).some((other) => /^(?:not|limit|condition)$/.test(other.role) || obliges(other));
    case "condition":
      return has([word], "unless", "except", "without", "even-if") || (word.key === "if" && (next === undefined || !governsOld));
    case "universal":
      // "50 EUR per item": a limit that now counts for each.
      return /^(?:per|each)$/.test(word.text) && now.slice(Math.max(0, place - 2), place).some(({ role }) => role === "number");
    case "limit":
      return has([word], "at-least", "than") || (word.key === "only" && !makesStricter(now, place));
    case "joint":
      return word.key === "or" && offersAnother(now, place, comparison);
    case "hedge":
    case "content":
    case "filler":
    case "boundary":
      return false;
  }
}

/** "Only" makes a permission or a condition stricter, and a duty smaller. */
const makesStricter = (words: readonly Word[], place: number): boolean =>
  clauseAround(words, place).some(allows) || has(words.slice(place + 1, place + 2), "after", "if", "before");

/** Whether one more item in a list is another way to meet a rule, not another case of it. */
function offersAnother(words: readonly Word[], place: number, { insertions }: Comparison): boolean {
  const inserted = insertions.find(({ at, words: own }) => at <= place && place < at + own.length)?.words ?? [];
  if (!inserted.some(({ role }) => role === "content")) return false;
  const clause = clauseBefore(words, place);
  const exception = clause.findLastIndex(({ key }) => key === "without" || key === "unless" || key === "except");
  // "Never without the approval of a manager or a colleague": one more exception.
  if (exception > clause.findLastIndex(({ role }) => role === "not")) return true;
  if (clause.some(({ role }) => role === "not" || role === "universal")) return false;
  // One more case in which something must be done.
  if (clause.findLastIndex(({ key }) => key === "if") > clause.findLastIndex(obliges)) return false;
  // "Only the owner may change or cancel": what only few may do grew.
  const only = clause.findIndex(({ key }) => key === "only");
  if (only >= 0 && clause.slice(only).some(allows)) return false;
  return clause.some((word) => obliges(word) || word.role === "limit");
}

const isJoined = (word: Word | undefined): boolean =>
  word === undefined || word.role === "boundary" || (word.role === "joint" && word.text !== "with");

/** "Meals with strong alcohol are not reimbursed": what is forbidden may stand before the word that forbids. */
function isSubjectOfNot(words: readonly Word[], place: number): boolean {
  const next = words.slice(place).find(({ role }) => role === "not" || role === "boundary" || role === "condition" || role === "limit");
  return next?.role === "not";
}

/** Whether words put into a prohibition, or behind "before", make it count for fewer cases: "share sensitive data". */
function narrows(words: readonly Word[], place: number, length: number): boolean {
  const clause = clauseBefore(words, place);
  const isGranted = clause.some(allows);
  const at = clause.findLastIndex(
    ({ key, role }) => role === "not" || key === "before" || key === "until" || (key === "after" && isGranted),
  );
  if (at < 0 && !isSubjectOfNot(words, place)) return false;
  if (clause.slice(at + 1).some((word) => word.role === "joint" && word.text !== "with")) return false;
  const [inserted, next] = [words.slice(place, place + length), words[place + length]];
  if (isJoined(words[place - 1]) || isJoined(next) || inserted.some(({ role }) => role !== "content" && role !== "filler")) return false;
  if (clause[at]?.role !== "condition") return true;
  // Behind "before" only what stands right before a word narrows it; under a prohibition anything in the middle does.
  const last = inserted.at(-1);
  return last?.text === "to" || (last?.role === "content" && next?.role === "content");
}
