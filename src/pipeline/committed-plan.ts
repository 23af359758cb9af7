import { z } from "zod";
import { asJson } from "../domain/digest.ts";
import type { AttemptDocument } from "../domain/documents.ts";
import { type DecisionPlan, planFor } from "../domain/verdict.ts";
import type { Documents } from "../ports/ledger.ts";
import { guardBandOf, guardedNull, leastGuard, levelLeft, restsOnModel } from "../stages/decide.ts";

/*
 * Jobs take their numbers without a lock: each writes the number that it would have, marked `choosing`, looks again who else is there, and yields where
 * another one has it too. Of two jobs with the same number the one that wrote last sees the other: no number is given twice, though one may be skipped.
 */

/** A job on a cluster as later jobs see it: its number among those that share sessions, and the failing sessions it may look at. */
const testedSchema = z.object({
  version: z.literal(1),
  job: z.string(),
  number: z.number().int().min(1),
  failing: z.array(z.string()),
  choosing: z.literal(true).optional(),
});
type Tested = z.infer<typeof testedSchema>;

/** A job as the repository's later jobs see it: its number, the edits accepted before it, and, once its test has ended, whether it accepted one. */
const countedSchema = z.object({
  version: z.literal(1),
  job: z.string(),
  number: z.number().int().min(1),
  before: z.number().int().min(0),
  accepted: z.boolean().optional(),
  choosing: z.literal(true).optional(),
});
type Counted = z.infer<typeof countedSchema>;

type Ledger = Pick<Documents, "get" | "put" | "keys">;

const folderOf = ({ cluster, project }: AttemptDocument): string => `tested/${project}/${cluster}/`;

const repositoryFolder = ({ repository }: AttemptDocument): string =>
  `counted/${repository.owner.toLowerCase()}/${repository.name.toLowerCase()}/`;

/** The plan before the cluster's history: its caps, its null share, and what the sample says of its order. */
export function planOfSample(plan: DecisionPlan, attempt: AttemptDocument, candidates: number): DecisionPlan {
  const { looks, pool } = attempt.sample;
  return {
    ...planFor(guarded(plan, attempt), candidates),
    ...(attempt.level === undefined ? {} : { level: attempt.level }),
    ...(pool === undefined ? {} : { pool }),
    ...(looks === undefined ? {} : { looks }),
  };
}

function guarded(plan: DecisionPlan, { calibration, fidelity }: AttemptDocument): DecisionPlan {
  if (!restsOnModel(plan.theta0, fidelity)) return plan;
  const guardBand = guardBandOf(calibration, fidelity);
  if (guardBand === undefined) return { ...plan, theta0: Math.max(plan.theta0, leastGuard) };
  return { ...plan, theta0: guardedNull(guardBand), guardBand };
}

/** What one error level has to hold for: a job by itself, or all jobs of the repository together (LOND). */
export type ErrorScope = "job" | "repository";

/**
 * Fixes the level of a job before its first replay and remembers it in the ledger. A job on sessions that no earlier job on the cluster has
 * looked at has the whole α; one that shares some has what is left by its number, and so has one that tests an edit again, whatever its sessions:
 * each is one more chance for the same edit. Where the error is bounded over the repository, all its jobs share it by their numbers and by the
 * edits that were accepted, and the smaller level holds. A job that is run again keeps what it had.
 */
export async function commitLevel(
  plan: DecisionPlan,
  attempt: AttemptDocument,
  { job, over = "job" }: { readonly job: string; readonly over?: ErrorScope },
  ledger: Ledger,
): Promise<DecisionPlan> {
  const number = await numberOnCluster(attempt, job, ledger);
  const rules = {
    ...(number === 1 ? {} : { spending: { alpha: plan.alpha, job: number } }),
    ...(over === "job" ? {} : { lond: { alpha: plan.alpha, ...(await placeInRepository(attempt, job, ledger)) } }),
  };
  return { ...plan, alpha: levelLeft(rules) ?? plan.alpha, ...rules };
}

async function numberOnCluster(attempt: AttemptDocument, job: string, ledger: Ledger): Promise<number> {
  const rivals = async (): Promise<Rivals<Tested>> => {
    const tested = await testedBefore(attempt, ledger);
    return {
      own: tested.find((one) => one.job === job),
      others: tested.filter((one) => one.job !== job && (attempt.later === true || shares(one, attempt))),
    };
  };
  const failing = [...new Set(attempt.sample.failing)];
  const keep = (place: Chosen): Promise<void> => ledger.put(`${folderOf(attempt)}${job}`, { version: 1, job, ...place, failing });
  return (await chooseNumber(job, rivals, keep)).number;
}

interface Chosen {
  readonly number: number;
  readonly choosing?: true;
}

interface Rivals<T> {
  readonly own: T | undefined;
  readonly others: readonly T[];
}

/** The number that a job has already, or one that no rival has. */
async function chooseNumber<T extends { readonly job: string; readonly number: number; readonly choosing?: true | undefined }>(
  job: string,
  rivals: () => Promise<Rivals<T>>,
  keep: (place: Chosen, others: readonly T[]) => Promise<void>,
): Promise<Chosen> {
  let { others, own } = await rivals();
  if (own !== undefined && own.choosing === undefined) return { number: own.number };
  let number = 1 + Math.max(0, ...others.map((one) => one.number));
  for (;;) {
    await keep({ number, choosing: true }, others);
    ({ others, own } = await rivals());
    const same = others.filter((one) => one.number === number);
    if (same.length === 0) break;
    // Who yields at the same time must not meet again.
    number = 1 + Math.max(number, ...others.map((one) => one.number)) + same.filter((one) => one.job < job).length;
  }
  await keep({ number }, others);
  return { number };
}

/** The job's number among the repository's, and the edits accepted by jobs of smaller numbers that have ended: what is not known yet counts as none. */
async function placeInRepository(
  attempt: AttemptDocument,
  job: string,
  ledger: Ledger,
): Promise<{ readonly job: number; readonly accepted: number }> {
  const rivals = async (): Promise<Rivals<Counted>> => {
    const counted = await countedBefore(attempt, ledger);
    return { own: counted.find((one) => one.job === job), others: counted.filter((one) => one.job !== job) };
  };
  const { own } = await rivals();
  // What came out since must not raise the level of a job that has begun.
  if (own !== undefined && own.choosing === undefined) return { job: own.number, accepted: own.before };
  let before = 0;
  const keep = (place: Chosen, others: readonly Counted[]): Promise<void> => {
    before = others.filter((one) => one.accepted === true).length;
    return ledger.put(`${repositoryFolder(attempt)}${job}`, { version: 1, job, ...place, before });
  };
  const { number } = await chooseNumber(job, rivals, keep);
  return { job: number, accepted: before };
}

/** After the test, for the repository's later jobs: whether an edit was accepted. Does nothing for a job that is not counted. */
export async function keepAccepted(attempt: AttemptDocument, job: string, accepted: boolean, ledger: Ledger): Promise<void> {
  const own = (await countedBefore(attempt, ledger)).find((one) => one.job === job);
  if (own !== undefined) await ledger.put(`${repositoryFolder(attempt)}${job}`, asJson({ ...own, accepted }));
}

async function countedBefore(attempt: AttemptDocument, ledger: Ledger): Promise<readonly Counted[]> {
  const keys = await ledger.keys(repositoryFolder(attempt));
  return Promise.all(keys.map(async (key) => countedSchema.parse(await ledger.get(key))));
}

/** After the test: only the sessions it looked at are used up. A job that was killed before has used all of its order. */
export async function keepLookedAt(attempt: AttemptDocument, job: string, failing: readonly string[], ledger: Ledger): Promise<void> {
  const own = (await testedBefore(attempt, ledger)).find((one) => one.job === job);
  if (own !== undefined) await ledger.put(`${folderOf(attempt)}${job}`, asJson({ ...own, failing: [...new Set(failing)] }));
}

async function testedBefore(attempt: AttemptDocument, ledger: Ledger): Promise<readonly Tested[]> {
  const keys = await ledger.keys(folderOf(attempt));
  const documents = await Promise.all(keys.map((key) => ledger.get(key)));
  return documents.map((document) => testedSchema.parse(document));
}

function shares(one: Tested, attempt: AttemptDocument): boolean {
  const theirs = new Set(one.failing);
  return attempt.sample.failing.some((id) => theirs.has(id));
}
