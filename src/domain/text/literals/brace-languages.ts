import type { Literal, Writing } from "./writing.ts";

/** How a language with braces and `//` comments writes strings. */
interface BraceLanguage {
  /** A block comment may hold another one. */
  readonly nestsComments: boolean;
  /** A whole line is none of the program's code. */
  readonly lineStart?: RegExp;
  readonly character: RegExp;
  /** What opens a string, the longest first; sticky. */
  readonly opening: RegExp;
  /** `isBlock`: nothing else stands on the opening's line. */
  readonly written: (opening: string, isBlock: boolean) => { readonly quote: string; readonly writing: Writing };
  /** Of more quotes in a row than close a long string: the first ones close it, the last ones, or it is none. */
  readonly surplus: "first" | "last" | "error";
}

const plainCharacter = /'(?:\\[^\n]{1,9}?|[^'\\\n])'/y;
const block = { isRaw: false, isFormat: false, hasLines: true, isIndented: true, trimsLines: true } as const;

const java: BraceLanguage = {
  nestsComments: false,
  character: plainCharacter,
  opening: /"""(?=[ \t]*\r?\n)|"/y,
  written: (quote) => ({ quote, writing: quote === '"' ? { isRaw: false, isFormat: false } : block }),
  surplus: "first",
};

const kotlin: BraceLanguage = {
  nestsComments: true,
  character: plainCharacter,
  opening: /"""|"/y,
  written: (quote) => ({
    quote,
    writing:
      quote === '"'
        ? { isRaw: false, isFormat: false, hasDollar: true }
        : { isRaw: true, isFormat: false, hasDollar: true, hasLines: true },
  }),
  surplus: "last",
};

const csharp: BraceLanguage = {
  nestsComments: false,
  lineStart: /[ \t]*#[^\n]*/y,
  character: plainCharacter,
  opening: /\$*"{3,}|(?:\$@|@\$|\$|@)?"/y,
  surplus: "error",
  written(opening, isBlock) {
    const quote = opening.slice(opening.indexOf('"'));
    const dollars = opening.split("$").length - 1;
    const filled = dollars === 0 ? {} : { braces: dollars };
    const lines = isBlock ? ({ hasLines: true, isIndented: true } as const) : {};
    if (quote.length > 2) return { quote, writing: { isRaw: true, isFormat: false, ...lines, ...filled } };
    if (opening.includes("@"))
      return { quote, writing: { isRaw: false, isFormat: dollars > 0, isDoubled: true, hasLines: true, ...filled } };
    return { quote, writing: { isRaw: false, isFormat: dollars > 0, ...filled } };
  },
};

const rust: BraceLanguage = {
  nestsComments: true,
  character: /b?'(?:\\[^\n]{1,9}?|[^'\\\n])'/y,
  opening: /[bc]?r#{0,20}"|[bc]?"/y,
  surplus: "first",
  written(opening) {
    if (!opening.includes("r")) return { quote: '"', writing: { isRaw: false, isFormat: false, hasLines: true, joinsLines: true } };
    return { quote: `"${"#".repeat(opening.split("#").length - 1)}`, writing: { isRaw: true, isFormat: false, hasLines: true } };
  },
};

/** The language of a file by its name, where it is one of those read here. */
export function braceLanguageOf(path: string): BraceLanguage | undefined {
  if (/\.java$/i.test(path)) return java;
  if (/\.kts?$/i.test(path)) return kotlin;
  if (/\.cs$/i.test(path)) return csharp;
  return /\.rs$/i.test(path) ? rust : undefined;
}

/** Openings that nothing closes, after which the rest of a file is not read: each may have been looked for up to the file's end. */
const mostUnclosed = 50;

/** All string literals of a Java, Kotlin, C# or Rust file, in order, by their quotes; what is filled into one is part of it. */
export function braceLiterals(text: string, language: BraceLanguage): readonly Literal[] {
  const found: Literal[] = [];
  let unclosed = 0;
  for (let index = 0; index < text.length;) {
    const skipped = skippedAt(text, index, language);
    if (skipped !== undefined) {
      index = skipped;
      continue;
    }
    const string = stringAt(text, index, language, 0);
    if (string === undefined) {
      index = nextOf(text, index + 1);
      continue;
    }
    if (string.literal !== undefined) found.push(string.literal);
    else if ((unclosed += 1) >= mostUnclosed) return found;
    index = string.end;
  }
  return found;
}

const telling = /["'/\n@$#]|[bcr](?=[r#"'])/g;

/** The next place at which something may begin; a word's own letters open no string. */
function nextOf(text: string, from: number): number {
  telling.lastIndex = from;
  for (let match = telling.exec(text); match !== null; match = telling.exec(text)) {
    if (!/[bcr]/.test(match[0]) || !/[\p{L}\p{N}_]/u.test(text[match.index - 1] ?? "")) return match.index;
  }
  return text.length;
}

/** The end of a comment, a character or a line that is no code; `undefined` where none begins. */
function skippedAt(text: string, index: number, { character, lineStart, nestsComments }: BraceLanguage): number | undefined {
  if (text.startsWith("//", index)) return lineEnd(text, index);
  if (text.startsWith("/*", index)) return commentEnd(text, index, nestsComments);
  const isLineStart = index === 0 || text[index - 1] === "\n";
  return (isLineStart && lineStart !== undefined ? matchEnd(lineStart, text, index) : undefined) ?? matchEnd(character, text, index);
}

function matchEnd(pattern: RegExp, text: string, index: number): number | undefined {
  pattern.lastIndex = index;
  const match = pattern.exec(text);
  return match === null ? undefined : index + match[0].length;
}

function lineEnd(text: string, index: number): number {
  const end = text.indexOf("\n", index);
  return end < 0 ? text.length : end;
}

function commentEnd(text: string, index: number, nests: boolean): number {
  const signs = /\/\*|\*\//g;
  signs.lastIndex = index;
  let depth = 0;
  for (let match = signs.exec(text); match !== null; match = signs.exec(text)) {
    if (match[0] === "*/") depth -= 1;
    else if (nests || depth === 0) depth += 1;
    if (depth <= 0) return match.index + 2;
  }
  return text.length;
}

const deepest = 12;

interface Found {
  /** Absent where nothing closes it. */
  readonly literal?: Literal;
  /** Behind its closing quote; where there is none, from where the file can be read on. */
  readonly end: number;
}

function stringAt(text: string, index: number, language: BraceLanguage, depth: number): Found | undefined {
  const start = matchEnd(language.opening, text, index);
  if (start === undefined) return undefined;
  const { quote, writing } = language.written(text.slice(index, start), /^[ \t]*\r?\n/.test(text.slice(start, lineEnd(text, start) + 1)));
  const end = depth > deepest ? undefined : closingOf(text, start, { language, quote, writing, depth });
  if (end !== undefined) return { literal: { start, end, quote, writing }, end: end + quote.length };
  return { end: writing.hasLines === true ? start : lineEnd(text, start) };
}

interface Closing {
  readonly language: BraceLanguage;
  readonly quote: string;
  readonly writing: Writing;
  readonly depth: number;
}

function closingOf(text: string, start: number, scope: Closing): number | undefined {
  const { language, quote, writing } = scope;
  const escapes = !writing.isRaw && writing.isDoubled !== true;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (escapes && character === "\\") {
      index += 1;
      continue;
    }
    if (character === "\n" && writing.hasLines !== true) return undefined;
    if (text.startsWith(quote, index)) {
      if (writing.isDoubled === true && text[index + 1] === '"') {
        index += 1;
        continue;
      }
      return /^"{3}/.test(quote) ? closedBy(text, index, quote, language.surplus) : index;
    }
    const filled = filledEnd(text, index, scope);
    if (filled === undefined) continue;
    if (filled < 0) return undefined;
    index = filled - 1;
  }
  return undefined;
}

/** Where a long string ends in a row of at least as many quotes as close it. */
function closedBy(text: string, index: number, quote: string, surplus: BraceLanguage["surplus"]): number | undefined {
  let end = index;
  while (text[end + quote.length] === '"') end += 1;
  if (surplus === "error" && end > index) return undefined;
  return surplus === "last" ? end : index;
}

/** The end of what is filled in at a place; -1 where it has none, `undefined` where nothing is filled in. */
function filledEnd(text: string, index: number, { depth, language, writing }: Closing): number | undefined {
  if (writing.hasDollar === true) return text.startsWith("${", index) ? codeEnd(text, index + 2, language, depth + 1) : undefined;
  if (writing.braces === undefined || text[index] !== "{") return undefined;
  let run = 1;
  while (text[index + run] === "{") run += 1;
  if (writing.isFormat) return run % 2 === 0 ? index + run : codeEnd(text, index + run, language, depth + 1);
  return run < writing.braces ? index + run : codeEnd(text, index + run, language, depth + 1);
}

/** Where code inside a string ends: behind the brace that closes it. */
function codeEnd(text: string, start: number, language: BraceLanguage, depth: number): number {
  let open = 1;
  for (let index = start; index < text.length;) {
    const character = text[index];
    if (character === "{") open += 1;
    if (character === "}") {
      open -= 1;
      if (open === 0) return index + 1;
    }
    const isString = character === '"' || character === "$" || character === "@";
    const string = isString ? stringAt(text, index, language, depth) : undefined;
    // Trying again behind its opening would take twice as long at every level.
    if (string !== undefined && string.literal === undefined) return -1;
    index = string?.end ?? matchEnd(language.character, text, index) ?? index + 1;
  }
  return -1;
}
