import type { ProbotOctokit } from "probot";
import type { RepositoryId } from "../../domain/ids.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import { repositoryKey } from "../../pipeline/standing/people.ts";
import { rememberInvolved } from "../../pipeline/standing/involved.ts";
import { knownPull, knownPulls } from "../../pipeline/standing/pulls.ts";
import type { JobHandler } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { WriteGuard } from "../../ports/outgoing.ts";
import type { Log } from "../../ports/runtime.ts";
import { isForbidden } from "../checks/check-run.ts";
import { isOurBranch } from "../pulls/pull-change.ts";
import { type Approval, approvalNow, type ApprovalNowParts } from "./approval-now.ts";
import { approvalRequestSchema } from "./approval-request.ts";
import { isCheckRequired } from "./required-check.ts";

/** The check that people may require before a merge. */
export const approvalCheckName = "tuneup approval";

/** Whose approval the operator wants; `anyone`: what GitHub itself asks for is enough, and nothing is said about it. */
export type WantedApproval = "another-person" | "anyone";

export interface ApprovalParts extends ApprovalNowParts {
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  /** The App's number: only its own checks are touched. */
  readonly app: number;
  readonly wanted: WantedApproval;
  /** Does what only one process may do at a time; the guard is asked before each write. */
  readonly alone: <T>(name: string, work: (fence: WriteGuard) => Promise<T>) => Promise<T>;
  readonly log: Log;
}

/** What a check says, and whether a merge may pass. */
export interface Said {
  readonly conclusion: "success" | "action_required" | "skipped";
  readonly title: string;
  readonly summary: string;
}

interface Scope {
  readonly octokit: ProbotOctokit;
  readonly repository: RepositoryId;
}

type Live = Awaited<ReturnType<ProbotOctokit["rest"]["pulls"]["get"]>>["data"];

const whereOf = ({ repository }: Pick<Scope, "repository">): { readonly owner: string; readonly repo: string } => ({
  owner: repository.owner,
  repo: repository.name,
});

/** The job behind everything that may change an approval: looks at one pull request, and says at its head what it finds. */
export function approvalJob(parts: ApprovalParts & { readonly octokit: (installation: number) => Promise<ProbotOctokit> }): JobHandler {
  return async (job, steps) => {
    const { installation, number, owner, pushedBy, repository } = approvalRequestSchema.parse(job.payload);
    await steps.run("look", async () => {
      const scope = { octokit: await parts.octokit(installation), repository: { owner, name: repository } };
      const known = await knownPull(parts.documents, scope.repository, number);
      if (known !== undefined && pushedBy !== undefined) await rememberInvolved(parts.documents, known.proposal, pushedBy);
      await showApproval(scope, number, parts);
    });
  };
}

/**
 * Says at the head of one pull request whether it is approved. Ours always get the check where the operator wants another person; everybody else's, and
 * ours where the operator does not, only where merges wait for it, and then it passes. Any number of calls leave one check, and what is said
 * already is not written again. An App without the permission to write checks says nothing. Returns whether everything could be said.
 */
export async function showApproval(scope: Scope, number: number, parts: ApprovalParts): Promise<boolean> {
  try {
    await parts.alone(`approval ${repositoryKey(scope.repository)}`, async (fence) => {
      const { data: live } = await scope.octokit.rest.pulls.get({ ...whereOf(scope), pull_number: number });
      if (live.state !== "open") return;
      const said = await saidOf(scope, live, parts);
      if (said !== undefined) await put(scope, live.head.sha, said, { ...parts, fence });
    });
    return true;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    parts.log.info({ repository: repositoryKey(scope.repository), pull: number }, "an approval could not be shown");
    return false;
  }
}

/** What the check says of a pull request at this moment; `undefined` where nothing is said about it, or it is closed. */
export async function approvalOf(scope: Scope, number: number, parts: ApprovalParts): Promise<Said | undefined> {
  const { data: live } = await scope.octokit.rest.pulls.get({ ...whereOf(scope), pull_number: number });
  return live.state === "open" ? saidOf(scope, live, parts) : undefined;
}

async function saidOf(scope: Scope, live: Live, parts: ApprovalParts): Promise<Said | undefined> {
  const ours = await oursAt(scope, live, parts);
  if (ours === undefined || parts.wanted === "anyone") {
    if (!(await isCheckRequired(scope.octokit, whereOf(scope), live.base.ref, approvalCheckName))) return undefined;
    const summary =
      ours === undefined
        ? "This is no proposal of Tuneup's."
        : "The operator of this Tuneup leaves approvals to the rules of this repository.";
    return { conclusion: "skipped", title: "Nothing to approve", summary };
  }
  if (ours === "unknown")
    return wordsOf({
      state: "waiting",
      why: "This branch is one of Tuneup's, and the ledger knows no proposal for it. The upkeep looks for it within minutes.",
    });
  const { known, pull } = ours;
  const { base: _base, head, number, user } = pull;
  const facts = { number, head: head.sha, commits: pull.commits, author: user.login };
  return wordsOf(await approvalNow(scope.octokit, { repository: scope.repository, known, live: facts }, parts));
}

function wordsOf(approval: Approval): Said {
  if (approval.state === "waiting") return { conclusion: "action_required", title: "Waits for another person", summary: approval.why };
  return {
    conclusion: "success",
    title: "Approved by another person",
    summary: `${approval.by} approves this commit, and did not ask for it.`,
  };
}

/**
 * The pull request of ours that a head belongs to. A check stands at a commit, so a pull request that somebody opens from the very same commit
 * is treated as ours is: it must not pass for both.
 */
async function oursAt(
  scope: Scope,
  live: Live,
  { documents }: ApprovalParts,
): Promise<{ readonly known: KnownPull; readonly pull: Live } | "unknown" | undefined> {
  const known = await knownPull(documents, scope.repository, live.number);
  if (known !== undefined) return { known, pull: live };
  const inside = live.head.repo?.full_name.toLowerCase() === live.base.repo.full_name.toLowerCase();
  if (inside && isOurBranch(live.head.ref)) return "unknown";
  for (const other of (await knownPulls(documents, scope.repository)).filter((pull) => pull.life === "open")) {
    const { data: pull } = await scope.octokit.rest.pulls.get({ ...whereOf(scope), pull_number: other.number });
    if (pull.state === "open" && pull.head.sha === live.head.sha) return { known: other, pull };
  }
  return undefined;
}

async function put(scope: Scope, head: string, words: Said, { app, fence }: ApprovalParts & { readonly fence: WriteGuard }): Promise<void> {
  const { octokit } = scope;
  const { conclusion, summary, title } = words;
  const where = { ...whereOf(scope), ref: head, check_name: approvalCheckName, app_id: app, per_page: 100 };
  const { data } = await octokit.rest.checks.listForRef(where);
  const known = data.check_runs[0];
  if (known?.conclusion === conclusion && known.output.title === title && known.output.summary === summary) return;
  const repository = `${scope.repository.owner}/${scope.repository.name}`;
  await fence.before({ what: "check", repository, texts: [] });
  const content = { status: "completed" as const, conclusion, output: { title, summary } };
  if (known === undefined) await octokit.rest.checks.create({ ...whereOf(scope), name: approvalCheckName, head_sha: head, ...content });
  else await octokit.rest.checks.update({ ...whereOf(scope), check_run_id: known.id, ...content });
}

const mostPages = 3;
const passedKey = (repository: RepositoryId, head: string): string => `approval-passed/${repositoryKey(repository)}/${head}`;

/**
 * Looks at every open pull request of ours once more, because nothing tells of a permission that was taken away; and, where merges into the default
 * branch wait for the check, at everybody else's newest ones that have none yet.
 */
export async function keepApprovals(scope: Scope, parts: ApprovalParts): Promise<void> {
  const known = await knownPulls(parts.documents, scope.repository);
  const own = parts.wanted === "anyone" ? [] : known.filter((pull) => pull.life === "open");
  for (const { number } of own) await showApproval(scope, number, parts);
  const { octokit } = scope;
  const { data } = await octokit.rest.repos.get(whereOf(scope));
  if (!(await isCheckRequired(octokit, whereOf(scope), data.default_branch, approvalCheckName))) return;
  let pages = 0;
  const query = { ...whereOf(scope), state: "open", base: data.default_branch, per_page: 100 } as const;
  for await (const { data: pulls } of octokit.paginate.iterator(octokit.rest.pulls.list, query)) {
    for (const { head, number } of pulls) {
      const key = passedKey(scope.repository, head.sha);
      if (own.some((pull) => pull.number === number) || (await parts.documents.get(key)) !== undefined) continue;
      if (await showApproval(scope, number, parts)) await parts.documents.put(key, true);
    }
    pages += 1;
    if (pages >= mostPages) break;
  }
}
