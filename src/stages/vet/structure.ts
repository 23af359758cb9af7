import { isCollection, isNode, isScalar, parseDocument, visit } from "yaml";
import { canonicalJson } from "../../domain/digest.ts";
import { isCode, literalsOf } from "../../domain/text/literals.ts";

/** A file before and after, and the offset at which they begin to differ. */
export interface ChangedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const isDocument = (path: string): boolean => /\.(?:ya?ml|json)$/i.test(path);

/** What an edit broke in the file around it; `undefined` when the container stands: same keys, order, comments and literals, one value changed. */
export function structureProblem(file: ChangedFile): string | undefined {
  const lineEnds = lineEndProblem(file);
  if (lineEnds !== undefined) return lineEnds;
  if (isCode(file.path)) return codeProblem(file);
  return isDocument(file.path) ? documentProblem(file) : undefined;
}

function lineEndProblem({ after, before }: ChangedFile): string | undefined {
  const bare = (text: string): boolean => /(?<!\r)\n/.test(text);
  if (before.includes("\r\n") && !bare(before) && bare(after)) return "it mixes line endings";
  if (before.startsWith("\uFEFF") !== after.startsWith("\uFEFF")) return "it changes the byte order mark";
  return before.endsWith("\n") === after.endsWith("\n") ? undefined : "it changes the file's last line end";
}

/** In code only one string literal may differ, and only inside its quotes. */
function codeProblem({ after, before, path }: ChangedFile): string | undefined {
  const [old, now] = [literalsOf(path, before), literalsOf(path, after)];
  if (old.length !== now.length) return "it breaks the string literal that it stands in";
  const changed = old.filter((literal, index) => {
    const other = now[index];
    return (
      other === undefined ||
      before.slice(literal.start, literal.end) !== after.slice(other.start, other.end) ||
      literal.quote !== other.quote
    );
  });
  const [only] = changed;
  if (only === undefined || changed.length > 1) return "it changes more than one string literal";
  const other = now[old.indexOf(only)];
  if (other === undefined || other.quote !== only.quote) return "it changes the quotes of a literal";
  const outside = before.slice(0, only.start) === after.slice(0, other.start) && before.slice(only.end) === after.slice(other.end);
  if (!outside) return "it changes code outside a string literal";
  return interpolations(before.slice(only.start, only.end)) === interpolations(after.slice(other.start, other.end))
    ? undefined
    : "it adds or removes an interpolation";
}

const interpolations = (literal: string): number => (literal.match(/\$\{|\{\{|\}\}|[{}]/g) ?? []).length;

interface Shape {
  /** Path of each scalar → its value, in document order. */
  readonly values: readonly (readonly [path: string, value: string])[];
  readonly comments: readonly string[];
}

function documentProblem({ after, before }: ChangedFile): string | undefined {
  const [old, now] = [shapeOf(before), shapeOf(after)];
  if (old === undefined) return undefined;
  if (now === undefined) return "the file no longer parses";
  if (old.values.length !== now.values.length || old.values.some(([path], index) => path !== now.values[index]?.[0]))
    return "it changes keys or their order";
  if (canonicalJson([...old.comments]) !== canonicalJson([...now.comments])) return "it changes comments";
  const changed = old.values.filter(([, value], index) => value !== now.values[index]?.[1]);
  return changed.length <= 3 && changed.length > 0 ? undefined : "it changes values that it does not name";
}

/** `undefined` when the text does not parse. */
function shapeOf(text: string): Shape | undefined {
  const values: [string, string][] = [];
  const comments: string[] = [];
  try {
    const document = parseDocument(text, { uniqueKeys: true });
    if (document.errors.length > 0) return undefined;
    comments.push(document.commentBefore ?? "", document.comment ?? "");
    visit(document, {
      Node(key, node, path) {
        comments.push(node.commentBefore ?? "", node.comment ?? "");
        if (isScalar(node))
          values.push([
            `${path.map((one) => (isNode(one) && isCollection(one) ? String(one.items.length) : "")).join("/")} ${String(key)} ${key === "key" ? String(node.value) : ""}`,
            key === "key" ? "" : JSON.stringify(node.value),
          ]);
      },
    });
  } catch {
    return undefined;
  }
  return { values, comments };
}
