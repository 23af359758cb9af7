/** Characters that show nothing or turn the direction of text: format, control (but line feed and tab), tags, fillers. */
const invisible = /[\p{Cf}\u{E0000}-\u{E007F}\u115F\u1160\u3164\uFFA0]|(?![\n\t])\p{Cc}/gu;

/** Text without invisible, control and direction characters; lone surrogates become U+FFFD. */
export const visible = (text: string): string => text.toWellFormed().replace(/\r\n?/g, "\n").replace(invisible, "");

/** What Markdown, HTML or GitHub would act on, as character references: shown as it was written, and nothing else. */
const active = /[&<>@#[\]()*_`~|\\!$]|:\/\/|\bwww\./gi;
const references: Readonly<Record<string, string>> = { "://": "&#58;&#47;&#47;", "www.": "www&#46;" };
const reference = (found: string): string => references[found.toLowerCase()] ?? `&#${found.codePointAt(0) ?? 0};`;

/** Words that close issues when a number or link follows; the number is already defused, this keeps GitHub from ever looking. */
const closing = /\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(\s+(?:&#35;|https?|[\w-]+\/[\w.-]+&#35;))/gi;

/** One line of foreign text for a Markdown page: no mention, link, image, HTML, reference or emphasis survives; cut at `most` characters. */
export function safeInline(text: string, most: number): string {
  const line = visible(text).replace(/\s+/g, " ").trim();
  const cut = line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
  return cut
    .replace(active, reference)
    .replace(closing, (_whole, word: string, rest: string) => `${word.slice(0, 1)}&#${word.codePointAt(1) ?? 0};${word.slice(2)}${rest}`);
}

/** Foreign text as a code block whose fence is longer than any run of backticks in it; cut at `most` characters. */
export function safeBlock(text: string, most: number, language = ""): string {
  const clean = visible(text);
  const cut = clean.length > most ? `${clean.slice(0, most)}\n… (${clean.length - most} more characters)` : clean;
  const longest = Math.max(2, ...(cut.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${cut.replace(/\n+$/, "")}\n${fence}`;
}

/** An id, path or name in code font: what could end the code span is dropped; cut at `most` characters. */
export const safeCode = (text: string, most = 120): string =>
  `\`${
    visible(text)
      .replace(/[`\n|]/g, "")
      .slice(0, most) || "-"
  }\``;

/** A plain-text line, for titles and commit subjects: no control characters, no mention, no reference. */
export const plainLine = (text: string, most: number): string => {
  const line = visible(text)
    .replace(/[@#<>`]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
};
