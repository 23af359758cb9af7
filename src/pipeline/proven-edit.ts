import type { AttemptDocument } from "../domain/documents.ts";
import type { Allowed } from "../domain/edit.ts";
import { type Evidence, spentOn } from "../domain/evidence.ts";
import { addUsage, type Usage } from "../domain/message.ts";
import type { Steps } from "../ports/job-queue.ts";
import type { Runtime } from "../ports/runtime.ts";
import { lint, type LintTools } from "../stages/lint.ts";
import { reduceWinner, versionsOfWinner } from "./reduce-winner.ts";
import type { RehearsalTools } from "./rehearse.ts";
import type { VerifyInput } from "./verify.ts";

/** A decided test with what it was about and what the job has cost so far. */
export interface Proven {
  readonly attempt: AttemptDocument;
  readonly evidence: Evidence;
  readonly spent: Usage;
  /** Where `evidence` is about the winner with a part left out: the whole edit, and its test among all candidates. */
  readonly whole?: { readonly attempt: AttemptDocument; readonly evidence: Evidence };
}

/** The test's result, or that of its winner with a part left out, where that passes too. */
export async function smallestProven(
  verification: VerifyInput,
  whole: Evidence,
  tools: RehearsalTools,
  steps: Steps,
  runtime: Runtime,
): Promise<Proven> {
  const own = { attempt: verification.attempt, evidence: whole };
  // Versions are replayed as whole sessions, which evidence from single steps does not trust.
  if (whole.plan.level === "decision" || versionsOfWinner(verification.attempt, whole).length === 0)
    return { ...own, spent: spentOn(whole) };
  const { smaller, usage } = await steps.run("reduce", () => reduceWinner(verification, whole, tools, runtime));
  if (smaller === undefined) return { ...own, spent: addUsage(spentOn(whole), usage) };
  return { ...smaller, spent: spentOn(smaller.evidence), whole: own };
}

/** The proven edit with what a model finds of its safeguards; nothing is asked where nothing is proven. */
export async function secondOpinion(proven: Proven, tools: LintTools | undefined, runtime: Runtime): Promise<Proven> {
  const { attempt, evidence, spent } = proven;
  const edit = attempt.vetted.find((one): one is Allowed => one.result === "allowed" && one.candidate.id === evidence.winner);
  if (tools === undefined || edit === undefined) return proven;
  runtime.progress({ stage: "lint", state: "started", note: tools.client.model });
  const { remarks, usage } = await lint(edit, tools, runtime);
  const note = remarks.length === 0 ? "no safeguard weakened" : "a person must look at its safeguards";
  runtime.progress({ stage: "lint", state: "finished", note });
  const vetted = attempt.vetted.map((one) => (one === edit ? { ...edit, needsHuman: [...edit.needsHuman, ...remarks] } : one));
  return { ...proven, attempt: { ...attempt, vetted }, spent: addUsage(spent, usage) };
}
