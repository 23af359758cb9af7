import { instant, projectId, sessionId } from "../../src/domain/ids.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { noUsage } from "../../src/domain/message.ts";
import type { Session } from "../../src/domain/session.ts";
import type { Located } from "../../src/domain/source.ts";
import type { Prompt } from "./prompts.ts";

/** A session that carries nothing but a system prompt. */
export const sessionWith = (instructions: string, parts: Partial<Session> = {}): Session => ({
  id: sessionId("bench"),
  project: projectId("bench"),
  startedAt: instant("2026-01-01T00:00:00.000Z"),
  messages: [],
  calls: [{ kind: "model", spanId: "s", provider: "openai", model: "some-model", parameters: {}, at: 0, usage: noUsage }],
  instructions: [{ digest: digestOf(instructions), text: instructions }],
  tools: [],
  feedback: [],
  missing: [],
  ...parts,
});

/** How a search ended for one place. */
export type Ending = "right" | "wrong" | "listed" | "missed";

interface Lines {
  readonly path: string;
  readonly lines: { readonly first: number; readonly last: number };
}

/** Texts of files, for comparing copies. */
export type TextOf = (path: string) => string;

/**
 * How a search for a text ended that is put together from some prompts. Each is `right` when a claimed place is its own, or holds at least 80 %
 * of its words; `listed` when it is not claimed, but named; else `missed`. All are `wrong` when something was claimed and none is right.
 */
export function endingsOf(located: Located, wanted: readonly Prompt[], textOf: TextOf): readonly Ending[] {
  const isPlace = (prompt: Prompt) => (one: Lines) => isThere(one, prompt, textOf) || isCopy(one, prompt, textOf);
  if (located.result === "absent") return wanted.map(() => "missed");
  if (located.result === "unsure") return wanted.map((prompt) => (located.candidates.some(isPlace(prompt)) ? "listed" : "missed"));
  const endings = wanted.map((prompt): Ending => {
    if (located.sources.some(isPlace(prompt))) return "right";
    return located.alternatives.some(isPlace(prompt)) ? "listed" : "missed";
  });
  return endings.includes("right") ? endings : endings.map(() => "wrong");
}

function isThere({ lines, path }: Lines, prompt: Prompt, textOf: TextOf): boolean {
  if (path !== prompt.path) return false;
  const text = textOf(path);
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  return lines.first <= lineOf(prompt.range.end) && lineOf(prompt.range.start) <= lines.last;
}

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const copyShare = 0.8;

function isCopy({ lines, path }: Lines, prompt: Prompt, textOf: TextOf): boolean {
  const region = textOf(path)
    .split("\n")
    .slice(lines.first - 1, lines.last)
    .join("\n");
  // A cut text shows a part of its file: of a file that holds the whole prompt byte for byte, that part is a copy too.
  const bare = region.trim();
  if (bare !== "" && textOf(path).includes(prompt.template.trim()) && textOf(prompt.path).includes(bare)) return true;
  const counts = new Map<string, number>();
  for (const word of wordsOf(region.replace(/\\[nrt]/g, " "))) counts.set(word, (counts.get(word) ?? 0) + 1);
  const wanted = wordsOf(prompt.template);
  let held = 0;
  for (const word of wanted) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    held += 1;
  }
  return held >= copyShare * wanted.length;
}
