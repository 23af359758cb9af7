import type { RootContent } from "mdast";
import { pageSections } from "../../domain/publishing/page-sections.ts";
import { parsePage } from "./markdown-page.ts";

const longestVisible = 8000;
const longestFolded = 20_000;

interface Section {
  readonly name: string;
  readonly length: number;
}

/**
 * Whether a proposal's page has the parts of our own template and no others: its headings and folded parts in order, each at most once, code
 * blocks inside folded parts only, every part bounded. Reasons of our own words; `[]` when it has.
 */
export function skeletonProblems(body: string): readonly string[] {
  const { blocksOutside, sections, visible } = skeletonOf(body);
  const problems: string[] = [];
  let place = -1;
  for (const { length, name } of sections) {
    const found = pageSections.indexOf(name);
    if (found < 0) problems.push("a section that the template does not have");
    else if (found <= place) problems.push("sections in another order than the template's");
    place = Math.max(place, found);
    if (length > longestFolded) problems.push("a section that is too long");
  }
  if (blocksOutside) problems.push("a code block outside a folded part");
  if (visible > longestVisible) problems.push(`more than ${longestVisible} characters that everyone sees`);
  return [...new Set(problems)];
}

function skeletonOf(body: string): { readonly sections: readonly Section[]; readonly visible: number; readonly blocksOutside: boolean } {
  const sections: { name: string; length: number }[] = [];
  let folded: { name: string; length: number } | undefined;
  let visible = 0;
  let blocksOutside = false;
  for (const node of parsePage(body).children) {
    const text = sourceOf(node, body);
    if (node.type === "heading") sections.push({ name: `heading: ${text.replace(/^#+\s*/, "")}`, length: 0 });
    const opened = node.type === "html" ? /<details>\s*<summary>([^<]*)<\/summary>/.exec(text) : null;
    if (opened !== null) {
      folded = { name: `folded: ${opened[1] ?? ""}`, length: 0 };
      sections.push(folded);
    }
    if (folded === undefined) visible += text.length;
    else folded.length += text.length;
    if (folded === undefined && node.type === "code") blocksOutside = true;
    if (node.type === "html" && text.includes("</details>")) folded = undefined;
  }
  return { sections, visible, blocksOutside };
}

const sourceOf = (node: RootContent, body: string): string =>
  node.position === undefined ? "" : body.slice(node.position.start.offset, node.position.end.offset);
