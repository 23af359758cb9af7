import { isScalar, parseAllDocuments, type Scalar, visit } from "yaml";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import type { RewrittenPart } from "./rewrite.ts";

/**
 * A hunk of a bare YAML value, as a hunk that quotes the whole value: where bare it would say something else (`: `, ` #`, a first sign that means
 * something, a number). `undefined` where it may stay bare, or where the region is no bare text to begin with.
 */
export function quotedValue(text: string, region: TextRange, { range, replacement }: RewrittenPart): RewrittenPart | undefined {
  const scalar = plainAt(text, region.start);
  const [start = 0, end = 0] = scalar?.range ?? [];
  if (scalar === undefined || range.start < start || range.end > end || text.slice(end, region.end).trim() !== "") return undefined;
  const changed = text.slice(start, range.start) + replacement + text.slice(range.end, end);
  const meant = folded(changed);
  if (meant === "" || plainAt(text.slice(0, start) + changed + text.slice(end), start)?.value === meant) return undefined;
  // Every JSON string is a double-quoted one of YAML, and has no line end that would be folded.
  return { range: { start, end }, replacement: JSON.stringify(meant) };
}

/** The bare text that begins at an offset; `undefined` where none does, or the file cannot be read. */
function plainAt(text: string, start: number): (Scalar<string> & { readonly range?: readonly number[] | null }) | undefined {
  const found: Scalar<string>[] = [];
  try {
    const documents = parseAllDocuments(text);
    if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
    for (const document of documents)
      visit(document, {
        Scalar(key, node) {
          if (key !== "key" && isText(node) && node.range?.[0] === start) found.push(node);
        },
      });
  } catch {
    return undefined;
  }
  return found[0];
}

const isText = (node: unknown): node is Scalar<string> => isScalar(node) && node.type === "PLAIN" && typeof node.value === "string";

/** What a bare value of several lines says: a line end is a space, an empty line stands for one. */
const folded = (written: string): string =>
  written
    .trim()
    .replace(/[ \t]*\r?\n[ \t]*/g, "\n")
    .replace(/\n+/g, (ends) => (ends.length === 1 ? " " : "\n".repeat(ends.length - 1)));
