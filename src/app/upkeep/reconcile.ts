import type { ProbotOctokit } from "probot";
import { asJson } from "../../domain/digest.ts";
import { clusterId, type ClusterId, type Instant, instant, proposalId, type RepositoryId } from "../../domain/ids.ts";
import type { KnownPull, PullLife } from "../../domain/publishing/standing.ts";
import { ignoreFailure, ignoredFailure } from "../../pipeline/standing/people.ts";
import { keepPull, knownPull } from "../../pipeline/standing/pulls.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Documents, Proposals } from "../../ports/ledger.ts";
import { type PullChange, pullJobName } from "../pulls/pull-change.ts";

export interface ReconcileParts {
  /** Authenticated as the installation on this repository. */
  readonly octokit: ProbotOctokit;
  /** `<slug>[bot]`: only its pull requests are ours. */
  readonly bot: string;
  readonly installation: number;
  readonly repository: RepositoryId;
  readonly queue: Pick<JobQueue, "add">;
  readonly ledger: Documents & Pick<Proposals, "find">;
  readonly now: Instant;
}

/** What was found out of step with the ledger, and put right. */
export interface Reconciled {
  /** Pull requests that the ledger did not know. */
  readonly learned: number;
  /** Pull requests of whose end or reopening the ledger had missed; each is a job now. */
  readonly ended: number;
  /** Our branches without any pull request: left as they are, for a person to look at. */
  readonly orphans: readonly string[];
}

const mostPages = 5;
const ourBranch = /^tuneup\/([0-9a-f]{12})$/;

/** A pull request as far as it is looked at here. */
interface Listed {
  readonly number: number;
  readonly html_url: string;
  readonly title: string;
  readonly state: string;
  readonly merged_at: string | null;
  readonly closed_at: string | null;
  readonly created_at: string;
  readonly head: { readonly ref: string; readonly repo: { readonly full_name: string } | null };
  readonly user: { readonly login: string } | null;
}

/**
 * Rebuilds what the ledger should know from GitHub, which is the truth: our pull requests, those that people merged or closed (closed means: leave this
 * failure alone), and our branches without a pull request. Safe to run at any time and any number of times; writes to the ledger and the queue only.
 */
export async function reconcileRepository(parts: ReconcileParts): Promise<Reconciled> {
  const pulls = await ourPulls(parts);
  let learned = 0;
  let ended = 0;
  for (const pull of pulls) {
    const known = await knownPull(parts.ledger, parts.repository, pull.number);
    const outcome = known === undefined ? await learn(pull, parts) : await catchUp(pull, known, parts);
    if (outcome === "learned") learned += 1;
    if (outcome === "ended") ended += 1;
  }
  const withPull = new Set(pulls.map((pull) => pull.head.ref));
  return { learned, ended, orphans: (await ourBranches(parts)).filter((branch) => !withPull.has(branch)) };
}

const placeOf = ({ repository }: ReconcileParts): { readonly owner: string; readonly repo: string } => ({
  owner: repository.owner,
  repo: repository.name,
});

async function ourPulls(parts: ReconcileParts): Promise<readonly Listed[]> {
  const { bot, octokit } = parts;
  const found: Listed[] = [];
  let pages = 0;
  const query = { ...placeOf(parts), state: "all", sort: "updated", direction: "desc", per_page: 100 } as const;
  for await (const { data } of octokit.paginate.iterator(octokit.rest.pulls.list, query)) {
    found.push(...data);
    pages += 1;
    if (pages >= mostPages) break;
  }
  const own = `${parts.repository.owner}/${parts.repository.name}`.toLowerCase();
  return found.filter(({ head, user }) => user?.login === bot && ourBranch.test(head.ref) && head.repo?.full_name.toLowerCase() === own);
}

async function ourBranches(parts: ReconcileParts): Promise<readonly string[]> {
  const { octokit } = parts;
  const refs = await octokit.paginate(octokit.rest.git.listMatchingRefs, { ...placeOf(parts), ref: "heads/tuneup/" });
  return refs.map(({ ref }) => ref.replace(/^refs\/heads\//, "")).filter((branch) => ourBranch.test(branch));
}

const lifeOf = (pull: Listed): PullLife => (pull.merged_at !== null ? "merged" : pull.state === "open" ? "open" : "closed");
const endOf = (pull: Listed): { readonly endedAt?: Instant } => {
  const at = pull.merged_at ?? pull.closed_at;
  return at === null ? {} : { endedAt: instant(new Date(at).toISOString()) };
};

async function learn(pull: Listed, parts: ReconcileParts): Promise<"learned" | "unknown"> {
  const traits = await traitsOf(pull, parts);
  if (traits === undefined) return "unknown";
  const known: KnownPull = {
    number: pull.number,
    url: pull.html_url,
    title: pull.title,
    branch: pull.head.ref,
    openedAt: instant(new Date(pull.created_at).toISOString()),
    ...traits,
    life: lifeOf(pull),
    ...endOf(pull),
  };
  await keepEnd(known, parts);
  return "learned";
}

/** A change that the ledger has missed takes the same way as one that a webhook tells of: one durable job, which looks how things stand. */
async function catchUp(pull: Listed, known: KnownPull, parts: ReconcileParts): Promise<"ended" | "same"> {
  const life = lifeOf(pull);
  // What Tuneup itself ended is closed at GitHub too.
  const missed = known.life === "open" ? life !== "open" : known.life === "closed" && life === "open";
  if (!missed) return "same";
  const { installation, queue, repository } = parts;
  const change: PullChange = {
    installation,
    owner: repository.owner,
    repository: repository.name,
    number: pull.number,
    action: life === "open" ? "reopened" : "closed",
    by: (await closedBy(known, parts)) ?? "somebody",
  };
  const key = `reconcile/${repository.owner}/${repository.name}/${pull.number}/${pull.closed_at ?? pull.created_at}/${life}`;
  await queue.add({ name: pullJobName, key, payload: asJson(change) });
  return "ended";
}

/** Keeps a pull request, and for one that a person closed the wish to leave its failure alone. */
async function keepEnd(pull: KnownPull, parts: ReconcileParts): Promise<void> {
  const { ledger, now, repository } = parts;
  const by = pull.life === "closed" ? await closedBy(pull, parts) : undefined;
  const byUs = by === parts.bot;
  await keepPull(ledger, repository, {
    ...pull,
    ...(byUs ? { life: "superseded" as const } : {}),
    ...(by === undefined ? {} : { endedBy: by }),
  });
  if (pull.life !== "closed" || byUs || (await ignoredFailure(ledger, repository, pull.cluster)) !== undefined) return;
  await ignoreFailure(ledger, repository, {
    cluster: pull.cluster,
    title: pull.title,
    by: by ?? "somebody",
    at: pull.endedAt ?? now,
    reason: `closed #${pull.number}`,
    pull: pull.number,
  });
}

async function closedBy(pull: KnownPull, parts: ReconcileParts): Promise<string | undefined> {
  const { data } = await parts.octokit.rest.issues.get({ ...placeOf(parts), issue_number: pull.number });
  return data.closed_by?.login;
}

interface Traits {
  readonly proposal: KnownPull["proposal"];
  readonly cluster: ClusterId;
  readonly paths: readonly string[];
}

/** Proposal, failure and files: from the ledger where it still has them, else from the commit's own trailers. */
async function traitsOf(pull: Listed, parts: ReconcileParts): Promise<Traits | undefined> {
  const proposal = proposalId(`p-${ourBranch.exec(pull.head.ref)?.[1] ?? ""}`);
  const stored = await parts.ledger.find(proposal);
  if (stored !== undefined) return { proposal, cluster: stored.cluster, paths: stored.files.map((file) => file.path) };
  const where = { ...placeOf(parts), pull_number: pull.number, per_page: 100 };
  const { data: commits } = await parts.octokit.rest.pulls.listCommits(where);
  const cluster = commits
    .map(({ commit }) => /^Tuneup-Cluster: ([\w.:-]{1,64})$/m.exec(commit.message)?.[1])
    .find((found) => found !== undefined);
  if (cluster === undefined) return undefined;
  const { data: files } = await parts.octokit.rest.pulls.listFiles(where);
  return { proposal, cluster: clusterId(cluster), paths: files.map((file) => file.filename) };
}
