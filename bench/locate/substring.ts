import type { Prompt } from "./prompts.ts";
import { type Ending, endingsOf, type TextOf } from "./scoring.ts";

const lines = 8;
const shortestLine = 20;

/** What a plain search for the longest recorded lines finds: the file that holds most of them, from the first hit to the last. */
export function substringEnding(recorded: string, prompt: Prompt, texts: ReadonlyMap<string, string>, textOf: TextOf): Ending {
  const wanted = recorded
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.length >= shortestLine)
    .toSorted((left, right) => right.length - left.length)
    .slice(0, lines);
  let best: { readonly path: string; readonly at: readonly number[] } | undefined;
  for (const [path, text] of texts) {
    const at = wanted.map((line) => text.indexOf(line)).filter((offset) => offset >= 0);
    if (at.length > (best?.at.length ?? 0)) best = { path, at };
  }
  if (best === undefined) return "missed";
  const text = textOf(best.path);
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  const found = { path: best.path, lines: { first: lineOf(Math.min(...best.at)), last: lineOf(Math.max(...best.at)) } };
  const candidate = { ...found, score: 1, why: "" };
  const [ending] = endingsOf({ result: "unsure", why: "", candidates: [candidate], remedy: "" }, [prompt], textOf);
  return ending === "listed" ? "right" : "wrong";
}
