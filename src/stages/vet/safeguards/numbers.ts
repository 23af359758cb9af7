import { pronoun } from "./vocabulary.ts";

const isPronoun = new RegExp(String.raw`\b(?:${pronoun})`, "g");

const spelled: Readonly<Record<string, string>> = {
  one: "1",
  two: "2",
  three: "3",
  four: "4",
  five: "5",
  six: "6",
  seven: "7",
  eight: "8",
  nine: "9",
  ten: "10",
  once: "1",
  single: "1",
  twice: "2",
};

/** Numbers of a text in figures, and the units they are counted in; list numbers at a line's start do not count. */
export function numbersIn(text: string): readonly string[] {
  const plain = text
    .replace(/^\s*\d{1,3}[.)]\s/gm, "")
    .toLowerCase()
    .replace(isPronoun, " ");
  const words = (
    plain.match(
      /\b(?:one|single|two|three|four|five|six|seven|eight|nine|ten|once(?! (?:the|an?|you|your|it|they|he|she|all|this|that)\b)|twice)\b/g,
    ) ?? []
  ).map((word) => spelled[word] ?? word);
  const units = [...plain.matchAll(measured)].map(([, unit = ""]) => unit.replace(/s$/, ""));
  return [...(plain.match(/\d+(?:[.,]\d+)*/g) ?? []), ...words, ...units, ...(plain.match(/[%$€£]/g) ?? [])];
}

/** "4 hours", "two working days": what changes when the number stays. */
const measured =
  /(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten))\s?(?:[a-z]+ )?(seconds?|minutes?|hours?|days?|weeks?|months?|years?|percent|euros?|dollars?|eur|usd)\b/g;
