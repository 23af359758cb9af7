import type { ProbotOctokit } from "probot";
import type { RepositoryId } from "../../domain/ids.ts";
import { type GivenReview, independentApprovers } from "../../domain/publishing/approval.ts";
import { isOurCommit } from "../../domain/publishing/our-commit.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import { safeCode } from "../../domain/text/safe-text.ts";
import { involvedIn } from "../../pipeline/standing/involved.ts";
import { publishedProposal } from "../../pipeline/standing/pulls.ts";
import type { Documents } from "../../ports/ledger.ts";
import { mayWriteNow } from "../commands/permission-look-ups.ts";

export interface ApprovalNowParts {
  readonly documents: Pick<Documents, "get" | "keys">;
  /** Whose approvals count before permissions are asked; `independentApprovers` where absent. */
  readonly approvers?: typeof independentApprovers;
}

/** What is looked at of a pull request, as GitHub says it now. */
export interface LivePull {
  readonly number: number;
  readonly head: string;
  /** How many commits it has by GitHub's own count. */
  readonly commits: number;
  readonly author: string | undefined;
}

/** Whether a person who has no part in a proposal approves it as it is; `why` and `by` are ours, safe to publish. */
export type Approval = { readonly state: "approved"; readonly by: string } | { readonly state: "waiting"; readonly why: string };

const waiting = (why: string): Approval => ({ state: "waiting", why });
/** People whose permission is looked up in one look; strangers may approve too where a repository is public. */
const mostLookUps = 30;

/**
 * Looks whether somebody who may write at this moment, and has no part in it, approves the head of one of our pull requests. Everything is asked live and
 * whole; what cannot be known is no approval. Throws what GitHub answers.
 */
export async function approvalNow(
  octokit: ProbotOctokit,
  place: { readonly repository: RepositoryId; readonly known: KnownPull; readonly live: LivePull },
  parts: ApprovalNowParts,
): Promise<Approval> {
  const { known, live, repository } = place;
  const proposal = await publishedProposal(parts.documents, known.proposal);
  if (proposal === undefined)
    return waiting(
      `The ledger does not know what was proposed here, nor who asked for it. \`/tuneup run ${known.cluster}\` brings both up to date.`,
    );
  const commits = await committers(octokit, repository, live);
  if ("why" in commits) return waiting(commits.why);
  const asked = [...(await involvedIn(parts.documents, known.proposal)), ...(proposal.startedBy === undefined ? [] : [proposal.startedBy])];
  const involved = [...asked, ...commits.logins, ...(live.author === undefined ? [] : [live.author])];
  const reviews = await reviewsOf(octokit, repository, live.number);
  const candidates = (parts.approvers ?? independentApprovers)(reviews, live.head, involved);
  const where = { owner: repository.owner, repo: repository.name };
  for (const login of candidates.slice(0, mostLookUps))
    if (await mayWriteNow(octokit, where, login)) return { state: "approved", by: safeCode(login, 40) };
  return waiting(whyWaiting(reviews, involved, { head: live.head, candidates: candidates.length }));
}

async function reviewsOf(octokit: ProbotOctokit, repository: RepositoryId, number: number): Promise<readonly GivenReview[]> {
  const where = { owner: repository.owner, repo: repository.name, pull_number: number, per_page: 100 };
  const reviews = await octokit.paginate(octokit.rest.pulls.listReviews, where);
  return reviews.map(({ commit_id: commit, state, user }) => ({
    login: user?.login ?? "",
    isPerson: user?.type === "User",
    state,
    commit,
  }));
}

const stranger =
  "A commit on the branch belongs to no account that GitHub knows, so it cannot be told whose it is. Give it an author with an address of their account, or drop it with `/tuneup recreate`.";

/** Everybody whose commits stand on the branch or who is named in ours; or why that cannot be told. */
async function committers(
  octokit: ProbotOctokit,
  repository: RepositoryId,
  live: LivePull,
): Promise<{ readonly logins: readonly string[] } | { readonly why: string }> {
  const where = { owner: repository.owner, repo: repository.name, pull_number: live.number, per_page: 100 };
  const commits = await octokit.paginate(octokit.rest.pulls.listCommits, where);
  // GitHub lists 250 at most.
  if (commits.length < live.commits) return { why: "The branch has more commits than GitHub lists, so it cannot be told whose they are." };
  const logins: string[] = [];
  for (const { author, commit, committer } of commits) {
    const named = [...commit.message.matchAll(/^Co-authored-by: ([A-Za-z\d-]{1,39}) </gm)].flatMap(([, login]) => login ?? []);
    logins.push(...named);
    if (isOurCommit(commit.message, commit.committer?.name)) continue;
    const own = [author, committer].flatMap((account) => (typeof account?.login === "string" ? [account.login] : []));
    if (typeof author?.login !== "string") return { why: stranger };
    logins.push(...own);
  }
  return { logins };
}

const most = 10;

function whyWaiting(
  reviews: readonly GivenReview[],
  involved: readonly string[],
  { candidates, head }: { readonly head: string; readonly candidates: number },
): string {
  const people = [...new Set(involved.map((login) => login.toLowerCase()))].filter((login) => !login.endsWith("[bot]"));
  const names = people.slice(0, most).map((login) => safeCode(login, 40));
  const others =
    people.length === 0
      ? ""
      : `, other than ${names.join(", ")}${people.length > most ? " and others" : ""}, who asked for it or committed to it`;
  const approvals = reviews.filter((review) => review.isPerson && review.state === "APPROVED");
  const notes = [
    approvals.some((review) => people.includes(review.login.toLowerCase()))
      ? "An approval by somebody with a part in it does not count."
      : "",
    approvals.some((review) => review.commit !== head) ? "An approval of an earlier commit does not count for this one." : "",
    candidates > 0 ? "An approval by somebody who may not write here does not count." : "",
  ].filter((note) => note !== "");
  return [`Waits for an approving review of ${safeCode(head.slice(0, 12))} by somebody who may write here${others}.`, ...notes].join(" ");
}
