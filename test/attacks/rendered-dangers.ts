import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly url?: string;
  readonly children?: readonly Node[];
}

const parsed = (page: string): Node => fromMarkdown(page, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });

const ownTags = /^<\/?(?:details|summary|sub|br)>$/;
const ownComment = /^<!-- tuneup:[\w :./-]{1,200} -->$/;

/** What GitHub turns into something that acts, in the plain text of a page: it looks at the finished page, whatever was escaped before. */
const actingText: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/(?<![\p{L}\p{N}_`])[@＠﹫][A-Za-z\d]/u, "a mention"],
  [/(?<![\p{L}\p{N}_&])#\d/u, "a reference to an issue"],
  [/\bGH-\d/i, "a reference to an issue"],
  [/[\w.-]+\/[\w.-]+#\d/, "a reference to another repository's issue"],
  [/(?<![\da-f])[\da-f]{40}(?![\da-f])/i, "a reference to a commit"],
  [/\b(?:https?|ftp):\/\/|\bwww\.\w/i, "an address"],
];

function walk(node: Node, look: (node: Node, inLink: boolean) => void, inLink = false): void {
  look(node, inLink);
  for (const child of node.children ?? []) walk(child, look, inLink || node.type === "link");
}

/** Everything on a page that would act or hide once GitHub has rendered it, by a parser that none of the product's own looks uses to decide. */
export function dangersOf(page: string): readonly string[] {
  const found = new Set<string>();
  walk(parsed(page), (node) => {
    if (node.type === "image" || node.type === "imageReference") found.add("an image");
    if (node.type === "link" || node.type === "linkReference" || node.type === "definition") found.add("a link");
    if (node.type === "footnoteReference" || node.type === "footnoteDefinition") found.add("a footnote");
    if (node.type === "html")
      for (const tag of (node.value ?? "").match(/<!--[\s\S]*?-->|<[^>]*>?/g) ?? [])
        if (!ownTags.test(tag) && !ownComment.test(tag)) found.add("foreign HTML");
    if (node.type === "text") for (const [pattern, what] of actingText) if (pattern.test(node.value ?? "")) found.add(what);
  });
  return [...found];
}

/** The page's shape: types and depths of its blocks, headings and folded parts, without any text. */
export function skeletonOf(page: string): string {
  try {
    return shapeOf(page);
  } catch (error) {
    // Thousands of levels exhaust the parser's stack.
    if (error instanceof RangeError) return "cannot be read";
    throw error;
  }
}

function shapeOf(page: string): string {
  const shape: string[] = [];
  const visit = (node: Node, depth: number): void => {
    if (node.type === "html") shape.push(`${depth} ${(node.value ?? "").replace(/>[^<]*</g, "><")}`);
    else if (["heading", "code", "blockquote", "table", "thematicBreak", "list"].includes(node.type)) shape.push(`${depth} ${node.type}`);
    for (const child of node.children ?? []) visit(child, depth + 1);
  };
  visit(parsed(page), 0);
  return shape.join("\n");
}

/** Lines that other bots would take for a command. */
export const commandLines = (page: string): readonly string[] =>
  page.split("\n").filter((line) => /^[\s>*_-]*(?:\/[a-z]|@(?:dependabot|claude|copilot))/i.test(line) && !/^\s*[-*] `\/tuneup/.test(line));

/** The words of a page that GitHub reads for references: outside code. */
export function plainTextOf(page: string): string {
  const texts: string[] = [];
  walk(parsed(page), (node) => void (node.type === "text" ? texts.push(node.value ?? "") : undefined));
  return texts.join("\n");
}
