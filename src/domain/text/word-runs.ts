/** Characters of scripts that write no spaces between words: each is taken alone, and two of them weigh as one word. */
const spaceless = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{M}\p{N}])+/gu;
const ignorable = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;

/** The words of a text, evened out for comparison: NFKC, lower case, without punctuation and invisible characters. */
export const wordsOf = (text: string): readonly string[] => text.normalize("NFKC").replace(ignorable, "").toLowerCase().match(word) ?? [];

const weightOf = (one: string): number => (spaceless.test(one) ? 0.5 : 1);

/** Every run of `length` words in order, its words joined by single spaces. A run that starts at a given word is the same in every text. */
export function runsOf(words: readonly string[], length: number): readonly string[] {
  const runs: string[] = [];
  let end = 0;
  let weight = 0;
  for (const [start, first] of words.entries()) {
    while (weight < length && end < words.length) {
      weight += weightOf(words[end] ?? "");
      end += 1;
    }
    if (weight < length) break;
    runs.push(words.slice(start, end).join(" "));
    weight -= weightOf(first);
  }
  return runs;
}

/** Words with single spaces between and around them, so that a run of words is found as a substring. */
export const wordText = (text: string): string => ` ${wordsOf(text).join(" ")} `;
