import type { FailureCluster } from "../../domain/cluster.ts";
import { canonicalJson } from "../../domain/digest.ts";
import type { ToolDefinition } from "../../domain/message.ts";
import type { Shown } from "../../domain/sample.ts";
import { modelCalls } from "../../domain/session.ts";
import type { AgentSource } from "../../domain/source.ts";
import type { EditWish, TriedEdit } from "../../domain/documents.ts";
import { fence } from "../../domain/text/fence.ts";
import { visible } from "../../domain/text/safe-text.ts";
import { formOf, isYaml, yamlFormAt } from "../../domain/text/string-form.ts";
import { excerpt } from "./excerpt.ts";

/**
 * Characters of the whole request, about 24,000 tokens at four characters a token, and the shares of its parts. What a part leaves unused goes
 * to the conversations.
 */
const largest = 96_000;
const shares = { prompt: 6_000, failure: 3_000, harness: 1_500, sources: 42_000, tools: 12_000, tried: 4_000, wish: 4_000 } as const;
const longestConversation = 12_000;
const shortestConversation = 1_500;

export interface PackInput {
  readonly cluster: FailureCluster;
  readonly shown: readonly Shown[];
  readonly sources: readonly AgentSource[];
  readonly files: ReadonlyMap<string, string>;
  readonly tools: readonly ToolDefinition[];
  readonly tried?: readonly TriedEdit[];
  readonly wish?: EditWish;
  readonly count: number;
}

/** The values of the drafting prompt, bounded together. Whatever strangers wrote stands inside fences, and shows every character it has. */
export function evidencePack(input: PackInput): Readonly<Record<string, string>> {
  const fixed = {
    count: String(input.count),
    failure: fence(cut(failureText(input.cluster), shares.failure)),
    harness: fence(cut(harnessText(input.shown), shares.harness)),
    sources: regions(input),
    tools: fence(cut(toolText(input.tools), shares.tools)),
    tried: fence(cut(triedText(input.tried ?? []), shares.tried)),
    wish: input.wish === undefined ? "(nothing)" : wishText(input.wish),
  };
  const used = Object.values(fixed).reduce<number>((sum, text) => sum + text.length, shares.prompt);
  return { ...fixed, conversations: conversations(input.shown, largest - used) };
}

function cut(text: string, most: number): string {
  const clean = visible(text);
  return clean.length <= most ? clean : `${clean.slice(0, most)}\n… (${clean.length - most} more characters)`;
}

function failureText({ cause, description, members, signature, title, users }: FailureCluster): string {
  const mark = signature === undefined ? [] : [`mark: ${[signature.rule, signature.tool, signature.template].filter(Boolean).join(", ")}`];
  return [title, `cause as labelled: ${cause}`, ...mark, `${members.length} sessions of ${users} users`, description].join("\n");
}

/** The model and the parameters that the sessions ran with. */
function harnessText(shown: readonly Shown[]): string {
  const [call] = shown.flatMap((session) => modelCalls(session).slice(0, 1));
  return call === undefined ? "(not recorded)" : `model: ${call.model}\nparameters: ${canonicalJson(call.parameters)}`;
}

const toolText = (tools: readonly ToolDefinition[]): string =>
  tools.map((tool) => `${tool.name}: ${tool.description}\n  input: ${canonicalJson(tool.parameters).slice(0, 1200)}`).join("\n") ||
  "(none)";

/** What was tried before, in the words of its drafter, with what came of it. */
function triedText(tried: readonly TriedEdit[]): string {
  const entries = tried.slice(0, 8).map(({ candidate, result, why }) => {
    const added = candidate.edits.map(({ after, before, path }) => `  in ${path}: ${addedLines(before, after)}`);
    return [`- ${result} (${why}): ${candidate.hypothesis}`, ...added].join("\n");
  });
  return entries.join("\n") || "(nothing)";
}

/** The edit as it stands, and what is asked of it. */
export function wishText({ present, words }: EditWish): string {
  const edits = present.edits.map(({ after, before, path }) => `in ${path}, instead of\n${before}\nit writes\n${after}`);
  const asked =
    words === undefined
      ? "A smaller edit with the same effect: fewer added words than this one."
      : `In a person's words:\n${fence(cut(words, 600))}`;
  return `${asked}\n\nThe edit as it stands, which your candidates replace:\n${fence(cut(edits.join("\n\n"), shares.wish - 1_000))}`;
}

function addedLines(before: string, after: string): string {
  const old = new Set(before.split("\n"));
  const added = after.split("\n").filter((line) => !old.has(line));
  return added.join(" / ").slice(0, 400) || "(removes text)";
}

function conversations(shown: readonly Shown[], most: number): string {
  const parts: string[] = [];
  let left = most;
  for (const [index, session] of shown.entries()) {
    const share = Math.min(longestConversation, Math.floor(left / (shown.length - index)) - 120);
    if (share < shortestConversation && parts.length > 0) break;
    const part = `Conversation ${index + 1}:\n${fence(excerpt(session.messages, Math.max(shortestConversation, share)))}`;
    parts.push(part);
    left -= part.length + 2;
  }
  return parts.join("\n\n");
}

/** The regions that may be edited, prompts first; one that does not fit any more is named, not shown. */
function regions({ files, sources }: PackInput): string {
  const parts: string[] = [];
  let left: number = shares.sources;
  for (const source of sources) {
    const head = `File ${pathText(source.path)}, lines ${source.lines.first}-${source.lines.last}: ${source.kind}${subjectText(source)}`;
    const hint = writingHint(source, files.get(source.path) ?? "");
    const body = left > 500 ? fence(shownRegion(source.text, left)) : "(not shown: no room)";
    parts.push(`${head}${hint}\n${body}`);
    left -= body.length;
  }
  return parts.join("\n\n");
}

/** A path or name outside a fence shows no more than a path or name. */
const pathText = (path: string): string =>
  /^[\p{L}\p{N} _./@+-]{1,300}$/u.test(path) ? path : JSON.stringify(visible(path).slice(0, 300));
const subjectText = ({ part, subject }: AgentSource): string => {
  if (subject === undefined) return "";
  return part === undefined ? ` (${pathText(subject)})` : ` (${pathText(subject)}, its parameter ${pathText(part)})`;
};

/** As it stands in the file: `search` is copied from here. A long region loses its middle, at line ends. */
function shownRegion(text: string, most: number): string {
  const clean = visible(text);
  if (clean.length <= most) return clean;
  const head = clean.slice(0, clean.lastIndexOf("\n", Math.floor(most * 0.7)) + 1 || Math.floor(most * 0.7));
  const tail = clean.slice(clean.length - Math.floor(most * 0.25));
  const end = tail.slice(tail.indexOf("\n") + 1);
  return `${head}… (${clean.length - head.length - end.length} characters not shown: do not edit there)\n${end}`;
}

/** What `replace` must keep to in this kind of file. */
function writingHint(source: AgentSource, text: string): string {
  const form = isYaml(source.path) ? yamlFormAt(text, source.range.start) : formOf(source.path, text, source.range);
  if (form?.kind === "yaml-block") return "; a YAML block: keep the indentation";
  if (form?.kind === "yaml-double" || form?.kind === "yaml-single" || form?.kind === "yaml-plain")
    return "; one YAML value: stay on its line";
  if (form?.kind !== "literal") return "";
  if (form.isIndented === true || (form.isRaw && form.hasLines === true))
    return "; the inside of a block in code: keep the indentation and its escapes";
  if (form.isDoubled === true) return "; the inside of a string in code: write a quote twice, a backslash once";
  return form.literal.quote.length === 3 || form.literal.quote === "`" || form.hasLines === true
    ? "; the inside of a string in code: keep its escapes"
    : `; the inside of a string between ${form.literal.quote}: write line ends as \\n`;
}
