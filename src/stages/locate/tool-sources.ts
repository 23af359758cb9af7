import { isPair, isScalar, parseDocument, type Scalar, visit } from "yaml";
import type { ToolDefinition } from "../../domain/message.ts";
import { isSecondary } from "./files/candidate-files.ts";
import type { TextRange as Range } from "../../domain/text/apply-hunk.ts";
import { isCode, literalsOf } from "../../domain/text/literals.ts";

/** Where a tool's description stands. */
export interface ToolPlace {
  readonly tool: string;
  /** The parameter that the description is of, dotted where it lies in another one; absent for the tool's own. */
  readonly part?: string;
  readonly path: string;
  readonly range: Range;
  readonly exact: boolean;
}

const plain = (text: string): string =>
  text
    .replace(/\\[nrt]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
const fewestCharacters = 12;
const nearEnough = 4000;

/** Places of the recorded tools' descriptions, at most one file for a tool: the one that runs rather than one that tests or shows it. */
export function toolPlaces(
  tools: readonly ToolDefinition[],
  files: ReadonlyMap<string, string>,
): { readonly claimed: readonly ToolPlace[]; readonly others: readonly ToolPlace[] } {
  const claimed: ToolPlace[] = [];
  const others: ToolPlace[] = [];
  for (const tool of tools) {
    if (plain(tool.description).length < fewestCharacters) continue;
    const places = [...files].flatMap(([path, text]) => (text.includes(tool.name) ? placesIn(path, text, tool) : []));
    const [best, ...rest] = places.toSorted(
      (left, right) =>
        Number(isSecondary(left.path)) - Number(isSecondary(right.path)) ||
        Number(right.exact) - Number(left.exact) ||
        left.path.length - right.path.length,
    );
    if (best !== undefined) claimed.push(best);
    others.push(...rest);
  }
  return { claimed, others };
}

function placesIn(path: string, text: string, tool: ToolDefinition): readonly ToolPlace[] {
  if (/\.(?:ya?ml|json)$/i.test(path)) return documentPlaces(path, text, tool);
  return isCode(path) ? literalPlaces(path, text, tool) : [];
}

const largestDocument = 256 * 1024;

/** In YAML or JSON: the `description` beside a `name` that is the tool's. */
function documentPlaces(path: string, text: string, tool: ToolDefinition): readonly ToolPlace[] {
  if (text.length > largestDocument) return [];
  const found: ToolPlace[] = [];
  try {
    const document = parseDocument(text);
    if (document.errors.length > 0) return [];
    visit(document, {
      Map(_key, node) {
        const description = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === "description")?.value;
        if (node.get("name") !== tool.name || !isScalar(description) || typeof description.value !== "string") return undefined;
        if (plain(description.value) === plain(tool.description))
          found.push({ tool: tool.name, path, range: innerRange(text, description), exact: true });
        return undefined;
      },
    });
  } catch {
    return [];
  }
  return found;
}

function innerRange(text: string, node: Scalar): Range {
  const [start = 0, end = 0] = node.range ?? [];
  const first = text[start];
  if (first === '"' || first === "'") return { start: start + 1, end: end - 1 };
  if (first === "|" || first === ">") return { start: text.indexOf("\n", start) + 1, end };
  return { start, end };
}

/** In code: the string that holds the description, near the tool's name. */
function literalPlaces(path: string, text: string, tool: ToolDefinition): readonly ToolPlace[] {
  const wanted = plain(tool.description);
  const beginning = wanted.slice(0, 200);
  const names = [...text.matchAll(new RegExp(tool.name.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`), "g"))].map((match) => match.index);
  return literalsOf(path, text).flatMap((literal) => {
    const inside = plain(text.slice(literal.start, literal.end));
    if (!inside.includes(beginning) || !names.some((index) => Math.abs(index - literal.start) <= nearEnough)) return [];
    return [{ tool: tool.name, path, range: { start: literal.start, end: literal.end }, exact: inside === wanted }];
  });
}
