import { placeholdersOf } from "../../domain/config-change.ts";
import type { AgentSource } from "../../domain/source.ts";

const plain = (text: string): string =>
  text
    .replace(/\\[nrt]/g, " ")
    .replace(/\\(["'`\\/])/g, "$1")
    .replace(/\s+/g, " ")
    .trim();

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

/** How a passage of a file relates to the recorded text: the same, the same but for white space, a template of it, or similar. */
export function matchMethod(passage: string, recorded: string): AgentSource["match"]["method"] {
  if (recorded.includes(passage.trim()) || passage.includes(recorded.trim())) return "exact";
  const [inFile, inTrace] = [plain(passage), plain(recorded)];
  if (inTrace.includes(inFile) || inFile.includes(inTrace)) return "normalised";
  const names = new Set(placeholdersOf(inFile));
  if (names.size === 0) return "similar";
  let rest = [inFile];
  for (const name of names) rest = rest.flatMap((piece) => piece.split(name));
  const pieces = rest.map((piece) => piece.trim()).filter((piece) => piece !== "");
  return standInOrder(pieces, inTrace) ? "template" : "similar";
}
