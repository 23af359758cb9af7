/** Characters that show nothing or turn the direction of text: format, control (but line feed and tab), tags, fillers, variation selectors. */
const invisible = /[\p{Cf}\u{E0000}-\u{E007F}\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0]|\p{Variation_Selector}|\u034F|(?![\n\t])\p{Cc}/gu;

const even = (text: string): string => text.toWellFormed().replace(/\r\n?/g, "\n");

/** Text without invisible, control and direction characters; lone surrogates become U+FFFD. */
export const visible = (text: string): string => even(text).replace(invisible, "");

/** Text with every invisible, control or direction character written out as `<U+200B>`: for what a reviewer must see as it is. */
export const revealed = (text: string): string =>
  even(text).replace(invisible, (found) => `<U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`);

/** One line: white space of any kind becomes one space. */
const oneLine = (text: string): string => visible(text).replace(/\s+/gu, " ").trim();

const cutAt = (text: string, most: number): string =>
  text.length > most
    ? `${text
        .slice(0, most - 1)
        .toWellFormed()
        .trimEnd()}…`
    : text;

/**
 * What GitHub acts on after Markdown, so that escapes do not help: it looks at the finished page for mentions, references, commits and
 * addresses. These are written in other words.
 */
const triggers: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/\b[a-z][a-z\d+.-]{0,20}:\/\/\S*/gi, "(link left out)"],
  [/\bwww\.\S*/gi, "(link left out)"],
  [/\b(javascript|vbscript):(?=\S)|\b(data):(?=[a-z]{2,20}\/)/gi, "$1$2: "],
  // Who decodes the page twice must find no reference to a character either.
  [/&(?=#x?[\da-f]|[a-z][a-z\d]{0,30};)/gi, "& "],
  [/[@＠﹫]/g, "(at)"],
  [/[#＃](?=[\p{L}\p{N}])/gu, "# "],
  [/\bGH-(?=\d)/gi, "GH "],
  [/\b(?=[\da-f]*\d)([\da-f]{6})[\da-f]{1,58}\b/gi, "$1…"],
];

const defused = (line: string): string => triggers.reduce((text, [pattern, words]) => text.replace(pattern, words), line);

/** What Markdown and HTML act on; an underscore inside a word is plain text to both. `!` and parentheses need a bracket, which is gone. */
const active = /[&<>#[\]*`~|\\$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** What opens a list, a rule or a heading at the start of a line; and a slash that opens a word, because other bots read commands there. */
const opening = /^[-+=]|^\d{1,9}(?=[.)])|(?<=^|\s)\/(?=\p{L})/gu;
const reference = (found: string): string => `&#${found.codePointAt(0) ?? 0};`;
const opened = (found: string): string => `${reference(found)}${found.slice(1)}`;

/**
 * One line of foreign text for a Markdown page: no mention, link, image, HTML, reference, command or emphasis survives; cut at `most`
 * characters of the original.
 */
export const safeInline = (text: string, most: number): string =>
  defused(cutAt(oneLine(text), most))
    .replace(active, reference)
    .replace(opening, opened);

/** Foreign text as a code block whose fence is longer than any run of backticks in it; invisible characters show; cut at `most` characters. */
export function safeBlock(text: string, most: number, language = ""): string {
  const clean = revealed(text);
  const cut = clean.length > most ? `${clean.slice(0, most).toWellFormed()}\n… (${clean.length - most} more characters)` : clean;
  const longest = Math.max(2, ...(cut.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${cut.replace(/\n+$/, "")}\n${fence}`;
}

/** A path or name in code font, where GitHub looks for nothing: what could end the code span or a table cell is dropped; cut at `most`. */
export const safeCode = (text: string, most = 120): string => `\`${cutAt(revealed(text).replace(/[`\n\t|]/g, ""), most).trim() || "-"}\``;

/** A plain-text line for titles and commit subjects: letters, digits and plain punctuation, no mention, no reference, no command. */
export const plainLine = (text: string, most: number): string =>
  cutAt(
    defused(oneLine(text))
      .replace(/[^\p{L}\p{M}\p{N} .,:;'"’“”()/%+=_…?–-]/gu, " ")
      .replace(/\s+/g, " ")
      .trim(),
    most,
  );

const allowedTags = new Set(["details", "summary", "sub", "br"]);

/**
 * What a page of ours must never hold, wherever it came from: images, links, foreign HTML, mentions, references, invisible characters. Looks
 * outside code only. `[]` for a page that is in order: the last look before anything leaves.
 */
export function unsafeMarkdown(page: string): readonly string[] {
  const problems: string[] = [];
  if (revealed(page) !== even(page)) problems.push("invisible characters");
  const outside = withoutCode(page);
  if (outside === undefined) return [...problems, "a code block that does not end"];
  const prose = outside.replace(/<!-- tuneup:[\w :./-]{1,200} -->/g, "");
  const shown = prose.replace(/&#(\d{1,7});/g, (_whole, code: string) => characterOf(Number(code)));
  // Links, images and HTML are read from the source, so a character reference is harmless; mentions and references from the finished page.
  const source = prose.replace(/&#\d{1,7};/g, " ");
  if (/!\[/.test(source)) problems.push("an image");
  if (/\]\s?[([:]|\bwww\.|:\/\//i.test(source)) problems.push("a link");
  if (/[@＠﹫](?=[\p{L}\p{N}])/u.test(shown)) problems.push("a mention");
  if (/(?:[#＃]|\bGH-)\d/i.test(shown)) problems.push("a reference to an issue");
  if (/<!--|<[?!]/.test(source)) problems.push("a hidden comment");
  if (/&(?!#)[a-z][a-z\d]{1,30};/i.test(source)) problems.push("a named character reference");
  const tags = [...source.matchAll(/<\/?([a-z][\w-]*)([^>]*)>?/gi)];
  if (tags.some(([, name = "", rest = ""]) => !allowedTags.has(name.toLowerCase()) || rest.trim() !== "")) problems.push("foreign HTML");
  const openings = (pattern: RegExp): number => source.match(pattern)?.length ?? 0;
  if (openings(/<details>/g) !== openings(/<\/details>/g)) problems.push("a folded part that does not end");
  return problems;
}

const characterOf = (code: number): string => (code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : " ");

/** The page without fenced blocks and code spans, as CommonMark pairs them; `undefined` when a fence does not end. */
function withoutCode(page: string): string | undefined {
  const kept: string[] = [];
  let fence = "";
  for (const line of page.split("\n")) {
    const found = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence === "") {
      fence = found?.[1] ?? "";
      if (fence === "") kept.push(line);
    } else if (found !== null && found[1]?.startsWith(fence) === true && found[2]?.trim() === "") fence = "";
  }
  return fence === "" ? kept.map(withoutSpans).join("\n") : undefined;
}

/** Code spans of ours never cross a line, so each line is looked at alone: nothing hides behind a backtick of another one. */
const withoutSpans = (line: string): string => line.replace(/(?<!`)(`+)(?!`)(.{0,2000}?)(?<!`)\1(?!`)/g, " ");
