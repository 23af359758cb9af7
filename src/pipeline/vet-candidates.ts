import type { FailureCluster } from "../domain/cluster.ts";
import type { DraftDocument } from "../domain/documents.ts";
import type { Allowed, SmallerEdit, Vetted } from "../domain/edit.ts";
import type { Shown } from "../domain/sample.ts";
import type { AgentSource } from "../domain/source.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Checkout } from "../ports/workspace.ts";
import { smallerVersions } from "../stages/reduce.ts";
import { vet, type VetScope } from "../stages/vet.ts";

export interface VettingInput {
  readonly cluster: FailureCluster;
  readonly sources: readonly AgentSource[];
  /** Whole texts of the located files. */
  readonly files: ReadonlyMap<string, string>;
  readonly shown: readonly Shown[];
  readonly allowedPaths: readonly string[];
}

/** Files above are no text that a conversation could have been copied from. */
const largestText = 256 * 1024;

/** Vets every drafted candidate, and of the allowed ones the versions with a part left out. */
export async function vetCandidates(
  drafted: DraftDocument,
  input: VettingInput,
  checkout: Checkout,
  tools: Pick<VetScope, "scanSecrets">,
  runtime: Runtime,
): Promise<{ readonly vetted: readonly Vetted[]; readonly smaller: readonly SmallerEdit[] }> {
  runtime.progress({ stage: "vet", state: "started", total: drafted.candidates.length, unit: "candidates" });
  const scope = await scopeOf(drafted, input, checkout, tools);
  const vetted: Vetted[] = [];
  for (const candidate of drafted.candidates) vetted.push(await vet(candidate, scope));
  const allowed = vetted.filter((one): one is Allowed => one.result === "allowed");
  const smaller: SmallerEdit[] = [];
  for (const whole of allowed) smaller.push(...(await smallerOf(whole, scope)));
  runtime.progress({ stage: "vet", state: "finished", done: allowed.length, total: vetted.length, unit: "candidates allowed" });
  return { vetted, smaller };
}

async function scopeOf(
  drafted: DraftDocument,
  { allowedPaths, cluster, files, shown, sources }: VettingInput,
  checkout: Checkout,
  { scanSecrets }: Pick<VetScope, "scanSecrets">,
): Promise<VetScope & { readonly cause: string }> {
  const entries = await checkout.entries();
  const textual = entries.filter((entry) => entry.kind === "file" && entry.size <= largestText).map((entry) => entry.path);
  const repositoryText = [...(await checkout.read(textual)).values()].join("\n");
  const diagnosis = drafted.hypotheses.flatMap(({ cause, change }) => [cause, change]);
  const cause = [cluster.title, cluster.description, ...diagnosis].join("\n");
  return { sources, files, entries, transcripts: shown, repositoryText, allowedPaths, cause, scanSecrets };
}

async function smallerOf(whole: Allowed, scope: VetScope & { readonly cause: string }): Promise<readonly SmallerEdit[]> {
  const found: SmallerEdit[] = [];
  for (const { candidate, leftOut } of smallerVersions(whole.candidate, scope.cause)) {
    const edit = await vet(candidate, scope);
    if (edit.result === "allowed") found.push({ of: whole.candidate.id, leftOut, edit });
  }
  return found;
}
