import { findHunk } from "../../domain/text/apply-hunk.ts";
import { asJson, digestOf, digestOfJson } from "../../domain/digest.ts";
import type { Candidate, Edit } from "../../domain/edit.ts";
import type { AgentSource } from "../../domain/source.ts";
import type { DraftCandidate } from "./reply.ts";

export type Resolved = { readonly ok: true; readonly candidate: Candidate } | { readonly ok: false; readonly why: string };

/** Turns the model's hunks into edits of real text: each must fit exactly once into a located region. Says what to correct where one does not. */
export function resolveCandidate(draft: DraftCandidate, sources: readonly AgentSource[], files: ReadonlyMap<string, string>): Resolved {
  const edits: Edit[] = [];
  for (const one of draft.edits) {
    const text = files.get(one.path);
    const regions = sources.filter((source) => source.path === one.path);
    if (text === undefined || regions.length === 0) {
      return {
        ok: false,
        why: `${one.path} is not one of the files that may be edited: ${[...new Set(sources.map((source) => source.path))].join(", ")}`,
      };
    }
    const found = regions.map((region) => findHunk(text, region.range, one.search, one.replace));
    const hits = found.filter((hunk) => hunk.result === "found");
    const [hit] = hits;
    if (hit === undefined) return { ok: false, why: problemOf(one.path, found) };
    edits.push({
      path: one.path,
      base: digestOf(text),
      before: text.slice(hit.range.start, hit.range.end),
      after: hit.replacement,
      reason: one.reason,
    });
  }
  if (edits.every((edit) => edit.before === edit.after)) return { ok: false, why: "it changes nothing" };
  return {
    ok: true,
    candidate: {
      id: digestOfJson(asJson(edits.map(({ after, before, path }) => ({ after, before, path })))),
      kind: draft.kind,
      hypothesis: draft.hypothesis,
      edits,
    },
  };
}

function problemOf(path: string, found: readonly ReturnType<typeof findHunk>[]): string {
  const ambiguous = found.find((hunk) => hunk.result === "ambiguous");
  if (ambiguous !== undefined)
    return `the search text stands more than once in ${path}, at lines ${ambiguous.lines.join(", ")}; copy more of its surroundings`;
  const absent = found.find((hunk) => hunk.result === "absent" && hunk.nearest !== undefined);
  const near =
    absent?.result === "absent" && absent.nearest !== undefined
      ? `; the nearest line is ${absent.nearest.line}: ${absent.nearest.text}`
      : "";
  return `the search text does not stand in the regions of ${path} that may be edited; copy it exactly${near}`;
}

const runLength = 3;
const nearlyEqual = 0.7;

/** Words that a candidate adds, as runs of three. */
function addedRuns(candidate: Candidate): ReadonlySet<string> {
  const runs = new Set<string>();
  for (const { after, before, path } of candidate.edits) {
    const old = new Set(before.split("\n"));
    const words =
      [path, ...after.split("\n").filter((line) => !old.has(line))]
        .join(" ")
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? [];
    for (let index = 0; index + runLength <= words.length; index += 1) runs.add(words.slice(index, index + runLength).join(" "));
  }
  return runs;
}

/** Whether two candidates add nearly the same words (Jaccard of word runs > .7). */
export function isNearCopy(left: Candidate, right: Candidate): boolean {
  if (left.id === right.id) return true;
  const [one, other] = [addedRuns(left), addedRuns(right)];
  let common = 0;
  for (const run of one) if (other.has(run)) common += 1;
  return one.size + other.size > 0 && common / (one.size + other.size - common) > nearlyEqual;
}
