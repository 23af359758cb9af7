/** The inside of a string literal in code: offsets without its quotes. */
export interface Literal {
  readonly start: number;
  readonly end: number;
  /** How it is quoted: decides what an edit must escape. */
  readonly quote: '"' | "'" | "`" | '"""' | "'''";
}

const python = /\.(?:py|pyi)$/i;
const backtick = /\.(?:[cm]?[jt]sx?|go|vue|svelte)$/i;
const code = /\.(?:py|pyi|[cm]?[jt]sx?|go|java|kt|kts|cs|rb|rs|php|swift|scala|vue|svelte|ex|exs|lua|dart)$/i;

export const isCode = (path: string): boolean => code.test(path);

/**
 * All string literals of a file of code, in order, by one pass that knows comments, escapes and the longer quotes. It is no parser: in doubt
 * (an unfinished literal) it gives up the rest of the line, so that a claimed range always lies between two quotes.
 */
export function literalsOf(path: string, text: string): readonly Literal[] {
  const isPython = python.test(path);
  const hasBacktick = backtick.test(path);
  const found: Literal[] = [];
  let index = 0;
  while (index < text.length) {
    const comment = commentEnd(text, index, isPython);
    if (comment !== undefined) {
      index = comment;
      continue;
    }
    const quote = quoteAt(text, index, hasBacktick);
    if (quote === undefined) {
      index += 1;
      continue;
    }
    const start = index + quote.length;
    const end = closing(text, start, quote);
    if (end === undefined) {
      index = nextLine(text, index);
      continue;
    }
    found.push({ start, end, quote });
    index = end + quote.length;
  }
  return found;
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

function quoteAt(text: string, index: number, hasBacktick: boolean): Literal["quote"] | undefined {
  const character = text[index];
  if (character === "`") return hasBacktick ? "`" : undefined;
  if (character !== '"' && character !== "'") return undefined;
  if (text.startsWith('"""', index)) return '"""';
  return text.startsWith("'''", index) ? "'''" : character;
}

/** Where a literal ends; one-line quotes do not reach over a line's end. */
function closing(text: string, start: number, quote: Literal["quote"]): number | undefined {
  const isShort = quote === '"' || quote === "'";
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\\") index += 1;
    else if (isShort && character === "\n") return undefined;
    else if (text.startsWith(quote, index)) return index;
  }
  return undefined;
}
