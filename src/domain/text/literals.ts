import { braceLanguageOf, braceLiterals } from "./literals/brace-languages.ts";
import { isRuby, rubyLiterals } from "./literals/ruby.ts";
import type { Literal } from "./literals/writing.ts";

export type { Literal } from "./literals/writing.ts";

/** Quotes of Python, JavaScript and languages that are read as these. */
type Quote = '"' | "'" | "`" | '"""' | "'''";

const python = /\.(?:py|pyi)$/i;
const backtick = /\.(?:[cm]?[jt]sx?|go|vue|svelte)$/i;
const script = /\.(?:[cm]?[jt]sx?|vue|svelte)$/i;
const code = /\.(?:py|pyi|[cm]?[jt]sx?|go|java|kt|kts|cs|rb|rs|php|swift|scala|vue|svelte|ex|exs|lua|dart)$/i;

export const isCode = (path: string): boolean => code.test(path);

/** How the language of a file writes strings and comments. */
interface Notation {
  readonly isPython: boolean;
  readonly hasBacktick: boolean;
  /** Whether `${…}` in backticks holds code, and `/…/` may be a pattern. */
  readonly isScript: boolean;
}

/** Templates that nothing closes, after which the rest of a file is not read: each was looked for up to the file's end. */
const mostUnclosed = 50;

/**
 * All string literals of a file of code, in order, by one pass that knows comments, escapes, the longer quotes, and in JavaScript the code inside
 * of templates and regular expressions. A template with code in it is one literal. It is no parser: in doubt (an unfinished literal) it gives up
 * the rest of the line, so that a claimed range always lies between two quotes.
 */
export function literalsOf(path: string, text: string): readonly Literal[] {
  const braces = braceLanguageOf(path);
  if (braces !== undefined) return braceLiterals(text, braces);
  if (isRuby(path)) return rubyLiterals(text);
  const notation = { isPython: python.test(path), hasBacktick: backtick.test(path), isScript: script.test(path) };
  const found: Literal[] = [];
  const telling = notation.isPython ? /["'#]/g : /["'`/]/g;
  let [index, unclosed] = [0, 0];
  for (;;) {
    telling.lastIndex = index;
    const next = telling.exec(text);
    if (next === null) return found;
    index = next.index;
    const skipped = commentEnd(text, index, notation.isPython) ?? patternEnd(text, index, notation);
    if (skipped !== undefined) {
      index = skipped;
      continue;
    }
    const quote = quoteAt(text, index, notation.hasBacktick);
    if (quote === undefined) {
      index += 1;
      continue;
    }
    const start = index + quote.length;
    const end = closing(text, start, quote, notation);
    if (end === undefined) {
      if (quote === "`" && (unclosed += 1) >= mostUnclosed) return found;
      index = nextLine(text, index);
      continue;
    }
    found.push({ start, end, quote });
    index = end + quote.length;
  }
}

const nextLine = (text: string, index: number): number => {
  const end = text.indexOf("\n", index);
  return end < 0 ? text.length : end + 1;
};

function commentEnd(text: string, index: number, isPython: boolean): number | undefined {
  const character = text[index];
  if (isPython) return character === "#" ? nextLine(text, index) : undefined;
  if (character !== "/") return undefined;
  if (text[index + 1] === "/") return nextLine(text, index);
  if (text[index + 1] !== "*") return undefined;
  const end = text.indexOf("*/", index + 2);
  return end < 0 ? text.length : end + 2;
}

/** Behind these a slash begins a pattern and divides nothing. */
const beforePattern = /(?:^|[=(,:;!&|?{}[\n])\s*$|\b(?:return|typeof|case|of|in)\s+$/;

/** Where a regular expression of JavaScript ends: quotes in it are no strings. */
function patternEnd(text: string, index: number, { isScript }: Notation): number | undefined {
  if (!isScript || text[index] !== "/" || !beforePattern.test(text.slice(Math.max(0, index - 20), index))) return undefined;
  let isClass = false;
  for (let at = index + 1; at < text.length && text[at] !== "\n"; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === "[") isClass = true;
    else if (character === "]") isClass = false;
    else if (character === "/" && !isClass) return at + 1;
  }
  return undefined;
}

function quoteAt(text: string, index: number, hasBacktick: boolean): Quote | undefined {
  const character = text[index];
  if (character === "`") return hasBacktick ? "`" : undefined;
  if (character !== '"' && character !== "'") return undefined;
  if (text.startsWith('"""', index)) return '"""';
  return text.startsWith("'''", index) ? "'''" : character;
}

/** Where a literal ends; one-line quotes do not reach over a line's end. */
function closing(text: string, start: number, quote: Quote, notation: Notation): number | undefined {
  if (quote === "`" && notation.isScript) return templateEnd(text, start);
  const isShort = quote === '"' || quote === "'";
  const telling = /["'`\\\n]/g;
  for (let index = start; index < text.length; index += 1) {
    telling.lastIndex = index;
    const next = telling.exec(text);
    if (next === null) return undefined;
    index = next.index;
    const character = text[index];
    if (character === "\\" && !(quote === "`" && notation.hasBacktick)) index += 1;
    else if (isShort && character === "\n") return undefined;
    else if (text.startsWith(quote, index)) return index;
  }
  return undefined;
}

/** What is open while a template is read: its text, code in `${…}` with its braces, a string or a template in that code. */
type Open = "`" | "{" | '"' | "'";

/** The end of a JavaScript template: `${…}` may hold strings and templates, as deep as it likes. */
function templateEnd(text: string, start: number): number | undefined {
  const open: Open[] = ["`"];
  for (let index = start; index < text.length; index += 1) {
    const character = text[index] ?? "";
    const top = open.at(-1);
    if (top === "{") {
      if (character === "{" || character === "`" || character === '"' || character === "'") open.push(character);
      else if (character === "}") open.pop();
      continue;
    }
    if (character === "\\") index += 1;
    else if (character === top) {
      open.pop();
      if (open.length === 0) return index;
    } else if (top === "`" && character === "$" && text[index + 1] === "{") {
      open.push("{");
      index += 1;
    } else if (top !== "`" && character === "\n") return undefined;
  }
  return undefined;
}
