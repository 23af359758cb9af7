import type { FailureSignature } from "../../domain/outcome.ts";
import { visible } from "../../domain/text/safe-text.ts";
import type { FailureGroup } from "./failure-group.ts";
import type { Profile } from "./profile.ts";

const longestTitle = 120;

/** One line, cut at a length that fits a table. */
export function titleText(text: string): string {
  const line = visible(text).replace(/\s+/g, " ").trim();
  return line.length <= longestTitle ? line : `${line.slice(0, longestTitle - 1).trimEnd()}…`;
}

/** Single words of a profile, without the pairs that repeat them. */
export const topTerms = (profile: Profile, count: number): readonly string[] =>
  profile
    .map(([term]) => term)
    .filter((term) => !term.includes(" "))
    .slice(0, count);

const ruleTitles: ReadonlyMap<string, (tool: string) => string> = new Map<string, (tool: string) => string>([
  ["loop", (tool) => `${tool} is called again and again with the same input`],
  ["gave-up", (tool) => `gives up after ${tool} has failed`],
  ["empty-reply", () => "ends with an empty reply"],
  ["finish:length", () => "the last reply is cut at the token limit"],
  ["finish:content_filter", () => "the last reply is stopped by a content filter"],
  ["user-repeats", () => "the user has to repeat the request"],
]);

const errorTitle = (tool: string, template: string | undefined): string =>
  template === undefined ? `${tool}: several errors` : `${tool}: ${template === "" ? "an error without a text" : template}`;

/** A title made of the mark alone: the same failure always has the same title. */
export function signatureTitle({ rule, template, tool }: FailureSignature): string {
  const named = ruleTitles.get(rule);
  if (named !== undefined) return titleText(named(tool ?? "a tool"));
  const evaluation = /^evaluation:([\s\S]*):([^:]*)$/.exec(rule);
  if (evaluation !== null) {
    const error = tool === undefined ? "" : ` (${errorTitle(tool, template)})`;
    return titleText(`${evaluation[1] ?? ""}: ${evaluation[2] ?? ""}${error}`);
  }
  if (tool !== undefined) return titleText(errorTitle(tool, template));
  if (rule === "model-error") return titleText(`the model did not answer: ${template ?? "no error text"}`);
  return titleText(rule.replace(/^model:/, "as the model reads it: "));
}

export const invisibleTitle = (count: number): string => `no visible error (${count})`;

const sessions = (count: number): string => `${count} ${count === 1 ? "session" : "sessions"}`;

/** What a cluster is, in one or two sentences. Says what the members share, and how sure that is. */
export function describe(group: FailureGroup, words: readonly string[]): string {
  const spoken = words.length === 0 ? "" : ` More often than in other sessions there is talk of: ${words.join(", ")}.`;
  const count = sessions(group.members.length);
  if (group.nature === "infrastructure") return `${count} failed on an error of the infrastructure; no prompt can mend it.`;
  if (group.mark !== undefined) {
    const added = group.members.length - group.marked;
    const shown =
      added === 0
        ? `${count} ${group.members.length === 1 ? "shows" : "show"} this mark.`
        : `${sessions(group.marked)} show this mark; ${added} more were added by their words.`;
    const merged = group.merged.length === 0 ? "" : ` Merged with: ${group.merged.slice(0, 5).join("; ")}.`;
    return `${shown}${merged}${spoken}`;
  }
  if (group.key === "no-visible-error")
    return `${count} are labelled as failed, and nothing in them shows why: no tool error, no loop, no evaluator that names a cause.${spoken}`;
  const compared =
    group.nature === "cause"
      ? "significantly more often than sessions that succeeded (Fisher's exact test, false discovery rate 5 %)"
      : "but not significantly more often than sessions that succeeded: it need not be why they failed";
  return `${count} are labelled as failed without a visible error and share this, ${compared}.${spoken}`;
}
