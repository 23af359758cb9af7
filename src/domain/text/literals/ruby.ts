import type { Literal, Writing } from "./writing.ts";

export const isRuby = (path: string): boolean => /\.rb$/i.test(path);

const double: Writing = { isRaw: false, isFormat: false, hasHash: true, hasLines: true };
const single: Writing = { isRaw: false, isFormat: false, isPlain: true, hasLines: true };

/** A here-document whose body begins on the next line. */
interface Heredoc {
  readonly name: string;
  readonly writing: Writing;
  /** Its end may be indented. */
  readonly isLoose: boolean;
}

/** Openings that nothing closes, after which the rest of a file is not read: each was looked for up to the file's end. */
const mostUnclosed = 50;
/** Strings in code in strings. */
const deepest = 12;

/**
 * All string literals of a Ruby file, in order: quotes, `%q` and `%Q`, here-documents from their first line to the line before their end. Symbols,
 * patterns, commands and lists of words are passed over. By its signs alone, as everywhere here: in doubt a place is no literal.
 */
export function rubyLiterals(text: string): readonly Literal[] {
  const found: Literal[] = [];
  const waiting: Heredoc[] = [];
  const telling = /["'`#%/?\n]|<<[~-]?["'`A-Za-z_]|^=begin\b|^__END__$/gm;
  let unclosed = 0;
  for (let index = 0; ;) {
    telling.lastIndex = index;
    const next = telling.exec(text);
    if (next === null) return found;
    if (next[0] === "__END__") return found;
    const at = next.index;
    if (next[0] === "\n") {
      index = bodiesEnd(text, at + 1, waiting.splice(0), found);
      continue;
    }
    const heredoc = next[0].startsWith("<<") ? heredocAt(text, at) : undefined;
    if (heredoc !== undefined) {
      waiting.push(heredoc);
      index = at + heredoc.length;
      continue;
    }
    const string = next[0].startsWith("<<") ? undefined : stringAt(text, at);
    if (string?.literal !== undefined) found.push(string.literal);
    if (string?.isUnclosed === true && (unclosed += 1) >= mostUnclosed) return found;
    index = Math.max(string?.end ?? 0, at + 1);
  }
}

const heredocOpening = /<<([~-]?)(["'`]?)([A-Za-z_]\w*)\2/y;

function heredocAt(text: string, at: number): (Heredoc & { readonly length: number }) | undefined {
  heredocOpening.lastIndex = at;
  const [whole, mark, quote, name] = heredocOpening.exec(text) ?? [];
  if (whole === undefined || name === undefined) return undefined;
  // `list <<item` appends.
  if (mark === "" && quote === "" && !/^[A-Z]/.test(name)) return undefined;
  const raw: Writing = { isRaw: true, isFormat: false, hasLines: true };
  const writing = { ...(quote === "'" ? raw : double), ...(mark === "~" ? { isIndented: true as const } : {}) };
  return { name, writing, isLoose: mark !== "", length: whole.length };
}

/** Reads the bodies of the here-documents that a line opened; answers where the program goes on. */
function bodiesEnd(text: string, from: number, waiting: readonly Heredoc[], found: Literal[]): number {
  let start = from;
  for (const { isLoose, name, writing } of waiting) {
    let line = start;
    for (; line < text.length; line = lineEnd(text, line) + 1) {
      const written = text.slice(line, lineEnd(text, line)).replace(/\r$/, "");
      if ((isLoose ? written.trimStart() : written) === name) break;
    }
    if (line >= text.length) return text.length;
    found.push({ start, end: line, quote: `\n${name}`, writing });
    start = lineEnd(text, line) + 1;
  }
  return start;
}

function lineEnd(text: string, index: number): number {
  const end = text.indexOf("\n", index);
  return end < 0 ? text.length : end;
}

interface Found {
  /** Absent for what is no string of the program's text. */
  readonly literal?: Literal;
  readonly end: number;
  /** Nothing closes it: the file is read on behind its opening. */
  readonly isUnclosed?: true;
}

const beforeValue = /(?:^|[=(,:;!&|?{}[\n~])\s*$|\b(?:if|unless|when|and|or|not|return|while|puts|then|do)\s+$/;
const symbol = /(?:^|[\s([{,]):$/;

function stringAt(text: string, at: number): Found | undefined {
  const behind = text.slice(Math.max(0, at - 20), at);
  const sign = text[at] ?? "";
  switch (sign) {
    case "#":
      return { end: lineEnd(text, at) };
    case "=":
      return { end: commentEnd(text, at) };
    case "?":
      return !/[\p{L}\p{N}_)\]]$/u.test(behind) && /[\p{L}\p{N}_\s]/u.test(text[at + 2] ?? " ") ? { end: at + 2 } : undefined;
    case "/":
      return beforeValue.test(behind) ? closed(text, at + 1, { quote: "/", fills: true }) : undefined;
    case "`":
      return closed(text, at + 1, { quote: "`", fills: true });
    case "%":
      return percentAt(text, at, behind);
    default: {
      const writing = sign === "'" ? single : double;
      return closed(text, at + 1, { quote: sign, fills: sign === '"', ...(symbol.test(behind) ? {} : { writing }) });
    }
  }
}

function commentEnd(text: string, at: number): number {
  const end = text.indexOf("\n=end", at);
  return end < 0 ? text.length : lineEnd(text, end + 1);
}

const partners: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "<": ">" };
const percent = /%([qQwWiIrsx]?)([^\p{L}\p{N}\s=])/uy;

function percentAt(text: string, at: number, behind: string): Found | undefined {
  percent.lastIndex = at;
  const [whole, kind, opening] = percent.exec(text) ?? [];
  if (whole === undefined || opening === undefined) return undefined;
  if (kind === "" && (!beforeValue.test(behind) || partners[opening] === undefined)) return undefined;
  const writing = kind === "q" ? single : kind === "Q" || kind === "" ? double : undefined;
  return closed(text, at + whole.length, {
    quote: partners[opening] ?? opening,
    fills: kind !== "q",
    ...(writing === undefined ? {} : { writing }),
    ...(partners[opening] === undefined ? {} : { nests: opening }),
  });
}

/** How a string is closed, and what may stand in it. */
interface Closing {
  readonly quote: string;
  /** Whether `#{…}` holds code. */
  readonly fills: boolean;
  /** Absent for what is no string of the program's text. */
  readonly writing?: Writing;
  /** What opens again inside it. */
  readonly nests?: string;
}

/** From behind an opening sign to its closing one; those in between that open again have their own. */
function closed(text: string, start: number, { fills, nests, quote, writing }: Closing, depth = 0): Found {
  const unclosed = { end: start, isUnclosed: true } as const;
  if (depth > deepest) return unclosed;
  let open = 1;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\\") index += 1;
    else if (fills && character === "#" && text[index + 1] === "{") {
      const end = codeEnd(text, index + 2, depth + 1);
      if (end === undefined) return unclosed;
      index = end - 1;
    } else if (character === nests) open += 1;
    else if (character === quote) {
      open -= 1;
      if (open === 0) return { end: index + 1, ...(writing === undefined ? {} : { literal: { start, end: index, quote, writing } }) };
    }
  }
  return unclosed;
}

/** Where code inside a string ends: behind the brace that closes it. */
function codeEnd(text: string, start: number, depth: number): number | undefined {
  let open = 1;
  for (let index = start; index < text.length;) {
    const character = text[index] ?? "";
    if (character === "{") open += 1;
    if (character === "}") open -= 1;
    if (open === 0) return index + 1;
    if (character !== '"' && character !== "'") {
      index += 1;
      continue;
    }
    const inner = closed(text, index + 1, { quote: character, fills: character === '"' }, depth);
    if (inner.isUnclosed === true) return undefined;
    index = inner.end;
  }
  return undefined;
}
