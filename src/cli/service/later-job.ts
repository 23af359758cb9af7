import { textKey } from "../../app/commands/command-request.ts";
import type { House } from "../../compose.ts";
import { TuneupError } from "../../domain/errors.ts";
import { decisiveVerdict } from "../../domain/evidence.ts";
import type { Finding } from "../../domain/finding.ts";
import { type ClusterId, proposalId } from "../../domain/ids.ts";
import type { JobResult } from "../../pipeline.ts";
import { type Again, againInput } from "../../pipeline/later/again.ts";
import { rebase } from "../../pipeline/later/rebase.ts";
import type { Scanned } from "../../pipeline/scan.ts";
import { jobOfProposal, type KeptJob, lastJobOf } from "../../pipeline/standing/jobs.ts";
import { publishedProposal } from "../../pipeline/standing/pulls.ts";
import type { CliContext } from "../context.ts";
import { type JobOptions, openCheckout, repositoryOf, runJob } from "../run-job.ts";
import { findCluster } from "../scan-project.ts";

export const laterKinds = ["revise", "smaller", "replay", "rebase"] as const;
export type LaterKind = (typeof laterKinds)[number];

export interface LaterOptions {
  /** The proposal whose job is taken up; the last job of the cluster where absent. */
  readonly of?: string;
  /** Digest of a person's words, which the ledger keeps. */
  readonly words?: string;
  /** How many further sessions. */
  readonly more?: number;
}

/** The flags that say what a later job is about. */
export const laterOptions = ({ more, of, words }: LaterOptions): LaterOptions => ({
  ...(of === undefined ? {} : { of }),
  ...(words === undefined ? {} : { words }),
  ...(more === undefined ? {} : { more }),
});

type Options = JobOptions & LaterOptions & { readonly again: LaterKind };
type Result = JobResult & { readonly cluster?: ClusterId };

const leftAlone = (why: string, remedy: string): { readonly finding: Finding } => ({ finding: { end: "left-alone", why, remedy } });

/** A job that takes up an earlier one: another draft, further sessions, another base. It works on the commit that the earlier one worked on, unless the base is the point. */
export async function runLaterJob(context: CliContext, house: House, scanned: Scanned, options: Options): Promise<Result> {
  const kept = await keptJob(house, scanned, options);
  if (kept === undefined) return leftAlone("nothing was tested here yet", "`/tuneup run` does.");
  if (options.again === "rebase") return runRebase(context, house, scanned, { options, kept });
  return later(context, house, scanned, {
    options: { ...options, revision: kept.attempt.commit },
    kept,
    again: await againOf(house, options),
  });
}

interface Scope {
  readonly options: Options;
  readonly kept: KeptJob;
  readonly again: Again;
}

function later(context: CliContext, house: House, scanned: Scanned, { again, kept, options }: Scope): Promise<Result> {
  const same = { ...options, seed: kept.attempt.seed, cluster: kept.attempt.cluster };
  return runJob(context, house, scanned, same, {
    apply: (job) => againInput(kept, again, job),
    mark: [kept.evidence.job, again],
  });
}

async function keptJob(house: House, scanned: Scanned, options: Options): Promise<KeptJob | undefined> {
  if (options.of !== undefined) return jobOfProposal(house.ledger, proposalId(options.of));
  if (options.cluster === undefined) return undefined;
  return lastJobOf(house.ledger, repositoryOf(options), findCluster(scanned.document.clusters, options.cluster).id);
}

async function againOf(house: House, { again, more = 0, words }: Options): Promise<Again> {
  if (again === "replay") return { kind: "replay", sessions: more };
  if (again === "smaller") return { kind: "smaller" };
  const text = words === undefined ? undefined : await house.ledger.get(textKey(words));
  if (typeof text === "string") return { kind: "revise", words: text };
  throw new TuneupError("usage", "The words to revise the edit by are not in the ledger.", { remedy: "Give the command again." });
}

/** Moves the edit to the newest base; tests it again only where what it was tested on has changed. */
async function runRebase(context: CliContext, house: House, scanned: Scanned, { kept, options }: Omit<Scope, "again">): Promise<Result> {
  const proposal = kept.proposal === undefined ? undefined : await publishedProposal(house.ledger, kept.proposal);
  if (proposal === undefined) return leftAlone("there is no published edit to move", "`/tuneup run` looks for one.");
  await using checkout = await openCheckout(context, options);
  const moved = await rebase(proposal, kept.attempt.located, checkout);
  if (moved.result === "unchanged")
    return leftAlone("the default branch has not changed the files of this edit, so there is no conflict", "Nothing is needed.");
  if (moved.result === "changed") return later(context, house, scanned, { options, kept, again: { kind: "verify" } });
  return {
    finding: { end: "proposed", verdict: decisiveVerdict(kept.evidence), proposal: proposal.id },
    evidence: kept.evidence,
    proposal: moved.proposal,
    cluster: proposal.cluster,
  };
}
