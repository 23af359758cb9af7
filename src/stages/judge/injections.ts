import { visible } from "../../domain/text/safe-text.ts";
import { gradingWords, instructionPatterns, outcomeWords } from "./injection-words.ts";

/** Stands where somebody spoke to the grader instead of to the agent. */
export const removed = "[words to the grader removed]";

/** Letters that look like Latin ones, as attackers use them. */
const lookalikes: Readonly<Record<string, string>> = {
  а: "a", с: "c", е: "e", о: "o", р: "p", х: "x", у: "y", і: "i", ј: "j", ѕ: "s", ԁ: "d", ɡ: "g", һ: "h", к: "k", м: "m", т: "t", в: "b", н: "h",
  α: "a", ο: "o", ρ: "p", ε: "e", ι: "i", ν: "v", κ: "k", τ: "t", υ: "u",
}; // prettier-ignore
const digits: Readonly<Record<string, string>> = { "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", $: "s" };

/** As one reads it: quotes without the backslashes of JSON in JSON. */
const plainText = (text: string): string =>
  visible(text)
    .replace(/\\+(?=["'/\\])/g, "")
    .toLowerCase();
const folded = (text: string): string => plainText(text).normalize("NFKD").replace(/\p{M}/gu, "");
const latinised = (text: string): string => text.replace(/[\u0370-\u052F\u0261]/g, (letter) => lookalikes[letter] ?? letter);
const unleeted = (text: string): string => text.replace(/[013457@$]/g, (sign) => digits[sign] ?? sign);
const unspaced = (text: string): string =>
  text.replace(/(?<=(?:^|[^\p{L}\p{N}])[\p{L}\p{N}])[ .\-_*](?=[\p{L}\p{N}](?:[^\p{L}\p{N}]|$))/gu, "");
const rotated = (text: string): string =>
  text.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97));
const reversed = (text: string): string => Array.from(text).reverse().join("");

const holds = (text: string, words: readonly RegExp[]): boolean => words.some((word) => word.test(text));

/** Whether a plain text, as it is read, speaks to who grades: names grading and an outcome, or gives orders of the known kinds. */
function speaksToGrader(text: string): boolean {
  return holds(text, instructionPatterns) || (holds(text, gradingWords) && holds(text, outcomeWords));
}

/** The same question for everything that a text can be read as: look-alike letters, digits for letters, spread letters, rot13, backwards. */
function isForGrader(text: string): boolean {
  const plain = folded(text);
  const latin = latinised(plain);
  const readings = new Set([
    plainText(text).normalize("NFKC"),
    plain,
    latin,
    unleeted(latin),
    unspaced(latin),
    rotated(latin),
    reversed(latin),
  ]);
  return [...readings].some((reading) => speaksToGrader(reading));
}

const base64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
const hex = /(?:[0-9a-fA-F]{2}[ :]?){12,}/g;
const escapes = /(?:\\{1,8}u[0-9a-fA-F]{4}|\\{1,8}x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2,5};){6,}/g;
const longestEncoded = 4000;

const decoders: readonly (readonly [RegExp, (text: string) => string])[] = [
  [base64, (text) => decode(text.replaceAll("-", "+").replaceAll("_", "/"), "base64")],
  [hex, (text) => decode(text.replace(/[ :]/g, ""), "hex")],
  [
    escapes,
    (text) =>
      text.replace(
        /\\{1,8}u([0-9a-fA-F]{4})|\\{1,8}x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|&#(x?)([0-9a-fA-F]{2,5});/g,
        (whole, ...groups: string[]) => {
          const [unicode, byte, percent, isHex, entity] = groups;
          const code = Number.parseInt(unicode ?? byte ?? percent ?? entity ?? "", entity !== undefined && isHex === "" ? 10 : 16);
          return Number.isFinite(code) && code < 0x110000 ? String.fromCodePoint(code) : whole;
        },
      ),
  ],
];

function decode(text: string, encoding: "base64" | "hex"): string {
  const bytes = encoding === "hex" ? bytesOfHex(text) : bytesOfBase64(text);
  return new TextDecoder().decode(bytes);
}

const bytesOfHex = (text: string): Uint8Array => Uint8Array.from(text.match(/[0-9a-fA-F]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));

function bytesOfBase64(text: string): Uint8Array {
  const whole = text.replace(/=+$/, "");
  try {
    return Uint8Array.from(atob(whole.slice(0, whole.length % 4 === 1 ? -1 : undefined)), (letter) => letter.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** Ends of sentences and of lines; what stands between two is looked at as one. */
const sentenceEnd = /(?<=[.!?。!?؟।]["'”’)\]]?\s)|(?<=[。!?।])|\n+/u;

/**
 * A text as the judge sees it: invisible characters taken out, and every sentence that speaks to a grader (in any of a dozen languages, in
 * look-alike letters, encoded, spread or backwards) replaced by one mark. The same in both arms. What it does not recognise still stands inside
 * the fence, as evidence that is never obeyed.
 */
export function withoutGraderTalk(text: string): string {
  let clean = visible(text);
  for (const [pattern, read] of decoders)
    clean = clean.replace(pattern, (run) => (isForGrader(read(run.slice(0, longestEncoded))) ? removed : run));
  const sentences = clean.split(sentenceEnd);
  if (!sentences.some((sentence) => isForGrader(sentence)) && !isForGrader(clean.slice(0, longestEncoded))) return clean;
  const kept = sentences.map((sentence) => (isForGrader(sentence) ? removed : sentence));
  // Spread over several sentences: none of them alone, all of them together. Then the whole text goes.
  return kept.includes(removed) ? kept.join("\n") : removed;
}
