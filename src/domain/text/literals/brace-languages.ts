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
  readonly written: (opening: string) => { readonly quote: string; readonly writing: Writing };
}

const plainCharacter = /'(?:\\[^\n]{1,9}?|[^'\\\n])'/y;
const block = { isRaw: false, isFormat: false, hasLines: true, isIndented: true } as const;

const java: BraceLanguage = {
  nestsComments: false,
  character: plainCharacter,
  opening: /"""(?=[ \t]*\r?\n)|"/y,
  written: (quote) => ({ quote, writing: quote === '"' ? { isRaw: false, isFormat: false } : block }),
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
};

const csharp: BraceLanguage = {
  nestsComments: false,
  lineStart: /[ \t]*#[^\n]*/y,
  character: plainCharacter,
  opening: /\$*"{3,}|(?:\$@|@\$|\$|@)?"/y,
  written(opening) {
    const quote = opening.slice(opening.indexOf('"'));
    const dollars = opening.split("$").length - 1;
    const filled = dollars === 0 ? {} : { braces: dollars };
    if (quote.length > 2) return { quote, writing: { isRaw: true, isFormat: false, hasLines: true, isIndented: true, ...filled } };
    if (opening.includes("@"))
      return { quote, writing: { isRaw: false, isFormat: dollars > 0, isDoubled: true, hasLines: true, ...filled } };
    return { quote, writing: { isRaw: false, isFormat: dollars > 0, ...filled } };
  },
};

const rust: BraceLanguage = {
  nestsComments: true,
  character: /b?'(?:\\[^\n]{1,9}?|[^'\\\n])'/y,
  opening: /[bc]?r#{0,20}"|[bc]?"/y,
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

/** All string literals of a Java, Kotlin, C# or Rust file, in order, by their quotes; what is filled into one is part of it. */
export function braceLiterals(text: string, language: BraceLanguage): readonly Literal[] {
  const found: Literal[] = [];
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
    found.push(string.literal);
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
  readonly literal: Literal;
  /** Behind its closing quote. */
  readonly end: number;
}

function stringAt(text: string, index: number, language: BraceLanguage, depth: number): Found | undefined {
  const start = depth > deepest ? undefined : matchEnd(language.opening, text, index);
  if (start === undefined) return undefined;
  const opening = text.slice(index, start);
  // Two quotes are an empty string and no long one.
  const { quote, writing } = language.written(opening);
  const end = closingOf(text, start, { language, quote, writing, depth });
  return end === undefined ? undefined : { literal: { start, end, quote, writing }, end: end + quote.length };
}

interface Closing {
  readonly language: BraceLanguage;
  readonly quote: string;
  readonly writing: Writing;
  readonly depth: number;
}

function closingOf(text: string, start: number, scope: Closing): number | undefined {
  const { quote, writing } = scope;
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
      // Of more quotes than needed the last ones close.
      let end = index;
      while (quote.length >= 3 && text[end + quote.length] === '"') end += 1;
      return end;
    }
    const filled = filledEnd(text, index, scope);
    if (filled === undefined) continue;
    if (filled < 0) return undefined;
    index = filled - 1;
  }
  return undefined;
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
    if (character === '"' && string === undefined) return -1;
    index = string?.end ?? matchEnd(language.character, text, index) ?? index + 1;
  }
  return -1;
}
