import { digestOf } from "../../domain/digest.ts";
import { type Candidate, candidateIdOf, type Edit } from "../../domain/edit.ts";
import type { AgentSource } from "../../domain/source.ts";
import { findHunk, type FoundHunk, type TextRange } from "../../domain/text/apply-hunk.ts";
import { fence } from "../../domain/text/fence.ts";
import { visible } from "../../domain/text/safe-text.ts";
import { runsOf, wordsOf } from "../../domain/text/word-runs.ts";
import { encoded, fitted, formAround } from "./container-text.ts";
import type { DraftCandidate } from "./reply.ts";
import { type RewrittenPart, rewrittenParts } from "./rewrite.ts";
import { quotedValue } from "./yaml-scalar.ts";

/** `hint` is for the model alone: it may quote the repository, inside a fence. */
export type Resolved =
  | { readonly ok: true; readonly candidate: Candidate }
  | { readonly ok: false; readonly why: string; readonly hint?: string };

type DraftEdit = DraftCandidate["edits"][number];

/** Turns the model's hunks into edits of real text: each must fit exactly once into a located region. Says what to correct where one does not. */
export function resolveCandidate(draft: DraftCandidate, sources: readonly AgentSource[], files: ReadonlyMap<string, string>): Resolved {
  const edits: Edit[] = [];
  for (const one of draft.edits) {
    const text = files.get(one.path);
    const regions = sources.filter((source) => source.path === one.path);
    if (text === undefined || regions.length === 0) {
      const known = [...new Set(sources.map((source) => source.path))].join(", ");
      return { ok: false, why: `a hunk's path is not one of the files that may be edited: ${known}` };
    }
    const hit = hunkIn(one, text, regions);
    const parts = hit.result === "found" ? [hit] : partsOfRewrite(one, text, regions);
    if (parts === undefined) return { ok: false, ...problemOf(one.path, text, hit) };
    for (const { range, replacement } of parts)
      edits.push({
        path: one.path,
        base: digestOf(text),
        before: text.slice(range.start, range.end),
        after: replacement,
        reason: one.reason,
      });
  }
  const changing = edits.filter((edit) => edit.before !== edit.after);
  if (changing.length === 0) return { ok: false, why: "it changes nothing: search and replace are the same" };
  return {
    ok: true,
    candidate: {
      id: candidateIdOf(changing),
      kind: draft.kind,
      hypothesis: draft.hypothesis,
      edits: changing,
    },
  };
}

/** The hunks of a region that the model wrote anew as a whole. */
function partsOfRewrite(
  { replace, search }: DraftEdit,
  text: string,
  regions: readonly AgentSource[],
): readonly RewrittenPart[] | undefined {
  for (const { range } of regions) {
    const parts = rewrittenParts(text, range, search, replace);
    if (parts !== undefined) return parts;
  }
  return undefined;
}

type Hit =
  | { readonly result: "found"; readonly range: TextRange; readonly replacement: string }
  | { readonly result: "ambiguous"; readonly lines: readonly number[] }
  | Extract<FoundHunk, { result: "absent" }>;

/** The one place of a hunk among all located regions of its file. */
function hunkIn(edit: DraftEdit, text: string, regions: readonly AgentSource[]): Hit {
  const hunks = regions.map((region) => ({ region, hunk: hunkInRegion(edit, text, region) }));
  const ambiguous = hunks.find(({ hunk }) => hunk.result === "ambiguous")?.hunk;
  const found = hunks.flatMap(({ hunk, region }) => (hunk.result === "found" ? [{ hunk, region }] : []));
  const places = new Map(found.map((one) => [one.hunk.range.start, one]));
  const [only] = places.values();
  if (only !== undefined && places.size === 1 && ambiguous === undefined) {
    const { hunk, region } = only;
    const form = formAround(region, text, hunk.range);
    const kept =
      hunk.strategy === "exact" ? hunk.replacement : withOldLines(text.slice(hunk.range.start, hunk.range.end), hunk.replacement);
    const part = { range: hunk.range, replacement: fitted(kept, form, { path: edit.path, text, range: hunk.range }) };
    return { result: "found", ...((form.kind === "yaml-plain" ? quotedValue(text, region.range, part) : undefined) ?? part) };
  }
  if (ambiguous?.result === "ambiguous") return ambiguous;
  if (places.size > 1) return { result: "ambiguous", lines: [...places.values()].map(({ region }) => region.lines.first) };
  const absent = hunks.map(({ hunk }) => hunk).filter((hunk) => hunk.result === "absent");
  return absent.find((hunk) => hunk.nearest !== undefined) ?? { result: "absent" };
}

/** As it was written; failing that, with the escapes of its container added. */
function hunkInRegion({ replace, search }: DraftEdit, text: string, region: AgentSource): FoundHunk {
  const asWritten = findHunk(text, region.range, search, replace);
  if (asWritten.result !== "absent") return asWritten;
  const form = formAround(region, text, region.range);
  const wanted = encoded(search, form);
  if (wanted === undefined) return asWritten;
  const escaped = findHunk(text, region.range, wanted, encoded(replace, form) ?? replace);
  return escaped.result === "absent" ? asWritten : escaped;
}

const even = (line: string): string =>
  line
    .normalize("NFKC")
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟]/g, '"')
    .replace(/[‐-―−]/g, "-")
    .trim();

/** Lines that the model only meant to keep, as they stand in the file: with their own quotes, dashes and trailing space. */
function withOldLines(before: string, after: string): string {
  const old = new Map(before.split("\n").map((line) => [even(line), line]));
  return after
    .split("\n")
    .map((line) => (even(line) === "" ? line : (old.get(even(line)) ?? line)))
    .join("\n");
}

function problemOf(path: string, text: string, hit: Hit): { readonly why: string; readonly hint?: string } {
  if (hit.result === "ambiguous")
    return { why: `a search text stands more than once in ${path}, at lines ${hit.lines.join(", ")}; copy more of its surroundings` };
  if (hit.result === "found") return { why: `a hunk of ${path} cannot be used` };
  const why = `a search text does not stand in the regions of ${path} that may be edited; copy it exactly, whole lines`;
  if (hit.nearest === undefined) return { why };
  const first = Math.max(0, hit.nearest.line - 2);
  const lines = text.split("\n").slice(first, hit.nearest.line + 1);
  return {
    why: `${why}; the nearest line is ${hit.nearest.line}`,
    hint: `The nearest lines, ${first + 1} to ${first + lines.length}:\n${fence(visible(lines.join("\n")).slice(0, 1500))}`,
  };
}

const runLength = 3;
const nearlyEqual = 0.7;

/** Words that a candidate adds, as runs of three; a deletion has the words that it takes away. */
function changedRuns(candidate: Candidate): ReadonlySet<string> {
  const runs = new Set<string>();
  for (const { after, before, path } of candidate.edits) {
    const [old, now] = [before.split("\n"), after.split("\n")];
    const added = now.filter((line) => !old.includes(line)).join(" ");
    const removed = old.filter((line) => !now.includes(line)).join(" ");
    for (const run of runsOf(wordsOf(`${path} ${added}`), runLength)) runs.add(`+ ${run}`);
    if (wordsOf(added).length < runLength) for (const run of runsOf(wordsOf(`${path} ${removed}`), runLength)) runs.add(`- ${run}`);
  }
  return runs;
}

/** Whether two candidates add nearly the same words (Jaccard of runs of three words above .7). */
export function isNearCopy(left: Candidate, right: Candidate): boolean {
  if (left.id === right.id) return true;
  const [one, other] = [changedRuns(left), changedRuns(right)];
  let common = 0;
  for (const run of one) if (other.has(run)) common += 1;
  return one.size + other.size > 0 && common / (one.size + other.size - common) > nearlyEqual;
}
