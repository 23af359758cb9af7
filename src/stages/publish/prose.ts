import { revealed } from "../../domain/text/safe-text.ts";

/** What plain text on a page may say. */
export interface ProseRules {
  /** Whether `#12` may stand there: in comments of ours it names our own pull request; nowhere else. */
  readonly mayNameOwnIssues: boolean;
}

const entity = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,30});?/gi;
const namedCharacters: Readonly<Record<string, string>> = {
  commat: "@",
  num: "#",
  sol: "/",
  colon: ":",
  period: ".",
  excl: "!",
  lsqb: "[",
  lbrack: "[",
  lt: "<",
  gt: ">",
  amp: "&",
};

/** Text with character references decoded once more, for those who decode a page twice. Unknown names become a space. */
function decodedOnce(text: string): string {
  return text.replace(entity, (found) => {
    const name = found.slice(1).replace(/;$/, "");
    if (!name.startsWith("#")) return namedCharacters[name.toLowerCase()] ?? " ";
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : " ";
  });
}

/** What GitHub makes active in plain text: mentions, references to issues and commits, closing words, addresses. Short reasons of our own words. */
export function proseProblems(text: string, rules: ProseRules): readonly string[] {
  const first = activeText(text, rules);
  const decoded = decodedOnce(decodedOnce(text));
  return decoded === text ? first : [...new Set([...first, ...activeText(decoded, rules)])];
}

const closing =
  /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b\s{0,3}:?\s{0,3}(?:[#＃]\p{N}|GH-\d|[\w.-]{1,80}\/[\w.-]{1,100}#\p{N}|https?:)/iu;

function activeText(given: string, { mayNameOwnIssues }: ProseRules): readonly string[] {
  const text = given.normalize("NFC");
  const problems = [...invisibleProblems(text)];
  if (/[@＠﹫][\p{L}\p{N}]/u.test(text)) problems.push("a mention");
  if (closing.test(text)) problems.push("words that close an issue");
  const named = mayNameOwnIssues ? text.replace(/(?<![\w&/#])#\d{1,9}\b/g, " ") : text;
  if (/[#＃][\p{N}]|\bGH-\d/iu.test(named)) problems.push("a reference to an issue");
  if (/\b(?=[\da-f]*\d)(?=\d*[a-f])[\da-f]{7,64}\b/i.test(text)) problems.push("a reference to a commit");
  if (/[a-z][a-z\d+.-]{0,20}:\/\/|\bwww\.|\b(?:javascript|vbscript):\S|\bdata:[a-z]{2,20}\//i.test(text)) problems.push("an address");
  if (mixedScripts(text)) problems.push("letters of several scripts in one word");
  return problems;
}

/** Characters that nobody sees, or that turn the direction of what everybody sees. */
export const invisibleProblems = (text: string): readonly string[] =>
  revealed(text) === text.toWellFormed().replace(/\r\n?/g, "\n") ? [] : ["invisible characters"];

/** How many such characters a text holds. */
export const invisibleCount = (text: string): number => revealed(text).split("<U+").length - text.split("<U+").length;

const words = /[\p{L}\p{M}\p{N}_-]{2,100}/gu;
const alike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}]/gu;

/** Whether a word mixes Latin letters with those of a script that has look-alikes of them; units such as `kΩ` are no words. */
export function mixedScripts(text: string): boolean {
  return [...text.normalize("NFC").matchAll(words)].some(([word]) => {
    const foreign = word.match(alike)?.length ?? 0;
    const latin = word.match(/\p{Script=Latin}/gu)?.length ?? 0;
    return foreign > 0 && latin > 0 && foreign + latin > 2;
  });
}
