import { digestOf } from "../../domain/digest.ts";
import type { Candidate, Edit, Refusal } from "../../domain/edit.ts";
import type { AgentSource } from "../../domain/source.ts";
import { findHunk, lineAt, type TextRange } from "../../domain/text/apply-hunk.ts";

/** An edit with the one place where it stands. */
export interface PlacedHunk {
  readonly edit: Edit;
  readonly source: AgentSource;
  readonly range: TextRange;
  /** 1-based. */
  readonly line: number;
}

export interface Placement {
  readonly hunks: readonly PlacedHunk[];
  readonly refusals: readonly Refusal[];
}

export interface PlacementScope {
  readonly sources: readonly AgentSource[];
  readonly files: ReadonlyMap<string, string>;
}

/** Where all edits of a candidate stand: each exactly once, inside one located region of the file it was written against, none over another. */
export function placeEdits(candidate: Candidate, scope: PlacementScope): Placement {
  const placed = candidate.edits.map((edit) => place(edit, scope));
  const hunks = placed.flatMap((one) => ("range" in one ? [one] : []));
  const refusals = placed.flatMap((one) => ("rule" in one ? [one] : []));
  return { hunks, refusals: [...refusals, ...overlaps(hunks)] };
}

function place(edit: Edit, { files, sources }: PlacementScope): PlacedHunk | Refusal {
  const refuse = (rule: string, message: string, remedy: string, line?: number): Refusal => ({
    rule,
    path: edit.path,
    ...(line === undefined ? {} : { line }),
    message,
    remedy,
  });
  const text = files.get(edit.path);
  const regions = sources.filter((source) => source.path === edit.path);
  if (text === undefined || regions.length === 0)
    return refuse(
      "not-located",
      "this file is not one that the agent's prompt was found in",
      "Edit only located files: `tuneup locate` lists them.",
    );
  const base = digestOf(text);
  if (base !== edit.base || regions.some((source) => source.fileDigest !== base))
    return refuse("stale", "the file has changed since the edit was written", "Draft again on the current commit.");
  const found = regions.map((source) => ({ source, hunk: findHunk(text, source.range, edit.before, edit.after) }));
  const ambiguous = found.find(({ hunk }) => hunk.result === "ambiguous")?.hunk;
  const exact = found.flatMap(({ hunk, source }) =>
    hunk.result === "found" && hunk.strategy === "exact" ? [{ edit, source, range: hunk.range, line: lineAt(text, hunk.range.start) }] : [],
  );
  // One place may lie in two regions, one inside the other: the smaller one says what it is.
  const [only] = exact.toSorted((left, right) => sizeOf(left.source.range) - sizeOf(right.source.range));
  const isOnePlace = new Set(exact.map((hunk) => hunk.range.start)).size === 1 && ambiguous === undefined;
  if (only !== undefined && isOnePlace) return only;
  const line = ambiguous?.result === "ambiguous" ? ambiguous.lines[0] : only?.line;
  return refuse(
    "not-unique",
    "the text to replace does not stand exactly once inside the located regions",
    "Copy whole lines, with enough around them.",
    line,
  );
}

const sizeOf = (range: TextRange): number => range.end - range.start;

function overlaps(hunks: readonly PlacedHunk[]): readonly Refusal[] {
  return hunks.flatMap((one, index) =>
    hunks
      .slice(index + 1)
      .some((other) => other.edit.path === one.edit.path && one.range.start < other.range.end && other.range.start < one.range.end)
      ? [{ rule: "overlap", path: one.edit.path, line: one.line, message: "two hunks overlap", remedy: "Join them into one." }]
      : [],
  );
}
