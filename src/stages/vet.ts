import { findHunk, lineAt, type TextRange } from "../domain/text/apply-hunk.ts";
import { type ConfigChange, type FileChange, placeholdersOf } from "../domain/config-change.ts";
import { digestOf } from "../domain/digest.ts";
import type { Candidate, Edit, Refusal, Vetted } from "../domain/edit.ts";
import type { Shown } from "../domain/sample.ts";
import type { AgentSource } from "../domain/source.ts";
import type { TreeEntry } from "../ports/workspace.ts";
import { addedTextRefusals } from "./vet/added-text.ts";
import { budgetRefusals } from "./vet/budget.ts";
import { meaningOf } from "./vet/config-changes.ts";
import { leakCorpus, leakRefusals } from "./vet/leaks.ts";
import { parameterRefusal } from "./vet/parameters.ts";
import { pathRefusals } from "./vet/paths.ts";
import { safeguardRemarks } from "./vet/safeguards.ts";
import { structureProblem } from "./vet/structure.ts";

export interface VetScope {
  readonly sources: readonly AgentSource[];
  /** Whole texts of the located files. */
  readonly files: ReadonlyMap<string, string>;
  readonly entries: readonly TreeEntry[];
  /** The transcripts that the drafter saw. */
  readonly transcripts: readonly Shown[];
  /** The repository's text: what stands there is no leak. */
  readonly repositoryText: string;
  readonly allowedPaths: readonly string[];
  readonly scanSecrets: (text: string) => Promise<readonly { readonly line: number; readonly rule: string }[]>;
}

/**
 * In: one candidate and everything it must not break. Out: the changed files and what they mean for the agent, or every rule that the
 * candidate breaks. Refuses whole: a candidate with one bad hunk is a bad candidate. Asks no model, writes nothing.
 */
export async function vet(candidate: Candidate, scope: VetScope): Promise<Vetted> {
  const placed = candidate.edits.map((edit) => place(edit, scope));
  const refusals: Refusal[] = [
    ...[...new Set(candidate.edits.map((edit) => edit.path))].flatMap((path) => pathRefusals(path, scope)),
    ...placed.flatMap((one) => (one.ok ? [] : [one.refusal])),
    ...budgetRefusals(candidate, scope.sources),
    ...textRefusals(candidate, scope),
    ...(await secretRefusals(candidate, scope)),
  ];
  const hunks = placed.flatMap((one) => (one.ok ? [one.hunk] : []));
  if (refusals.length === 0) refusals.push(...overlapRefusals(hunks));
  if (refusals.length > 0) return { result: "refused", candidate, refusals };
  const built = build(hunks, scope);
  if (built.refusals.length > 0) return { result: "refused", candidate, refusals: built.refusals };
  return {
    result: "allowed",
    candidate,
    files: built.files,
    changes: built.changes,
    needsHuman: candidate.edits.flatMap((edit) => safeguardRemarks(edit)),
  };
}

interface PlacedHunk {
  readonly edit: Edit;
  readonly source: AgentSource;
  readonly range: TextRange;
}

type Placed = { readonly ok: true; readonly hunk: PlacedHunk } | { readonly ok: false; readonly refusal: Refusal };

/** Where an edit stands: exactly once, inside one located region of the file it was written against. */
function place(edit: Edit, { files, sources }: VetScope): Placed {
  const refuse = (rule: string, message: string, remedy: string): Placed => ({
    ok: false,
    refusal: { rule, path: edit.path, message, remedy },
  });
  const text = files.get(edit.path);
  const regions = sources.filter((source) => source.path === edit.path);
  if (text === undefined || regions.length === 0)
    return refuse(
      "not-located",
      "this file is not one that the agent's prompt was found in",
      "Edit only located files: `tuneup locate` lists them.",
    );
  if (digestOf(text) !== edit.base)
    return refuse("stale", "the file has changed since the edit was written", "Draft again on the current commit.");
  const found = regions.flatMap((source) => {
    const hunk = findHunk(text, source.range, edit.before, edit.after);
    return hunk.result === "found" && hunk.strategy === "exact" ? [{ edit, source, range: hunk.range }] : [];
  });
  const [hunk] = found;
  if (hunk === undefined)
    return refuse(
      "not-unique",
      "the text to replace does not stand exactly once inside a located region",
      "Copy the whole lines, with enough around them.",
    );
  return { ok: true, hunk };
}

function overlapRefusals(hunks: readonly PlacedHunk[]): readonly Refusal[] {
  return hunks.flatMap((one, index) =>
    hunks
      .slice(index + 1)
      .some((other) => other.edit.path === one.edit.path && one.range.start < other.range.end && other.range.start < one.range.end)
      ? [{ rule: "overlap", path: one.edit.path, message: "two hunks overlap", remedy: "Join them into one." }]
      : [],
  );
}

function textRefusals(candidate: Candidate, scope: VetScope): readonly Refusal[] {
  const corpus = leakCorpus(scope.transcripts, scope.repositoryText);
  return candidate.edits.flatMap((edit) => [...addedTextRefusals(edit), ...placeholderRefusals(edit), ...leakRefusals(edit, corpus)]);
}

const moreVariables = /\{%-?\s*\w+|<[A-Z][A-Z0-9_]{2,40}>/g;

/** Template variables must all be kept, and none added: a rendering fills exactly these. */
function placeholderRefusals(edit: Edit): readonly Refusal[] {
  const variables = (text: string): string => [...placeholdersOf(text), ...(text.match(moreVariables) ?? [])].toSorted().join(" ");
  if (variables(edit.before) === variables(edit.after)) return [];
  return [
    {
      rule: "template-variable",
      path: edit.path,
      message: "it adds or drops a template variable",
      remedy: "Keep every variable exactly as it is.",
    },
  ];
}

async function secretRefusals(candidate: Candidate, scope: VetScope): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (const edit of candidate.edits) {
    const known = (await scope.scanSecrets(edit.before)).length;
    const found = await scope.scanSecrets(edit.after);
    const [first] = found;
    if (first !== undefined && found.length > known)
      refusals.push({
        rule: "secret",
        path: edit.path,
        message: `it adds what looks like a secret (${first.rule})`,
        remedy: "Never write credentials into a prompt.",
      });
  }
  return refusals;
}

interface Built {
  readonly files: readonly FileChange[];
  readonly changes: readonly ConfigChange[];
  readonly refusals: readonly Refusal[];
}

/** Applies the hunks of each file, looks at the result as its parser does, and says what changed for the agent. */
function build(hunks: readonly PlacedHunk[], scope: VetScope): Built {
  const files: FileChange[] = [];
  const changes: ConfigChange[] = [];
  const refusals: Refusal[] = [];
  for (const path of new Set(hunks.map((hunk) => hunk.edit.path))) {
    const own = hunks.filter((hunk) => hunk.edit.path === path).toSorted((left, right) => right.range.start - left.range.start);
    const before = scope.files.get(path) ?? "";
    const after = own.reduce((text, hunk) => text.slice(0, hunk.range.start) + hunk.edit.after + text.slice(hunk.range.end), before);
    const [first] = own;
    const problem = structureProblem({ path, before, after });
    if (problem !== undefined && first !== undefined)
      refusals.push({
        rule: "structure",
        path,
        line: lineAt(before, first.range.start),
        message: problem,
        remedy: "Change only the text of the located value.",
      });
    files.push({ path, before: digestOf(before), text: after });
    for (const source of new Set(own.map((hunk) => hunk.source))) {
      const meant = meaning(source, own, { path, before, after });
      if ("refusal" in meant) refusals.push(meant.refusal);
      else changes.push(meant.change);
    }
  }
  return { files, changes, refusals };
}

type Meant = { readonly change: ConfigChange } | { readonly refusal: Refusal };

function meaning(
  source: AgentSource,
  hunks: readonly PlacedHunk[],
  file: { readonly path: string; readonly before: string; readonly after: string },
): Meant {
  const own = hunks.filter((hunk) => hunk.source === source);
  const grown = (list: readonly PlacedHunk[]): number =>
    list.reduce((sum, hunk) => sum + hunk.edit.after.length - hunk.edit.before.length, 0);
  const shift = grown(hunks.filter((hunk) => hunk.source !== source && hunk.range.start < source.range.start));
  // Regions before this one have moved it: look at the result with its beginning where it was.
  const after =
    shift === 0
      ? file.after
      : own.reduce((text, hunk) => text.slice(0, hunk.range.start) + hunk.edit.after + text.slice(hunk.range.end), file.before);
  const meant = meaningOf(source, { ...file, after }, grown(own));
  if (!meant.ok)
    return {
      refusal: {
        rule: "meaning",
        path: source.path,
        line: source.lines.first,
        message: meant.why,
        remedy: "Keep the edit inside one plain text.",
      },
    };
  const refusal = meant.change.target === "parameter" ? parameterRefusal(meant.change, source.path) : undefined;
  return refusal === undefined ? { change: meant.change } : { refusal };
}
