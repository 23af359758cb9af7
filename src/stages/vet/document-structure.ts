import { type Document, isAlias, isNode, isScalar, type Node, parseAllDocuments, visit } from "yaml";
import { canonicalJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import type { ChangedFile } from "./structure.ts";

/** What an edit of a YAML or JSON document changed beside the values that hold its hunks; `undefined`: nothing. */
export function documentProblem(file: ChangedFile): string | undefined {
  const [old, now] = [documentsIn(file.before), documentsIn(file.after)];
  if (old === undefined) return "the file does not parse, so no edit of it can be checked";
  if (now === undefined || now.length !== old.length) return "the file no longer parses";
  const [before, after] = [old.flatMap((document) => nodesOf(document)), now.flatMap((document) => nodesOf(document))];
  if (before.length !== after.length) return "it changes keys or their order";
  const meant = new Set<number>();
  for (const [index, node] of before.entries()) {
    const other = after[index];
    if (other === undefined || node.shape !== other.shape || (node.style !== other.style && !isQuoted(node, other, file)))
      return "it changes keys, comments, anchors or the way a value is written";
    if (node.value === other.value) continue;
    if (node.isKey) return "it changes a key";
    if (!file.hunks.some((hunk) => holds(node.range, hunk.before))) return "it changes a value that it does not stand in";
    if (node.type !== other.type) return `it makes a ${other.type} of a ${node.type}`;
    meant.add(index);
  }
  return meaningProblem(old, now, meant.size);
}

/** Whether a bare text became one in double quotes, and one hunk took the whole of it. */
function isQuoted(node: FlatNode, other: FlatNode, { hunks }: ChangedFile): boolean {
  if (node.isKey || node.type !== "string" || other.type !== "string" || node.style !== "PLAIN" || other.style !== "QUOTE_DOUBLE")
    return false;
  return hunks.some(({ before }) => before.start === node.range.start && before.end === node.range.end);
}

const holds = (outer: TextRange, inner: TextRange): boolean => outer.start <= inner.start && inner.end <= outer.end;

/** The documents as data: just as many places may differ as values were meant, or an alias or merge carries the change elsewhere. */
function meaningProblem(old: readonly Document[], now: readonly Document[], meant: number): string | undefined {
  const [before, after] = [leavesOf(old), leavesOf(now)];
  if (before === undefined || after === undefined) return "its aliases cannot be followed";
  if (before.size !== after.size || [...before.keys()].some((path) => !after.has(path))) return "it changes keys";
  const changed = [...before].filter(([path, value]) => after.get(path) !== value).length;
  if (changed === 0) return "it changes nothing that a program reads";
  return changed === meant ? undefined : "the value is used in several places through an alias; an edit would change them all";
}

/** `undefined` when the text is no well-formed YAML: errors, doubled keys, nesting without end. */
function documentsIn(text: string): readonly Document[] | undefined {
  try {
    const documents = parseAllDocuments(text, { uniqueKeys: true, merge: true });
    if (!Array.isArray(documents)) return undefined;
    return documents.every((document) => document.errors.length === 0) ? documents : undefined;
  } catch {
    return undefined;
  }
}

interface FlatNode {
  /** Everything but the value and its style: kind, tag, anchor, comments, and where in the tree. */
  readonly shape: string;
  /** Quoted stays quoted and a block stays a block, or the text around it may be read anew. */
  readonly style: string;
  readonly value: string;
  readonly type: string;
  readonly isKey: boolean;
  readonly range: TextRange;
}

function nodesOf(document: Document): readonly FlatNode[] {
  const nodes: FlatNode[] = [];
  visit(document, {
    Node(key, node, path) {
      nodes.push(flat(node, key === "key", path.length));
    },
  });
  const head: FlatNode = {
    shape: JSON.stringify([document.commentBefore ?? "", document.comment ?? "", document.directives?.toString(document) ?? ""]),
    style: "",
    value: "",
    type: "document",
    isKey: false,
    range: { start: 0, end: 0 },
  };
  return [head, ...nodes];
}

function flat(node: Node, isKey: boolean, depth: number): FlatNode {
  const [start = 0, end = 0] = node.range ?? [];
  const own = isScalar(node)
    ? { kind: "scalar", source: "", anchor: node.anchor ?? "" }
    : {
        kind: isAlias(node) ? "alias" : "collection",
        source: isAlias(node) ? node.source : "",
        anchor: "anchor" in node ? (node.anchor ?? "") : "",
      };
  const tag = isAlias(node) ? "" : (node.tag ?? "");
  return {
    shape: JSON.stringify([
      depth,
      isKey,
      own.kind,
      own.source,
      own.anchor,
      tag,
      node.commentBefore ?? "",
      node.comment ?? "",
      isNode(node) && node.spaceBefore === true,
    ]),
    style: isScalar(node) ? (node.type ?? "") : "",
    value: isScalar(node) ? (JSON.stringify(node.value) ?? "") : "",
    type: isScalar(node) ? (node.value === null ? "null" : typeof node.value) : "collection",
    isKey,
    range: { start, end },
  };
}

const mostAliases = 100;
const deepest = 60;

function leavesOf(documents: readonly Document[]): ReadonlyMap<string, string> | undefined {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string, depth: number): boolean => {
    if (depth > deepest) return false;
    if (value === null || typeof value !== "object") {
      leaves.set(path, canonicalJson((value ?? null) as Json));
      return true;
    }
    const entries = Object.entries(value);
    if (entries.length === 0) leaves.set(path, Array.isArray(value) ? "[]" : "{}");
    return entries.every(([key, item]) => walk(item, `${path}/${JSON.stringify(key)}`, depth + 1));
  };
  try {
    const isFollowed = documents.every((document, index) => walk(document.toJS({ maxAliasCount: mostAliases }), String(index), 0));
    return isFollowed ? leaves : undefined;
  } catch {
    return undefined;
  }
}
