import type { FailureCluster } from "../domain/cluster.ts";
import type { DraftDocument } from "../domain/documents.ts";
import type { Allowed, Candidate, SmallerEdit, Vetted } from "../domain/edit.ts";
import type { Shown } from "../domain/sample.ts";
import type { AgentSource } from "../domain/source.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Checkout } from "../ports/workspace.ts";
import { smallerVersions } from "../stages/reduce.ts";
import { vet, type VetScope } from "../stages/vet.ts";

export interface VettingInput {
  readonly sources: readonly AgentSource[];
  /** Whole texts of the located files. */
  readonly files: ReadonlyMap<string, string>;
  readonly shown: readonly Shown[];
  readonly allowedPaths: readonly string[];
}

/** Files above are no text that a conversation could have been copied from. */
const largestText = 256 * 1024;

/** What every candidate of a job is vetted against. Reads the repository's text once. */
export async function vettingScope(
  { allowedPaths, files, shown, sources }: VettingInput,
  checkout: Checkout,
  { scanSecrets }: Pick<VetScope, "scanSecrets">,
): Promise<VetScope> {
  const entries = await checkout.entries();
  const textual = entries.filter((entry) => entry.kind === "file" && entry.size <= largestText).map((entry) => entry.path);
  const repositoryText = [...(await checkout.read(textual)).values()].join("\n");
  return { sources, files, entries, transcripts: shown, repositoryText, allowedPaths, scanSecrets };
}

/** Rules about how an edit is written. All others are about what it does, and nobody is told how to get around them. */
const formRules: ReadonlySet<string> = new Set(["structure", "size", "not-unique", "overlap", "template-variable"]);

/** What is wrong with the form of a candidate, in words for who wrote it; nothing where any rule of another kind refuses it too. */
export async function formProblem(candidate: Candidate, scope: VetScope): Promise<string | undefined> {
  const vetted = await vet(candidate, scope);
  if (vetted.result === "allowed" || !vetted.refusals.every(({ rule }) => formRules.has(rule))) return undefined;
  return vetted.refusals.map(({ message, remedy }) => `${message}. ${remedy}`).join(" ");
}

/** Vets every drafted candidate, and of the allowed ones the versions with a part left out. */
export async function vetCandidates(
  drafted: DraftDocument,
  cluster: FailureCluster,
  within: VetScope,
  runtime: Runtime,
): Promise<{ readonly vetted: readonly Vetted[]; readonly smaller: readonly SmallerEdit[] }> {
  runtime.progress({ stage: "vet", state: "started", total: drafted.candidates.length, unit: "candidates" });
  const scope = { ...within, cause: causeOf(drafted, cluster) };
  const vetted: Vetted[] = [];
  for (const candidate of drafted.candidates) vetted.push(await vet(candidate, scope));
  const allowed = vetted.filter((one): one is Allowed => one.result === "allowed");
  const smaller: SmallerEdit[] = [];
  for (const whole of allowed) smaller.push(...(await smallerOf(whole, scope)));
  runtime.progress({ stage: "vet", state: "finished", done: allowed.length, total: vetted.length, unit: "candidates allowed" });
  return { vetted, smaller };
}

/** What the edits are meant to mend. */
function causeOf({ hypotheses }: DraftDocument, cluster: FailureCluster): string {
  const diagnosis = hypotheses.flatMap(({ cause, change }) => [cause, change]);
  return [cluster.title, cluster.description, ...diagnosis].join("\n");
}

async function smallerOf(whole: Allowed, scope: VetScope & { readonly cause: string }): Promise<readonly SmallerEdit[]> {
  const found: SmallerEdit[] = [];
  for (const { candidate, leftOut } of smallerVersions(whole.candidate, scope.cause)) {
    const edit = await vet(candidate, scope);
    if (edit.result === "allowed") found.push({ of: whole.candidate.id, leftOut, edit });
  }
  return found;
}
