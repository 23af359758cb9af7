/**
 * How the simulated model knows which part a request wants it to play: words of the system prompts in `prompts/`. Over HTTP nothing else can be
 * seen. A test holds them against the prompt files.
 */
export const requestMarks = {
  draft: "You propose small edits to the prompt of a software agent",
  judge: "You check a finished conversation between a user and a software agent",
  pairwise: "You compare two finished conversations between the same user and a software agent",
  safeguards: "You compare passages of instructions for a software agent before and after an edit",
  label: "You say how a finished conversation between a user and a software agent ended",
} as const;

/** How many candidates `prompts/draft.md` asks for; `undefined` when it does not say. */
export function wantedCandidates(text: string): number | undefined {
  const count = /\bGive (\d{1,2}) candidates\b/.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** What a drafting request wants: an edit of its own, a smaller one than the one that stands, or one after a person's words. */
export type Wanted = "draft" | "smaller" | "revise";

export function wantedEdit(text: string): Wanted {
  if (text.includes("A smaller edit with the same effect")) return "smaller";
  return text.includes("In a person's words:") ? "revise" : "draft";
}

/** The first words of a user in the conversations that a drafting request shows; empty when there are none. */
export const firstUserWords = (text: string): string => (/\[\d+\] user: ([^\n"]{40,160})/.exec(text)?.[1] ?? "").trim();

/** How many passages a request about safeguards shows; at least one. */
export const passageCount = (text: string): number => Math.max(1, (text.match(/^Passage \d{1,2}$/gm) ?? []).length);

/** How many statements a judging request lists; at least one. Only what stands before the fenced conversation counts. */
export function statementCount(text: string): number {
  const fenced = text.indexOf("<untrusted-");
  const listed = (fenced < 0 ? text : text.slice(0, fenced)).match(/^\d+\. /gm) ?? [];
  return Math.max(1, listed.length);
}

/** The two conversations that a comparing request shows, in its order. */
export function comparedTexts(text: string): readonly [first: string, second: string] {
  const [first = "", second = ""] = text.slice(text.indexOf("The first conversation:")).split("The second conversation:");
  return [first, second];
}
