import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { safeguardRemarks } from "../../src/stages/vet/safeguards.ts";

/** One edit of a prompt: `now` takes the place of `old`; an empty `old` adds a line at the end. */
export interface PromptEdit {
  readonly old: string;
  readonly now: string;
}

/** A prompt with edits that take protection away, and edits that do not. */
export interface EditedPrompt {
  readonly prompt: string;
  readonly weakening: readonly PromptEdit[];
  readonly harmless: readonly PromptEdit[];
}

const format = z.array(
  z.object({
    prompt: z.string(),
    weakening: z.array(z.object({ old: z.string(), now: z.string() })),
    harmless: z.array(z.object({ old: z.string(), now: z.string() })),
  }),
);

const read = (name: string): readonly EditedPrompt[] =>
  format.parse(parse(readFileSync(fileURLToPath(new URL(`../../test/fixtures/edits/${name}.yaml`, import.meta.url)), "utf8")));

/**
 * Edits that the rules were written by and their weights are fitted to: our own, and those of somebody who had not seen the rules, twice. Throws
 * where a file is not of the form.
 */
export const developmentEdits = (): Readonly<Record<"own" | "first" | "second", readonly EditedPrompt[]>> => ({
  own: read("own"),
  first: read("first"),
  second: read("second"),
});

/** Edits by somebody who had not seen the rules, which nobody who writes rules looks at. */
export const sealedEdits = (): readonly EditedPrompt[] => read("sealed");

/** Which edits the rules about safeguards send to a person. What other rules refuse counts for neither side. */
export interface Flags {
  readonly weakening: readonly boolean[];
  readonly harmless: readonly boolean[];
  /** Harmless edits that nothing but a changed number sends to a person: that rule knows no harmless number. */
  readonly numbersAlone: number;
}

/** Judges every edit as vetting would judge the changed region. */
export function flagged(prompts: readonly EditedPrompt[]): Flags {
  const rulesOf = (prompt: string, edit: PromptEdit): readonly string[] =>
    safeguardRemarks({ path: "prompts/system.md", before: prompt, after: edited(prompt, edit) }).map(({ rule }) => rule);
  const all = (kind: "weakening" | "harmless"): readonly (readonly string[])[] =>
    prompts.flatMap((one) => one[kind].map((edit) => rulesOf(one.prompt, edit)));
  const harmless = all("harmless");
  return {
    weakening: all("weakening").map((rules) => rules.length > 0),
    harmless: harmless.map((rules) => rules.length > 0),
    numbersAlone: harmless.filter((rules) => rules.length === 1 && rules[0] === "number-changed").length,
  };
}

/** The prompt with the edit in it. Throws where it does not fit. */
export function edited(prompt: string, { now, old }: PromptEdit): string {
  if (old === "") return `${prompt.trimEnd()}\n${now}\n`;
  if (!prompt.includes(old)) throw new Error(`the prompt does not hold "${old}"`);
  return prompt.replace(old, () => now);
}
