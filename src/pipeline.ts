import { createTwoFilesPatch } from "diff";
import type { FailureCluster } from "./domain/cluster.ts";
import { asJson } from "./domain/digest.ts";
import type { AttemptDocument } from "./domain/documents.ts";
import type { Allowed } from "./domain/edit.ts";
import { decisiveVerdict, type Evidence } from "./domain/evidence.ts";
import type { Finding } from "./domain/finding.ts";
import type { Usage } from "./domain/message.ts";
import type { Proposal, PullRequestWishes } from "./domain/proposal.ts";
import type { Fidelity } from "./domain/replaying/fidelity.ts";
import type { Steps } from "./ports/job-queue.ts";
import type { Documents } from "./ports/ledger.ts";
import type { Runtime } from "./ports/runtime.ts";
import type { Checkout } from "./ports/workspace.ts";
import { type AttemptInput, type AttemptTools, attempt } from "./pipeline/attempt.ts";
import { secondOpinion, smallestProven } from "./pipeline/proven-edit.ts";
import type { RehearsalTools } from "./pipeline/rehearse.ts";
import { type VerifyInput, verify } from "./pipeline/verify.ts";
import { propose } from "./stages/propose.ts";

export { attempt, prepare } from "./pipeline/attempt.ts";
export { scan } from "./pipeline/scan.ts";
export { verify } from "./pipeline/verify.ts";

/** Finished steps kept as documents: the steps of the command line, where no job queue runs. */
export function documentSteps(documents: Pick<Documents, "get" | "put">, job: string): Steps {
  return {
    async run<T>(name: string, work: () => Promise<T>): Promise<T> {
      const key = `step/${job}/${name}`;
      const stored = await documents.get(key);
      if (stored !== undefined) return stored as T;
      const result = asJson((await work()) ?? null);
      await documents.put(key, result);
      return result as T;
    },
  };
}

export interface JobInput extends AttemptInput {
  readonly verification: Omit<VerifyInput, "attempt" | "cluster" | "scan" | "seed">;
  readonly visibility: "public" | "private";
  readonly wishes?: PullRequestWishes;
  readonly startedBy?: string;
}

export interface JobTools {
  readonly attempt: AttemptTools;
  readonly rehearsal: RehearsalTools;
}

/** What one job brought: how it ended, and the documents it leaves for people and for `publish`. */
export interface JobResult {
  readonly finding: Finding;
  readonly attempt?: AttemptDocument;
  readonly evidence?: Evidence;
  readonly proposal?: Proposal;
  /** Where `evidence` is about the winner with a part left out: the whole edit, and its test among all candidates. */
  readonly whole?: { readonly attempt: AttemptDocument; readonly evidence: Evidence };
  /** The proposal as a unified diff. */
  readonly diff?: string;
  /** Where the job ended before the test: how true replays were. */
  readonly fidelity?: Fidelity;
  /** What the job cost, whenever it was paid; absent where nothing was. */
  readonly spent?: Usage;
}

/** Attempt, verify and propose for one cluster: everything up to the publishing process, which alone may write to a forge. */
export async function improve(input: JobInput, checkout: Checkout, tools: JobTools, steps: Steps, runtime: Runtime): Promise<JobResult> {
  const attempted = await steps.run("attempt", () => attempt(input, checkout, tools.attempt, runtime));
  if (attempted.result === "ended") {
    const { fidelity, finding, spent } = attempted;
    return { finding, ...(spent === undefined ? {} : { spent }), ...(fidelity === undefined ? {} : { fidelity }) };
  }
  const verification: VerifyInput = {
    ...input.verification,
    attempt: attempted.document,
    cluster: input.cluster,
    scan: input.scan,
    seed: input.seed,
  };
  const whole = await steps.run("verify", () => verify(verification, tools.rehearsal, runtime));
  const won = decisiveVerdict(whole);
  runtime.progress({ stage: "decide", state: "finished", note: `${won.result}: ${won.why}` });
  const smallest = await smallestProven(verification, whole, tools.rehearsal, steps, runtime);
  const proven = await steps.run("lint", () => secondOpinion(smallest, tools.attempt.lint, runtime));
  const { attempt: document, evidence } = proven;
  const verdict = decisiveVerdict(evidence);

  runtime.progress({ stage: "propose", state: "started" });
  const made = await steps.run("propose", async () => {
    const { cluster, visibility, startedBy, wishes } = input;
    if (wishes?.pullRequests === "report-only") return null;
    const given = { ...(startedBy === undefined ? {} : { startedBy }), ...(wishes === undefined ? {} : { wishes }) };
    const wanted = { cluster, document, evidence, visibility, ...given };
    return (await proposalFrom(wanted, checkout, tools.attempt.scanSecrets)) ?? null;
  });
  if (made === null) {
    const note =
      verdict.result === "improves" || verdict.result === "decision-level"
        ? "this repository asks for reports only (.github/tuneup.yml)"
        : "nothing is proven, so nothing is proposed";
    runtime.progress({ stage: "propose", state: "skipped", note });
    return { finding: { end: "decided", verdict }, ...proven };
  }
  runtime.progress({ stage: "propose", state: "finished", note: made.proposal.title });
  return { finding: { end: "proposed", verdict, proposal: made.proposal.id }, ...proven, ...made };
}

export interface ProposalScope {
  readonly cluster: FailureCluster;
  readonly document: AttemptDocument;
  readonly evidence: Evidence;
  readonly visibility: "public" | "private";
  readonly wishes?: PullRequestWishes;
  readonly startedBy?: string;
}

export interface Proposed {
  readonly proposal: Proposal;
  /** Unified diff of the proposed files. */
  readonly diff: string;
}

/** The pull request of the candidate that is proven to improve; `undefined` when none is. */
export async function proposalFrom(
  scope: ProposalScope,
  checkout: Checkout,
  scanSecrets: AttemptTools["scanSecrets"],
): Promise<Proposed | undefined> {
  const { document, evidence } = scope;
  const verdict = decisiveVerdict(evidence);
  const allowed = document.vetted.find(
    (vetted): vetted is Allowed => vetted.result === "allowed" && vetted.candidate.id === verdict.candidate,
  );
  if (!["improves", "decision-level"].includes(verdict.result) || allowed === undefined) return undefined;
  const before = await checkout.read(allowed.files.map((file) => file.path));
  const diff = allowed.files.map((file) => unifiedDiff(file.path, before.get(file.path) ?? "", file.text)).join("");
  const proposal = await propose(
    {
      cluster: scope.cluster,
      allowed,
      verdict,
      evidence,
      located: document.located,
      diff,
      draft: document.draft,
      visibility: scope.visibility,
      ...(scope.wishes === undefined ? {} : { wishes: scope.wishes }),
      ...(scope.startedBy === undefined ? {} : { startedBy: scope.startedBy }),
    },
    scanSecrets,
  );
  return { proposal, diff };
}

function unifiedDiff(path: string, before: string, after: string): string {
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, { context: 3 });
  return patch.replaceAll(/^={10,}\n/gm, "");
}

/** Clusters worth a job, most users first; those without a visible cause come last and only when asked for by id. */
export function eligible(clusters: readonly FailureCluster[], wanted?: string): readonly FailureCluster[] {
  if (wanted !== undefined)
    return clusters.filter((cluster) => cluster.id === wanted || cluster.id.startsWith(wanted) || cluster.title === wanted);
  return clusters.filter((cluster) => cluster.nature === "cause");
}
