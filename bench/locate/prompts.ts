import { isScalar, parseAllDocuments, visit } from "yaml";
import type { TextRange } from "../../src/domain/text/apply-hunk.ts";
import { decodeLiteral, formOf, isYaml } from "../../src/domain/text/string-form.ts";
import type { LiteralReader } from "../../src/ports/literal-reader.ts";
import type { Repository } from "./corpus.ts";

/** A text of a repository that reads like a prompt, with where it stands. */
export interface Prompt {
  readonly repository: string;
  readonly path: string;
  readonly range: TextRange;
  /** What the program reads: literal text with `gap` where it fills something in. */
  readonly template: string;
}

/** Stands for what a program fills in. */
export const gap = "\uE000";

const shortest = 300;
const longest = 30_000;
const largestFile = 256 * 1024;
const promptWords =
  /\b(?:you are|your (?:task|job|role|goal)|you (?:will|must|should|can|may)|respond|answer|instructions?|do not|don't|always|never|assistant|the user|tools?|step by step|output|format)\b/gi;
/** Copies that programs recorded are no prompts of the repository either. */
const skipped =
  /(?:^|\/)(?:node_modules|vendor|third_party|__snapshots__|cassettes?|[\w-]*vcr|testdata|trajector(?:y|ies)|recordings?|transcripts?)\/|\.(?:min\.js|lock|snap|svg|csv|ipynb)$|(?:^|\/)(?:LICENSE|CHANGELOG|package-lock\.json)/i;

/** Whether a text reads like a prompt: long enough, prose rather than code, and it tells somebody what to do. */
function isPromptLike(text: string): boolean {
  if (text.length < shortest || text.length > longest) return false;
  const words = text.match(/\p{L}{2,}/gu) ?? [];
  if (words.length < 45 || words.join("").length < 0.55 * text.replace(/\s/g, "").length) return false;
  return new Set((text.match(promptWords) ?? []).map((word) => word.toLowerCase())).size >= 3;
}

/** Prompt-like texts of all files of a repository, in path order. The same text in several files is several prompts. */
export async function promptsOf({ checkout, name }: Repository, literals: LiteralReader): Promise<readonly Prompt[]> {
  const entries = (await checkout.entries()).filter(
    (entry) => entry.kind === "file" && entry.size >= shortest && entry.size <= largestFile && !skipped.test(entry.path),
  );
  const found: Prompt[] = [];
  for (let at = 0; at < entries.length; at += 500) {
    const texts = await checkout.read(entries.slice(at, at + 500).map((entry) => entry.path));
    for (const [path, text] of texts) {
      if (!promptWords.test(text)) continue;
      promptWords.lastIndex = 0;
      for (const { range, template } of candidatesIn(path, text, literals))
        if (isPromptLike(template.replaceAll(gap, " "))) found.push({ repository: name, path, range, template });
    }
  }
  return found;
}

interface Candidate {
  readonly range: TextRange;
  readonly template: string;
}

function candidatesIn(path: string, text: string, literals: LiteralReader): readonly Candidate[] {
  if (isYaml(path)) return yamlCandidates(text);
  if (/\.(?:md|txt|prompt|prompty|j2|jinja2?|tmpl|hbs)$/i.test(path))
    return /prompt|system|instruct|agent|policy|wiki|skill/i.test(path)
      ? [{ range: { start: 0, end: text.length }, template: withoutHead(text) }]
      : [];
  const strings = literals.read(path, text, "strings")?.strings ?? [];
  const groups = new Map<number, typeof strings>();
  for (const one of strings) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return [...groups.values()].flatMap((group): readonly Candidate[] => {
    const outer = group.filter(
      (one) => !group.some((other) => other !== one && other.range.start <= one.range.start && one.range.end <= other.range.end),
    );
    if (outer.length === 0 || outer.some((one) => one.isDocumentation) || outer.length > 60) return [];
    // Before the slow part: what is written in so few characters says no more.
    if (outer.reduce((sum, { range }) => sum + range.end - range.start, 0) < shortest) return [];
    const texts = outer.map((one) => decoded(path, text, one.range, one.gaps));
    if (!readsOn(texts)) return [];
    const template = texts.join("");
    return [{ range: { start: outer[0]?.range.start ?? 0, end: outer.at(-1)?.range.end ?? 0 }, template }];
  });
}

/** Whether joined strings are one text: a table of words has no white space where one meets the next. */
const readsOn = (texts: readonly string[]): boolean =>
  texts.slice(1).filter((text, index) => /^\s/.test(text) || /\s$/.test(texts[index] ?? "")).length >= 0.7 * (texts.length - 1);

const withoutHead = (text: string): string => text.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, "");

function decoded(path: string, text: string, range: TextRange, gaps: readonly TextRange[]): string {
  const form = formOf(path, text, range);
  const decode = (piece: string): string => (form?.kind === "literal" ? decodeLiteral(piece, form) : piece);
  let result = "";
  let start = range.start;
  for (const one of gaps) {
    result += decode(text.slice(start, one.start)) + gap;
    start = one.end;
  }
  return result + decode(text.slice(start, range.end));
}

function yamlCandidates(text: string): readonly Candidate[] {
  const found: Candidate[] = [];
  try {
    for (const document of parseAllDocuments(text)) {
      if (!("contents" in document) || document.errors.length > 0) return [];
      visit(document, {
        Scalar(key, node) {
          if (key === "key" || !isScalar(node) || typeof node.value !== "string" || node.range === null || node.range === undefined) return;
          found.push({ range: { start: node.range[0], end: node.range[1] }, template: node.value });
        },
      });
    }
  } catch {
    return [];
  }
  return found;
}
