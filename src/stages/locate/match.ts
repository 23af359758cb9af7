import type { AgentSource } from "../../domain/source.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { isProse } from "./files/candidate-files.ts";

/** Template variables and blocks of the usual languages; each bounded, so that no text makes it slow. */
const variable =
  /\{%[^%]{0,300}%\}|\{#[^#]{0,300}#\}|<%[^%]{0,300}%>|\$\{[^{}\n]{1,120}\}|\{\{\{?[^{}\n]{1,160}\}?\}\}|\{[\p{L}_][\p{L}\p{N}_.[\]'"!:]{0,80}\}|%\([\w.]{1,60}\)[sd]|%[sd]/gu;

const plain = (text: string): string => text.replace(/\s+/g, " ").trim();

const unescaped = (text: string): string =>
  text
    .replace(/\\\r?\n/g, "")
    .replace(/\\[nrt]/g, " ")
    .replace(/\\(["'`\\/])/g, "$1")
    .replaceAll("{{", "{")
    .replaceAll("}}", "}");

/** Whether the pieces stand in the text in this order, each behind the one before: linear, and safe with any text. */
function standInOrder(pieces: readonly string[], text: string): boolean {
  let position = 0;
  for (const piece of pieces) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return true;
}

/** A region of a file as text: its pieces without the code between them. */
export interface Passage {
  readonly path: string;
  readonly text: string;
  readonly pieces: readonly TextRange[];
  /** Whether the pieces are one text, with nothing filled in between them. */
  readonly isOne: boolean;
}

/**
 * How a passage of a file relates to the recorded text: the same, the same but for white space and escapes, a template of it (all of its
 * literal text stands in the recorded one, in order), or similar.
 */
export function matchMethod({ isOne, path, pieces, text }: Passage, recorded: string): AgentSource["match"]["method"] {
  const whole = pieces.map((piece) => text.slice(piece.start, piece.end));
  const [only = ""] = whole;
  if (isOne && only.trim() !== "" && (recorded.includes(only.trim()) || only.includes(recorded.trim()))) return "exact";
  const inTrace = plain(recorded);
  const written = isProse(path) ? whole : whole.map((piece) => unescaped(piece));
  const joined = plain(written.join(isOne ? "" : " "));
  if (joined !== "" && (inTrace.includes(joined) || (isOne && joined.includes(inTrace)))) return "normalised";
  const literal = whole
    .flatMap((piece) => piece.split(variable))
    .map((piece) => plain(isProse(path) ? piece : unescaped(piece)))
    .filter((piece) => piece !== "");
  const isTemplate = literal.length > whole.length || !isOne;
  return isTemplate && standInOrder(literal, inTrace) ? "template" : "similar";
}
