import type { Refusal } from "../../domain/edit.ts";
import { isEnglish, missing, sentencesOf } from "../../domain/text/sentences.ts";
import { judge, type Judgement, safeguard } from "./safeguards/judgement.ts";
import { numbersIn } from "./safeguards/numbers.ts";
import { changedPassages, isCheckMovedBack } from "./safeguards/passages.ts";
import { noTopics, ruleTopics } from "./safeguards/rule-topics.ts";
import { isSuspicious } from "./safeguards/suspicion.ts";

/** A region as the program reads it, before and after all hunks of a candidate. */
export interface ChangedRegion {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/**
 * What a person must look at whatever the evidence says: a removed or weakened safeguard, an added exception or permission, a changed number.
 * Statistics see how often sessions pass, not whom a rule protected. Old and new sentences are laid side by side and compared word by word: a
 * rule passes that keeps its words of meaning, binds as strongly and binds the same things. A dropped operator, rule or number is enough; what is
 * less certain is weighed with all that the passage says (`suspicionOf`). What is not English is always flagged, for these rules cannot read it.
 */
export function safeguardRemarks(region: ChangedRegion): readonly Refusal[] {
  const { after, before, path } = region;
  const judged = judgements(region).filter((one) => one.isCertain || isSuspicious(one));
  const [old, now] = [sentencesOf(before), sentencesOf(after)];
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

/** What the rules find in each changed passage of a region, before it is weighed. */
export function judgements({ after, before }: Omit<ChangedRegion, "path">): readonly Judgement[] {
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
  return passages.map((passage) => judge(passage, { old, now, topics }));
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
