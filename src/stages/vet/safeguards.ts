import type { Edit, Refusal } from "../../domain/edit.ts";

const safeguard =
  /\b(?:must|never|only|unless|always|required?|requires|do not|don['’]t|not allowed|may not|cannot|can['’]t|forbidden|prohibited|approv\w+|confirm\w*|verif\w+|consent|permission|policy|before)\b/i;
const softening =
  /\b(?:may skip|can skip|skip(?:ping)? the|no need to|not necessary|without (?:asking|confirm\w*|verif\w+|approv\w+|checking|consent)|even if|except (?:when|if|for)|unless|regardless|ignore|bypass|waive|at your discretion|use your judg\w+|optional(?:ly)?|instead of asking)\b/i;

const sentences = (text: string): readonly string[] =>
  text
    .split(/(?<=[.!?;:])\s+|\n+/)
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter((sentence) => sentence !== "");

const numbersIn = (text: string): readonly string[] => text.match(/\d+(?:[.,]\d+)*/g) ?? [];

function missing(before: readonly string[], after: readonly string[]): readonly string[] {
  const left = [...after];
  return before.filter((item) => {
    const index = left.indexOf(item);
    if (index < 0) return true;
    left.splice(index, 1);
    return false;
  });
}

/**
 * What a person must look at whatever the evidence says: a removed, changed or softened safeguard, and a changed number. Statistics see how
 * often sessions pass, not whom a rule protected.
 */
export function safeguardRemarks(edit: Edit): readonly Refusal[] {
  const remark = (rule: string, message: string): Refusal => ({
    rule,
    path: edit.path,
    message,
    remedy: "The pull request stays a draft; read this change word by word.",
  });
  const remarks: Refusal[] = [];
  const kept = new Set(sentences(edit.after));
  const old = new Set(sentences(edit.before));
  if (sentences(edit.before).some((sentence) => safeguard.test(sentence) && !kept.has(sentence)))
    remarks.push(remark("safeguard-changed", "it removes or rewrites a sentence that protects something"));
  if (sentences(edit.after).some((sentence) => softening.test(sentence) && !old.has(sentence)))
    remarks.push(remark("safeguard-softened", "it adds words that make an exception"));
  if (missing(numbersIn(edit.before), numbersIn(edit.after)).length > 0)
    remarks.push(remark("number-changed", "it removes or changes a number"));
  return remarks;
}
