import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { seededRandom } from "../../src/domain/random.ts";
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

/** Reads a file of edited prompts. Throws where it is not one. */
export const readEditedPrompts = (path: string): readonly EditedPrompt[] => format.parse(parse(readFileSync(path, "utf8")));

/** The half that rules may be written by, or the one whose cases nobody who writes them looks at. */
export type Half = "development" | "sealed";

/** Never to be changed: another seed would seal what has been seen. */
const seed = 20_261;

/**
 * One half of the edits. Edits of one line of a prompt stay together, so that no sealed edit is a near copy of one that was seen; an added line
 * stands for itself.
 */
export function halfOf(prompts: readonly EditedPrompt[], half: Half): readonly EditedPrompt[] {
  return prompts.map(({ harmless, prompt, weakening }) => {
    const isIn = (edit: PromptEdit): boolean => seededRandom(seed, lineOf(prompt, edit))() < 0.5 === (half === "development");
    return { prompt, weakening: weakening.filter((edit) => isIn(edit)), harmless: harmless.filter((edit) => isIn(edit)) };
  });
}

function lineOf(prompt: string, { now, old }: PromptEdit): string {
  if (old === "") return now;
  const at = prompt.indexOf(old);
  const [head, tail] = [prompt.slice(0, at), prompt.slice(at)];
  return head.slice(head.lastIndexOf("\n") + 1) + (tail.split("\n", 1)[0] ?? "");
}

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

function edited(prompt: string, { now, old }: PromptEdit): string {
  if (old === "") return `${prompt.trimEnd()}\n${now}\n`;
  if (!prompt.includes(old)) throw new Error(`the prompt does not hold "${old}"`);
  return prompt.replace(old, () => now);
}
