import type { FailureSignature } from "../../domain/outcome.ts";
import type { Profile } from "./profile.ts";
import type { Trait } from "./traits.ts";

const longestTitle = 100;

const cut = (text: string): string => (text.length <= longestTitle ? text : `${text.slice(0, longestTitle - 1)}…`);

/** Single words of a profile, without pairs that repeat them. */
export const topTerms = (profile: Profile, count: number): readonly string[] =>
  profile
    .map(([term]) => term)
    .filter((term) => !term.includes(" "))
    .slice(0, count);

const ruleTitles: Readonly<Record<string, (tool: string) => string>> = {
  loop: (tool) => `${tool} is called again and again with the same input`,
  "gave-up": () => "gave up after a tool error",
  "empty-reply": () => "ended with an empty reply",
  "finish:length": () => "the last reply was cut at the token limit",
  "finish:content_filter": () => "the last reply was stopped by a content filter",
  "user-repeats": () => "the user had to repeat the request",
};

/** A title made of the signature alone: the same failure always has the same title. */
export function signatureTitle(signature: FailureSignature): string {
  const { rule, template, tool } = signature;
  const named = Object.hasOwn(ruleTitles, rule) ? ruleTitles[rule] : undefined;
  if (named !== undefined) return cut(named(tool ?? "a tool"));
  if (tool !== undefined) return cut(`${tool}: ${template === undefined || template === "" ? "failed" : template}`);
  const evaluation = /^evaluation:(.*):([^:]*)$/.exec(rule);
  return cut(evaluation === null ? rule : `${evaluation[1] ?? ""}: ${evaluation[2] ?? ""}`);
}

/** Says what the sessions share, and not that it is why they failed. */
export const traitTitle = (trait: Trait): string =>
  cut(trait.kind === "write-path" ? `failed after ${trait.value}` : `failed where "${trait.value}" is spoken of`);

export const invisibleTitle = (count: number): string => `no visible error (${count})`;
