import type { Link, Nodes, Parents, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { allowedLink, type LinkRules } from "./links.ts";
import { invisibleProblems, mixedScripts, proseProblems, type ProseRules } from "./prose.ts";

/** What a page may hold beyond plain text. */
export interface PageRules extends LinkRules, ProseRules {}

/** GitHub's own limit is 65,536; ours leaves room for what is added later. */
const longestPage = 60_000;
const deepestQuote = 12;
const mostBrackets = 1500;

/** The page as GitHub's own parser sees it: CommonMark with tables, autolinks, footnotes, task lists. */
export const parsePage = (markdown: string): Root => fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });

/**
 * Everything on a Markdown page that is not plain text, our few tags or an allowed link, as short reasons of our own words; `[]` for a page in
 * order. Judges the parsed page, entities decoded, so tricks of spelling gain nothing; time is bounded by refusing what nests too deep.
 */
export function pageProblems(markdown: string, rules: PageRules): readonly string[] {
  const early = boundsProblems(markdown);
  if (early.length > 0) return early;
  const root = parsePage(markdown);
  const problems = [
    ...invisibleProblems(markdown),
    ...rawLineProblems(markdown, root),
    ...nodesOf(root).flatMap((node) => nodeProblems(node, rules)),
    ...blocksOf(root).flatMap((block) => proseProblems(shownText(block), rules)),
    ...foldProblems(root),
  ];
  return [...new Set(problems)];
}

function boundsProblems(markdown: string): readonly string[] {
  const problems: string[] = [];
  if (markdown.length > longestPage) problems.push(`more than ${longestPage} characters`);
  if (markdown.split("\n").some((line) => (/^[ >]*/.exec(line)?.[0] ?? "").split(">").length - 1 > deepestQuote))
    problems.push("quotes nested too deep");
  if (markdown.split("\n").some((line) => (line.slice(0, 400).match(/^(?:[-*+] ){1,200}/)?.[0].length ?? 0) > 2 * deepestQuote))
    problems.push("lists nested too deep");
  if (markdown.split("[").length > mostBrackets || markdown.split("<").length > mostBrackets) problems.push("too many brackets");
  return problems;
}

/** Every node of a page, in order. */
export function nodesOf(node: Nodes): readonly Nodes[] {
  const found: Nodes[] = [];
  const open: Nodes[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next);
    if ("children" in next) open.push(...next.children.toReversed());
  }
  return found;
}

const allowedNodes: ReadonlySet<string> = new Set(
  "root paragraph text heading emphasis strong break blockquote list listItem delete table tableRow tableCell code inlineCode html link".split(
    " ",
  ),
);
const namesOfNodes: Readonly<Record<string, string>> = {
  image: "an image",
  imageReference: "an image",
  linkReference: "a link by reference",
  definition: "a link by reference",
  footnoteReference: "a footnote",
  footnoteDefinition: "a footnote",
  thematicBreak: "a rule across the page",
};

function nodeProblems(node: Nodes, rules: PageRules): readonly string[] {
  if (!allowedNodes.has(node.type)) return [namesOfNodes[node.type] ?? `a part of kind ${node.type}`];
  if (node.type === "html") return htmlProblems(node.value);
  if (node.type === "link") return linkProblems(node, rules);
  if (node.type === "code" || node.type === "inlineCode") return mixedScripts(node.value) ? ["letters of several scripts in one word"] : [];
  return [];
}

function linkProblems(link: Link, rules: PageRules): readonly string[] {
  if (link.title !== null && link.title !== undefined) return ["a link with a hidden title"];
  // An address that became a link by itself has the address as its whole text; one of ours always has words of its own.
  const [only] = link.children;
  if (only?.type === "text" && /:\/\/|^www\.|@/.test(only.value)) return ["an address that becomes a link"];
  return allowedLink(link.url, rules) ? [] : ["a link to an address that is not allowed"];
}

const tags = /<\/?(?:details|summary|sub)>|<br>/g;
const marker = /<!-- \/?tuneup:[\w :./=+-]{1,300} -->/g;

function htmlProblems(html: string): readonly string[] {
  const rest = html.replace(marker, "").replace(tags, "");
  if (/<!--|-->/.test(rest)) return ["a hidden comment"];
  if (/[<>]/.test(rest)) return ["foreign HTML"];
  return /&/.test(rest) ? ["a character reference inside HTML"] : [];
}

/** Folded parts must pair, and a summary stands inside one. */
function foldProblems(root: Root): readonly string[] {
  let depth = 0;
  for (const node of nodesOf(root)) {
    if (node.type !== "html") continue;
    for (const [tag] of node.value.matchAll(/<\/?(?:details|summary)>/g)) {
      if (tag === "<details>") depth += 1;
      if (tag === "</details>") depth -= 1;
      if (tag === "<summary>" && depth < 1) return ["a summary outside a folded part"];
      if (depth < 0 || depth > 2) return ["folded parts that do not pair"];
    }
  }
  return depth === 0 ? [] : ["a folded part that does not end"];
}

type Block = Extract<Nodes, { type: "paragraph" | "heading" | "tableCell" | "html" }>;

function blocksOf(root: Root): readonly Block[] {
  return nodesOf(root).filter(
    (node): node is Block => node.type === "paragraph" || node.type === "heading" || node.type === "tableCell" || node.type === "html",
  );
}

/** What stands on the finished page, with a gap for code, where GitHub looks for nothing. */
function shownText(node: Nodes | Parents): string {
  if (node.type === "inlineCode" || node.type === "code") return "\uFFFC";
  if (node.type === "html") return node.value.replace(marker, "").replace(tags, "");
  // A checked link has words of ours and its address was judged.
  if (node.type === "break") return "\n";
  if ("children" in node) return node.children.map((child) => shownText(child)).join("");
  return node.type === "text" ? node.value : "";
}

const bots =
  /(?:^|[^\w`])@(?:dependabot|claude|copilot|codex|coderabbitai|mergifyio|mergify|renovate|renovatebot|gemini-cli|cursor|cursoragent|devin-ai-integration|sweep-ai|allcontributors|pytorchbot|rustbot|bors|k8s-ci-robot)\b/i;
const commands =
  /^[ \t]*\/(?:approve|lgtm|hold|unhold|merge|rebase|retest|test|ok-to-test|assign|unassign|close|reopen|label|kind|cc|cherry-pick|override|tuneup|gemini|review|describe|improve|deploy|run|azp|backport)\b/i;

/**
 * Lines that other bots read in the raw text, code included: a command of theirs, or their name. Outside code no line begins with a slash word
 * at all.
 */
function rawLineProblems(markdown: string, root: Root): readonly string[] {
  const problems: string[] = [];
  if (bots.test(markdown)) problems.push("a bot's name that may start it");
  const code = new Set<number>();
  for (const node of nodesOf(root)) {
    if (node.type !== "code" || node.position === undefined) continue;
    for (let line = node.position.start.line; line <= node.position.end.line; line += 1) code.add(line);
  }
  const found = markdown
    .split(/\r\n?|\n/)
    .some((line, index) => (code.has(index + 1) ? commands.test(line) : /^[\s>]*\/\p{L}/u.test(line)));
  if (found) problems.push("a line that another bot may read as a command");
  return problems;
}
