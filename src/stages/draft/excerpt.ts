import type { Message } from "../../domain/message.ts";
import { visible } from "../../domain/text/safe-text.ts";
import { transcriptText } from "../../domain/text/transcript-text.ts";

const longestPart = 1500;
const around = 2;

/** Messages by how much they tell of a failure: the opening, what stands around tool errors, then from the end backwards. */
function byTelling(messages: readonly Message[]): readonly number[] {
  const errors = messages.flatMap((message, index) =>
    message.parts.some((part) => part.kind === "tool-result" && part.isError === true) ? [index] : [],
  );
  const windows = errors.slice(0, 6).flatMap((index) => Array.from({ length: 2 * around + 1 }, (_, step) => index - around + step));
  const backwards = messages.map((_, index) => messages.length - 1 - index);
  const order = [0, 1, ...backwards.slice(0, 4), ...windows, ...backwards];
  return [...new Set(order)].filter((index) => index >= 0 && index < messages.length);
}

/**
 * A conversation for the drafter, at most so many characters: whole if it fits; else its most telling messages in their order, with a note
 * where some are left out. Invisible characters are dropped: a person who reads the session must see what the model sees.
 */
export function excerpt(messages: readonly Message[], maxCharacters: number): string {
  const texts = messages.map((message, index) =>
    visible(transcriptText([message], { maxCharacters: 2 * longestPart, maxPartCharacters: longestPart })).replace(/^\[0\]/, `[${index}]`),
  );
  const chosen = new Set<number>();
  let length = 0;
  for (const index of byTelling(messages)) {
    const text = texts[index] ?? "";
    if (length + text.length + 1 > maxCharacters && chosen.size > 0) continue;
    chosen.add(index);
    length += text.length + 1;
  }
  return withGaps(texts, chosen).slice(0, maxCharacters + 400);
}

function withGaps(texts: readonly string[], chosen: ReadonlySet<number>): string {
  const lines: string[] = [];
  let missing = 0;
  const close = (): void => {
    if (missing > 0) lines.push(`… (${missing} messages left out)`);
    missing = 0;
  };
  for (const [index, text] of texts.entries()) {
    if (!chosen.has(index)) {
      missing += 1;
      continue;
    }
    close();
    lines.push(text);
  }
  close();
  return lines.join("\n");
}
