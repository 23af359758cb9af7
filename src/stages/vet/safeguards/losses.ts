import { allows, clauseAround, clauseBefore, governedBy, has } from "./clauses.ts";
import type { Comparison } from "./comparison.ts";
import { isLimitedOtherwise, weakerInsertion } from "./insertions.ts";
import type { Loss } from "./loss.ts";
import { keyOf, read, type Word } from "./reading.ts";

/**
 * What a rewritten passage makes less of; nothing where every word of meaning is kept, what binds still binds as
 * strongly and the same words, and what came in only asks for more. `rules` are those of the removed sentences that protect something.
 */
export function lossIn(comparison: Comparison, rules: readonly string[]): Loss | undefined {
  if (rules.length === 0) return undefined;
  const lost = lostWord(comparison, rules) ?? alternative(comparison) ?? looseAnchor(comparison) ?? setFree(comparison);
  return lost ?? weakerInsertion(comparison, rules);
}

/** Somebody's approval is no word like others. */
const approval = keyOf("approval");

const isOperator = (role: Word["role"]): boolean => /^(?:not|modal|limit|condition|universal)$/.test(role);

const named = ({ text }: Word): string => `“${text}”`;
const kindOf = ({ key, role }: Word): string => `${role} ${key}`;

/** Whether something was asked before: a prompt may say a word thousands of times, and each time the answer takes a look at the whole passage. */
function isSeen(seen: Set<string>, asked: string): boolean {
  if (seen.has(asked)) return true;
  seen.add(asked);
  return false;
}

function lostWord(comparison: Comparison, rules: readonly string[]): Loss | undefined {
  const ruled = new Set(rules.flatMap((rule) => read(rule)).map((word) => kindOf(word)));
  const seen = new Set<string>();
  const open = comparison.lost.filter((word) => {
    if (!ruled.has(kindOf(word))) return false;
    // What makes up for a "must" or "not" depends on the verb behind it; for other words on the word alone.
    const verb = verbOf(word, comparison)?.key ?? "";
    return !isSeen(seen, `${kindOf(word)} ${word.text} ${word.strength} ${verb}`) && !isMadeUpFor(word, comparison);
  });
  const certain = open.find(({ key, role }) => key === approval || isOperator(role));
  const lost = certain ?? open[0];
  if (lost === undefined) return undefined;
  return { kind: `drops ${lost.role}`, message: `it drops ${named(lost)}`, ...(certain === undefined ? {} : { isCertain: true }) };
}

/** Verbs that say nothing by themselves. */
const light: ReadonlySet<string> = new Set(
  "make makes made making do does done take takes taking give gives giving get gets getting have obtain perform".split(" "),
);

/** Whether a lost word's work is done by another one, or was none. */
function isMadeUpFor(word: Word, comparison: Comparison): boolean {
  const { gained, now, old } = comparison;
  switch (word.role) {
    // Numbers have a rule of their own; lists may be joined otherwise; without a hedge a rule is stricter.
    case "hedge":
    case "joint":
    case "number":
      return true;
    case "modal":
      return allows(word) || isCommanded(verbOf(word, comparison), now);
    case "not":
      return (
        isForbiddenTogether(word, comparison) || (has(gained, "only") && comparison.lost.filter(({ role }) => role === "not").length === 2)
      );
    case "universal":
      if (word.key === "always") return gained.some(({ role, strength }) => role === "modal" && strength === 2);
      return word.text.startsWith("any") && !old.some(allows);
    case "condition":
      // What holds without a condition holds more often; only a permission grows by that.
      if (word.key === "if") return !old.some(allows) || has(now, "only");
      return word.key === "after" && has(gained, "until", "before");
    case "limit":
      return word.key === "only" && isLimitedOtherwise(comparison);
    case "content":
      return light.has(word.text) || (word.text === "first" && has(gained, "before"));
    case "filler":
    case "boundary":
      return true;
  }
}

function verbOf(word: Word, { old }: Comparison): Word | undefined {
  if (word.role === "not") return governedBy(old, old.indexOf(word))[0];
  return word.role === "modal" ? old.slice(old.indexOf(word) + 1).find(({ role }) => role === "content") : undefined;
}

/** Whether what a modal asks for is now a command: "you must check" and "check". */
function isCommanded(verb: Word | undefined, now: readonly Word[]): boolean {
  return verb !== undefined && now.some((word, place) => word.key === verb.key && opensClause(now, place));
}

function opensClause(words: readonly Word[], place: number): boolean {
  for (let at = place - 1; at >= 0; at -= 1) {
    const word = words[at];
    if (word === undefined || word.role === "boundary" || word.role === "joint") return true;
    if (word.role !== "universal" && word.role !== "not" && word.text !== "then" && word.text !== "first") return false;
  }
  return true;
}

/** "Do not judge, do not ask" and "do not judge or ask". */
function isForbiddenTogether(not: Word, comparison: Comparison): boolean {
  const { gained, now } = comparison;
  const verb = verbOf(not, comparison);
  if (verb === undefined || !has(gained, "or")) return false;
  const bindsAsMuch = ({ role, strength }: Word): boolean => role === "not" && strength >= not.strength;
  return now.some((word, at) => kindOf(word) === kindOf(verb) && clauseBefore(now, at).some(bindsAsMuch));
}

/** "And" that became "or". */
function alternative({ gained, now, old }: Comparison): Loss | undefined {
  if (!has(gained, "or")) return undefined;
  for (const [place, word] of old.entries()) {
    const [next] = governedBy(old, place);
    if (word.role !== "joint" || word.key !== "and" || next === undefined) continue;
    const at = now.findIndex((other) => kindOf(other) === kindOf(next));
    // "A, B or C": the "or" of a list stands before its last item.
    const joints = [...now.slice(0, at).filter(isNoFiller).slice(-1), ...now.slice(at + 1, at + reach)];
    if (at >= 0 && has(joints, "or") && !has(joints, "and")) return { kind: "becomes or", message: `${named(word)} becomes “or”` };
  }
  return undefined;
}
const isNoFiller = ({ role }: Word): boolean => role !== "filler";

/** Operators that stay, but no longer before the word that they stood before. */
function looseAnchor({ now, old }: Comparison): Loss | undefined {
  const placesOf = Map.groupBy(now.entries(), ([, word]) => kindOf(word));
  const seen = new Set<string>();
  for (const [place, word] of old.entries()) {
    const isAnchored =
      word.role === "not" || word.role === "limit" || (word.role === "condition" && word.key !== "if" && word.key !== "after");
    const [governed] = governedBy(old, place);
    if (!isAnchored || governed === undefined || isSeen(seen, `${kindOf(word)} ${governed.key}`) || !has(now, governed.key)) continue;
    const places = (placesOf.get(kindOf(word)) ?? []).map(([at]) => at);
    const near = (at: number): readonly Word[] => [
      ...governedBy(now, at, reach),
      ...(word.key === "only" ? clauseBefore(now, at, reach) : []),
    ];
    if (places.length > 0 && !places.some((at) => has(near(at), governed.key)))
      return { kind: `moves ${word.role}`, message: `${named(word)} no longer stands before ${named(governed)}` };
  }
  return undefined;
}
/** Words of meaning between an operator and the one it belongs to, where others came in between. */
const reach = 4;

/** A word that was forbidden and now stands in clauses that forbid nothing. */
function setFree({ now, old }: Comparison): Loss | undefined {
  const places = (words: readonly Word[], key: string): readonly number[] =>
    words.flatMap((word, at) => (word.role === "content" && word.key === key ? [at] : []));
  const seen = new Set<string>();
  for (const { key, role, text } of old) {
    if (role !== "content" || isSeen(seen, key)) continue;
    const [before, after] = [places(old, key), places(now, key)];
    if (after.length === 0 || !before.every((at) => isForbidden(old, at))) continue;
    if (!after.some((at) => forbids(clauseAround(now, at), clauseAround(now, at))))
      return { kind: "sets free", message: `“${text}” is no longer in what is forbidden` };
  }
  return undefined;
}

function isForbidden(words: readonly Word[], place: number): boolean {
  const before = clauseBefore(words, place);
  // "Do not judge, and hand over": the second half forbids nothing.
  const half = before.slice(before.findLastIndex(({ key }, at) => key === "and" && before[at - 1]?.key === ",") + 1);
  return forbids(half, before);
}

/** "If nothing is found, say so" forbids nothing. */
function forbids(words: readonly Word[], clause: readonly Word[]): boolean {
  const not = words.find(({ role }) => role === "not");
  if (not === undefined) return false;
  const before = clause.slice(0, clause.indexOf(not));
  return !has(before.slice(before.findLastIndex(({ role }) => role === "boundary") + 1), "if");
}
