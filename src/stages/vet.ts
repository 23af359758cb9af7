import type { ConfigChange, FileChange } from "../domain/config-change.ts";
import { digestOf } from "../domain/digest.ts";
import type { Candidate, Edit, Refusal, Vetted } from "../domain/edit.ts";
import type { Shown } from "../domain/sample.ts";
import { modelCalls } from "../domain/session.ts";
import type { AgentSource } from "../domain/source.ts";
import { withoutEscapes } from "../domain/text/string-form.ts";
import type { TreeEntry } from "../ports/workspace.ts";
import { addedTextRefusals } from "./vet/added-text.ts";
import { applyHunks, type AppliedFile, isSetting, partsOf } from "./vet/application.ts";
import { budgetRefusals } from "./vet/budget.ts";
import { meaningOf } from "./vet/config-changes.ts";
import { leakRefusals, leakScope, type LeakScope, repeatsConversation } from "./vet/leaks.ts";
import { type KnownText, knownNames, nameRefusals } from "./vet/names.ts";
import { parameterRefusal, parameterRemark } from "./vet/parameters.ts";
import { contentRefusals, pathRefusals } from "./vet/paths.ts";
import { type Placement, placeEdits } from "./vet/placement.ts";
import { unrelatedSentences, untriggeredConditions, vocabularyOf } from "./vet/relevance.ts";
import { safeguardRemarks } from "./vet/safeguards.ts";
import { structureProblem } from "./vet/structure.ts";
import { transcriptCorpus } from "./vet/transcript-corpus.ts";
import { variableRefusals } from "./vet/variables.ts";

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
  /** What the edit is meant to mend, in the words of the cluster and the diagnosis; ties the added sentences to it. */
  readonly cause?: string;
  readonly scanSecrets: (text: string) => Promise<readonly { readonly line: number; readonly rule: string }[]>;
}

/**
 * In: one candidate and everything it must not break. Out: the changed files and what they mean for the agent, or every rule that the
 * candidate breaks. Refuses whole: a candidate with one bad hunk is a bad candidate. Asks no model, writes nothing. The drafter's own words
 * (reasons, hypothesis) are blanked where they repeat a conversation or hold a secret: they are printed, and mend nothing.
 */
export async function vet(candidate: Candidate, scope: VetScope): Promise<Vetted> {
  const leaks = leakScope(transcriptCorpus(scope.transcripts), scope.repositoryText);
  const placement = placeEdits(candidate, scope);
  const refusals: Refusal[] = [
    ...[...new Set(candidate.edits.map((edit) => edit.path))].flatMap((path) => fileRefusals(path, scope)),
    ...placement.refusals,
    ...budgetRefusals(candidate, scope.sources),
    ...textRefusals(candidate, placement, scope),
  ];
  const paths = [...new Set(placement.hunks.map((hunk) => hunk.edit.path))];
  const applied = paths.map((path) => applyHunks(path, scope.files.get(path) ?? "", placement.hunks));
  const vocabulary = vocabularyOf(scope.transcripts);
  for (const file of applied) refusals.push(...regionRefusals(file, leaks, vocabulary), ...(await secretRefusals(file, scope)));
  // What a file means can only be said of one that every hunk has found its place in.
  const isWhole = placement.refusals.length === 0;
  const built = isWhole ? build(applied, scope, aboutOf(candidate, scope)) : { files: [], changes: [], refusals: [], remarks: [] };
  refusals.push(...built.refusals);
  const spoken = await withSafeWords(candidate, leaks, scope);
  if (refusals.length > 0) return { result: "refused", candidate: spoken, refusals: distinct(refusals) };
  return { result: "allowed", candidate: spoken, files: built.files, changes: built.changes, needsHuman: distinct(built.remarks) };
}

function distinct(refusals: readonly Refusal[]): readonly Refusal[] {
  return [...new Map(refusals.map((refusal) => [JSON.stringify([refusal.rule, refusal.path, refusal.message]), refusal])).values()];
}

const fileRefusals = (path: string, scope: VetScope): readonly Refusal[] => [
  ...pathRefusals(path, scope),
  ...contentRefusals(path, scope.files.get(path) ?? ""),
];

/** What the added words themselves must not be. */
function textRefusals(candidate: Candidate, { hunks }: Placement, scope: VetScope): readonly Refusal[] {
  const tools = knownNames(scope.transcripts);
  return candidate.edits.flatMap((edit) => {
    const known: KnownText = { tools, file: scope.files.get(edit.path) ?? "", repository: scope.repositoryText };
    const line = hunks.find((hunk) => hunk.edit === edit)?.line;
    return [...addedTextRefusals(edit), ...nameRefusals(edit, known)].map((refusal) =>
      line === undefined ? refusal : { ...refusal, line },
    );
  });
}

/** What the text around the hunks shows only when they are in it: broken variables, quotations over two hunks. */
function regionRefusals(file: AppliedFile, leaks: LeakScope, vocabulary: ReadonlySet<string>): readonly Refusal[] {
  return file.regions.flatMap(({ after, before, source }) => {
    const changed = { path: file.path, before: withoutEscapes(file.path, before), after: withoutEscapes(file.path, after) };
    const conditions = isSetting(source) ? [] : untriggeredConditions(changed, vocabulary);
    const refusals = [...variableRefusals(file.path, before, after), ...leakRefusals(changed, leaks), ...conditions];
    return refusals.map((refusal) => ({ ...refusal, line: source.lines.first }));
  });
}

/** Secrets that the file did not hold before. */
async function secretRefusals(file: AppliedFile, { scanSecrets }: VetScope): Promise<readonly Refusal[]> {
  const found = [...(await scanSecrets(file.after)), ...(await scanSecrets(withoutEscapes(file.path, file.after)))];
  if (found.length === 0) return [];
  const known = [...(await scanSecrets(file.before)), ...(await scanSecrets(withoutEscapes(file.path, file.before)))];
  const [first] = found;
  if (first === undefined || found.length <= known.length) return [];
  return [
    {
      rule: "secret",
      path: file.path,
      message: `it adds what looks like a secret (${first.rule})`,
      remedy: "Never write credentials into a prompt.",
    },
  ];
}

interface Built {
  readonly files: readonly FileChange[];
  readonly changes: readonly ConfigChange[];
  readonly refusals: readonly Refusal[];
  readonly remarks: readonly Refusal[];
}

/** Looks at the changed files as their parsers do, and says what changed for the agent. */
function build(applied: readonly AppliedFile[], scope: VetScope, about: string): Built {
  const changes: ConfigChange[] = [];
  const refusals: Refusal[] = [];
  const remarks: Refusal[] = [];
  for (const file of applied) {
    const line = file.regions[0]?.source.lines.first ?? 1;
    const problem = partsOf(file)
      .map((part) => structureProblem(part))
      .find((one) => one !== undefined);
    if (problem !== undefined) {
      refusals.push({ rule: "structure", path: file.path, line, message: problem, remedy: "Change only the text of the located value." });
      // A text cannot be read out of a broken container; a setting can, and may be wrong as well.
      if (!file.isSetting) continue;
    }
    for (const step of file.steps) {
      const meant = meaningOf(step, scope.transcripts);
      if (meant.ok) {
        changes.push(meant.change);
        const judged = judgeParameter(meant.change, file.path, scope);
        refusals.push(...judged.refusals);
        remarks.push(...judged.remarks);
      } else
        refusals.push({
          rule: "meaning",
          path: file.path,
          line: step.source.lines.first,
          message: meant.why,
          remedy: "Keep the edit inside one plain text that the agent's sessions show.",
        });
    }
    remarks.push(...sentenceRemarks(file, about));
  }
  const files = applied.map((file) => ({ path: file.path, before: digestOf(file.before), text: file.after }));
  return { files, changes, refusals, remarks };
}

/** All that says what the edit is for; empty where the failure itself is not described. */
const aboutOf = ({ edits, hypothesis }: Candidate, { cause }: VetScope): string =>
  cause === undefined ? "" : [cause, hypothesis, ...edits.map((edit) => edit.reason)].join("\n");

function sentenceRemarks({ path, regions }: AppliedFile, about: string): readonly Refusal[] {
  return regions
    .filter(({ source }) => !isSetting(source))
    .flatMap(({ after, before, source }) => {
      const region = { path, before: withoutEscapes(path, before), after: withoutEscapes(path, after) };
      return [...safeguardRemarks(region), ...unrelatedSentences(region, about)].map((remark) => ({ ...remark, line: source.lines.first }));
    });
}

interface Judged {
  readonly refusals: readonly Refusal[];
  readonly remarks: readonly Refusal[];
}

function judgeParameter(change: ConfigChange, path: string, scope: VetScope): Judged {
  if (change.target !== "parameter") return { refusals: [], remarks: [] };
  const used = new Set(scope.transcripts.flatMap((session) => modelCalls(session).map((call) => call.model)));
  const isKnownModel = (name: string): boolean =>
    used.has(name) || [`"${name}"`, `'${name}'`, `: ${name}\n`].some((written) => scope.repositoryText.includes(written));
  const refusal = parameterRefusal(change, path, isKnownModel);
  const remark = parameterRemark(change, path);
  return { refusals: refusal === undefined ? [] : [refusal], remarks: remark === undefined ? [] : [remark] };
}

const withheld = "(withheld: it repeats words of a conversation)";

/** The candidate with its reasons and hypothesis blanked where they say what must not leave. Its id is made of its edits alone and stays. */
async function withSafeWords(candidate: Candidate, leaks: LeakScope, { scanSecrets }: VetScope): Promise<Candidate> {
  const safe = async (text: string): Promise<string> =>
    repeatsConversation(text, leaks) || (await scanSecrets(text)).length > 0 ? withheld : text;
  const edits: Edit[] = [];
  for (const edit of candidate.edits) edits.push({ ...edit, reason: await safe(edit.reason) });
  return { ...candidate, hypothesis: await safe(candidate.hypothesis), edits };
}
