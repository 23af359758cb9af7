import { textOf } from "../../domain/message.ts";
import { type Session, toolCalls } from "../../domain/session.ts";

const stopWords: ReadonlySet<string> = new Set(
  "a an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it its just me my no not of on or our out she should so some than that the their them then there these they this those to too up us was we were what when where which who why will with would you your yours hi hello please thanks thank ok okay yes stop sure let know like need want get got help".split(
    " ",
  ),
);

const longestText = 4000;

/** Cuts the commonest English endings, so that `refunds`, `refunded` and `refund` are one term. */
function stem(word: string): string {
  if (word.length <= 4) return word;
  return word.replace(/(?:ies)$/, "y").replace(/(?:ing|edly|ed|es|s)$/, "");
}

function wordsOf(text: string): readonly string[] {
  const words =
    text
      .slice(0, longestText)
      .toLowerCase()
      .match(/\p{L}[\p{L}'’-]{2,30}/gu) ?? [];
  return words.filter((word) => !stopWords.has(word)).map((word) => stem(word));
}

/**
 * What a session says of its kind: words and pairs of words from the user's first and last turn, the agent's last turn and tool errors.
 * Numbers and ids are left out: they name one person's case, not a kind.
 */
export function termsOf(session: Session): ReadonlySet<string> {
  const users = session.messages.filter((message) => message.role === "user");
  const agent = session.messages.findLast((message) => message.role === "assistant" && textOf(message) !== "");
  const texts = [users[0], users.at(-1), agent].map((message) => (message === undefined ? "" : textOf(message)));
  const errors = toolCalls(session).flatMap((call) => call.error ?? []);
  const terms = new Set<string>();
  for (const text of [...texts, ...errors]) {
    const words = wordsOf(text);
    for (const [index, word] of words.entries()) {
      terms.add(word);
      const next = words[index + 1];
      if (next !== undefined) terms.add(`${word} ${next}`);
    }
  }
  return terms;
}
