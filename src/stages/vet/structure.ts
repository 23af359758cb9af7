import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { missing } from "../../domain/text/sentences.ts";
import { filledIn, formOf, hasLiterals, isJson, isYaml, stringsOf, unsureEscapes } from "../../domain/text/string-form.ts";
import { isPlainNumberAt, tokenAround } from "../../domain/text/literals/plain-number.ts";
import { documentProblem } from "./document-structure.ts";

/** A file before and after its hunks, and where each hunk stands in both. */
export interface ChangedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly hunks: readonly { readonly before: TextRange; readonly after: TextRange }[];
  /** The hunks change settings, not text. */
  readonly isSetting: boolean;
}

/** What an edit broke in the file around it; `undefined` when the container stands: same keys, order, comments and literals, nothing but the meant values changed. */
export function structureProblem(file: ChangedFile): string | undefined {
  const lineEnds = lineEndProblem(file) ?? frontMatterProblem(file);
  if (lineEnds !== undefined) return lineEnds;
  if (isYaml(file.path) || (file.isSetting && isJson(file.path))) return documentProblem(file);
  if (isNumberEdit(file)) return numberProblem(file);
  return hasLiterals(file.path) ? literalProblem(file) : undefined;
}

function lineEndProblem({ after, before }: ChangedFile): string | undefined {
  const bare = (text: string): number => text.match(/(?<!\r)\n/g)?.length ?? 0;
  const full = (text: string): number => text.match(/\r\n/g)?.length ?? 0;
  if (!before.includes("\r") && after.includes("\r")) return "it mixes line endings";
  if (full(before) > 0 && bare(before) === 0 && bare(after) > 0) return "it mixes line endings";
  if (before.startsWith("\uFEFF") !== after.startsWith("\uFEFF")) return "it changes the byte order mark";
  return before.endsWith("\n") === after.endsWith("\n") ? undefined : "it changes the file's last line end";
}

const frontMatter = /^\uFEFF?---\r?\n[\s\S]*?\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;

/** The head of a prompt file is configuration, and no text of the prompt. */
function frontMatterProblem({ after, before, path }: ChangedFile): string | undefined {
  if (isYaml(path) || hasLiterals(path)) return undefined;
  const head = frontMatter.exec(before)?.[0] ?? "";
  if ((frontMatter.exec(after)?.[0] ?? "") !== head) return "it changes the front matter";
  return undefined;
}

/**
 * In code, TOML and JSON only the insides of the literals that hold a hunk may differ: everything between the literals, and every other
 * literal, stays as it is, so keys, order, comments and quotes do too.
 */
function literalProblem({ after, before, hunks, path }: ChangedFile): string | undefined {
  const [old, now] = [stringsOf(path, before), stringsOf(path, after)];
  if (old.length !== now.length) return "it breaks the string that it stands in";
  let [oldEnd, nowEnd] = [0, 0];
  for (const [index, literal] of old.entries()) {
    const other = now[index];
    if (other === undefined || other.quote !== literal.quote || before.slice(oldEnd, literal.start) !== after.slice(nowEnd, other.start))
      return "it changes something outside the string that it stands in";
    const isChanged = before.slice(literal.start, literal.end) !== after.slice(other.start, other.end);
    if (isChanged && !hunks.some((hunk) => literal.start <= hunk.before.start && hunk.before.end <= literal.end))
      return "it changes a string that it does not stand in";
    const problem = isChanged ? insideProblem(path, { text: before, literal }, { text: after, literal: other }) : undefined;
    if (problem !== undefined) return problem;
    [oldEnd, nowEnd] = [literal.end, other.end];
  }
  if (before.slice(oldEnd) !== after.slice(nowEnd)) return "it changes something outside the string that it stands in";
  const isInside = hunks.every((hunk) => old.some((literal) => literal.start <= hunk.before.start && hunk.before.end <= literal.end));
  return isInside ? jsonProblem(path, before, after) : "it changes something outside a string";
}

/** Whether all hunks change plain numbers of a program, outside its strings. Locating has read that they are values and no comment. */
function isNumberEdit({ before, hunks, isSetting, path }: ChangedFile): boolean {
  if (!isSetting || !hunks.every((hunk) => isPlainNumberAt(path, tokenAround(before, hunk.before)))) return false;
  return !stringsOf(path, before).some(({ end, start }) => hunks.some((hunk) => hunk.before.start <= end && start <= hunk.before.end));
}

const numberProblem = ({ after, hunks, path }: ChangedFile): string | undefined =>
  hunks.every((hunk) => isPlainNumberAt(path, tokenAround(after, hunk.after))) ? undefined : "it makes something else of a number";

interface PlacedLiteral {
  readonly text: string;
  readonly literal: TextRange;
}

/** What a changed literal holds that its language reads as something else than text. */
function insideProblem(path: string, old: PlacedLiteral, now: PlacedLiteral): string | undefined {
  const [before, after] = [old, now].map(({ literal, text }) => text.slice(literal.start, literal.end)) as [string, string];
  const [oldForm, form] = [formOf(path, old.text, old.literal), formOf(path, now.text, now.literal)];
  if (oldForm?.kind !== "literal" || form?.kind !== "literal") return "it breaks the string that it stands in";
  if (isJson(path)) {
    const problem = jsonStringProblem(now.text, now.literal, after);
    if (problem !== undefined) return problem;
  } else if (missing(unsureEscapes(path, after, form), unsureEscapes(path, before, oldForm)).length > 0)
    return "it adds a backslash that begins no escape of this language: write \\\\ for a backslash";
  const [filledBefore, filledAfter] = [filledIn(before, oldForm), filledIn(after, form)];
  const isKept = filledBefore.toSorted().join("\0") === filledAfter.toSorted().join("\0");
  return isKept ? undefined : "it adds or removes an interpolation";
}

function jsonStringProblem(text: string, literal: TextRange, inside: string): string | undefined {
  if (/^"\s*:/.test(text.slice(literal.end, literal.end + 200))) return "it changes a key";
  return parses(`"${inside}"`) ? undefined : 'the string holds what JSON does not allow: write line ends as \\n and quotes as \\"';
}

const jsonProblem = (path: string, before: string, after: string): string | undefined =>
  isJson(path) && parses(before) && !parses(after) ? "the file no longer parses" : undefined;

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
