import type { Octokit } from "@octokit/rest";
import { repositoryName } from "../../domain/ids.ts";
import type { Proposal, PullRequest } from "../../domain/proposal.ts";
import type { ForgeWriter, Publication, PublishWish } from "../../ports/forge.ts";
import { bringBranch, changedMeanwhile } from "./github-branch.ts";
import { githubClient, githubError, type GithubOptions, isStatus, waitFor } from "./github-client.ts";
import { pullOf } from "./github-reader.ts";

const tries = 4;
/** A longer wish is reported instead: the job's queue waits better than a process that holds a token. */
const longestWait = 120_000;

/**
 * The only thing that writes to GitHub. Every call is one recipe: look, write what is missing, adopt what is there. When a request fails the
 * recipe starts again with looking, so "applied, then failed" and "failed" end alike.
 */
export function githubForge(options: GithubOptions): ForgeWriter {
  const octokit = githubClient(options);
  const again = <T>(what: string, repository: string, work: () => Promise<T>): Promise<T> =>
    lookAgain(work, { what, repository, retry: options.retry });
  return {
    publish: (proposal, wish) =>
      again("publish the pull request", repositoryName(proposal.repository), () => publishOnce(octokit, proposal, wish ?? {})),
    comment: (pull, kind, body) => again("comment", repositoryName(pull.repository), () => commentOnce(octokit, pull, kind, body)),
    check: (pull, result, summary) =>
      again("report a check", repositoryName(pull.repository), () => checkOnce(octokit, pull, result, summary)),
  };
}

interface Attempt {
  readonly what: string;
  readonly repository: string;
  readonly retry: GithubOptions["retry"];
}

async function lookAgain<T>(work: () => Promise<T>, { repository, retry, what }: Attempt): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      // A conflict is looked at once more: what stood in the way may be our own earlier result.
      const wait = waitFor(error, retry.now()) ?? (attempt === 1 && (isStatus(error, 409) || isStatus(error, 422)) ? 0 : undefined);
      if (wait === undefined || wait > longestWait || attempt >= tries) throw githubError(error, what, repository);
      await retry.sleep(wait * attempt, new AbortController().signal);
    }
  }
}

async function publishOnce(octokit: Octokit, proposal: Proposal, wish: PublishWish): Promise<Publication> {
  const { known, merge } = await newestPull(octokit, proposal, wish.settledPull ?? 0);
  const isNew = known === undefined || (known.state === "merged" && (await holdsMerge(octokit, proposal, merge)));
  if (!isNew && known.state === "merged") return { result: "left-alone", why: `#${known.number} is merged already`, pull: known };
  if (!isNew && known.state === "closed") return { result: "left-alone", why: `#${known.number} was closed by a person`, pull: known };
  const changed = isNew ? await changedMeanwhile(octokit, proposal) : undefined;
  if (changed !== undefined)
    return {
      result: "left-alone",
      why: `${changed} was changed on the default branch while the edit was being proven`,
      remedy: "Run the job again: it proves an edit of the text as it is now.",
    };
  const branch = await bringBranch(octokit, proposal, wish);
  if (branch.state === "foreign") return { result: "left-alone", why: branch.why, edited: true, ...(isNew ? {} : { pull: known }) };
  const pull = isNew ? await createPull(octokit, proposal) : await updatePull(octokit, proposal, known);
  if (isFresh(proposal, pull)) {
    await label(octokit, proposal, pull);
    await askReviewers(octokit, proposal, pull);
  }
  return { result: "published", pull: { ...pull, head: branch.head } };
}

/** Whether a proposal was made on a base that holds an earlier merge: then it is about what is left after it, and a pull request of its own. */
async function holdsMerge(octokit: Octokit, proposal: Proposal, merge: string | undefined): Promise<boolean> {
  if (merge === undefined) return false;
  const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
    ...where(proposal.repository),
    basehead: `${merge}...${proposal.commit}`,
  });
  return data.status === "ahead" || data.status === "identical";
}

const where = (repository: Proposal["repository"]): { readonly owner: string; readonly repo: string } => ({
  owner: repository.owner,
  repo: repository.name,
});

/** The newest pull request of the branch that is not settled, and the commit it was merged with. */
async function newestPull(
  octokit: Octokit,
  proposal: Proposal,
  settled: number,
): Promise<{ readonly known?: PullRequest; readonly merge?: string }> {
  const { data } = await octokit.rest.pulls.list({
    ...where(proposal.repository),
    head: `${proposal.repository.owner}:${proposal.branch}`,
    state: "all",
    per_page: 10,
  });
  const newest = data.filter((pull) => pull.number > settled).toSorted((left, right) => right.number - left.number)[0];
  if (newest === undefined) return {};
  const merge = newest.merge_commit_sha === null ? {} : { merge: newest.merge_commit_sha };
  return { known: pullOf(newest, proposal.repository, proposal.branch, true), ...merge };
}

async function createPull(octokit: Octokit, proposal: Proposal): Promise<PullRequest> {
  const { data: repository } = await octokit.rest.repos.get(where(proposal.repository));
  const { data } = await octokit.rest.pulls.create({
    ...where(proposal.repository),
    head: proposal.branch,
    base: repository.default_branch,
    title: proposal.title,
    body: proposal.body,
    draft: proposal.draft,
    maintainer_can_modify: true,
  });
  return pullOf(data, proposal.repository, proposal.branch, false);
}

const toDraft = `mutation ($input: ConvertPullRequestToDraftInput!) { convertPullRequestToDraft(input: $input) { pullRequest { isDraft } } }`;

/** Brings title and page up to date. What has become a draft is made one; a draft is never made ready, for people may have wanted it so. */
async function updatePull(octokit: Octokit, proposal: Proposal, known: PullRequest): Promise<PullRequest> {
  const { data } = await octokit.rest.pulls.get({ ...where(proposal.repository), pull_number: known.number });
  if (proposal.draft && data.draft === false) await octokit.graphql(toDraft, { input: { pullRequestId: data.node_id } });
  if (data.title === proposal.title && data.body === proposal.body) return known;
  await octokit.rest.pulls.update({ ...where(proposal.repository), pull_number: known.number, title: proposal.title, body: proposal.body });
  return known;
}

/** Opened just now, or by an earlier try that did not come to its end: the proposal is still `verified` then. */
const isFresh = (proposal: Proposal, pull: PullRequest): boolean => !pull.adopted || proposal.state === "verified";

/** Labels are a help for people; a repository that forbids them still gets its pull request. Given once: people may take them off. */
async function label(octokit: Octokit, proposal: Proposal, pull: PullRequest): Promise<void> {
  if (proposal.labels.length === 0) return;
  try {
    await octokit.rest.issues.addLabels({ ...where(proposal.repository), issue_number: pull.number, labels: [...proposal.labels] });
  } catch (error) {
    if (!isStatus(error, 403) && !isStatus(error, 404) && !isStatus(error, 422)) throw error;
  }
}

/** Asked once, when it is opened. Each by itself: GitHub asks nobody when one of several names may not review, and a wrong name is no reason to fail. */
async function askReviewers(octokit: Octokit, { repository, reviewers = [] }: Proposal, pull: PullRequest): Promise<void> {
  for (const reviewer of reviewers) {
    const [, team] = reviewer.split("/");
    try {
      await octokit.rest.pulls.requestReviewers({
        ...where(repository),
        pull_number: pull.number,
        ...(team === undefined ? { reviewers: [reviewer] } : { team_reviewers: [team] }),
      });
    } catch (error) {
      if (!isStatus(error, 403) && !isStatus(error, 404) && !isStatus(error, 422)) throw error;
    }
  }
}

async function commentOnce(octokit: Octokit, pull: PullRequest, kind: string, body: string): Promise<void> {
  const marker = `<!-- tuneup:${kind} -->`;
  const own = { ...where(pull.repository), issue_number: pull.number };
  const { data } = await octokit.rest.pulls.get({ ...where(pull.repository), pull_number: pull.number });
  const comments = await octokit.paginate(octokit.rest.issues.listComments, { ...own, per_page: 100 });
  // Anyone can copy the mark: only who opened our pull request, which is us, is believed.
  const known = comments.find((comment) => comment.body?.startsWith(marker) === true && comment.user?.login === data.user.login);
  const text = `${marker}\n${body}`;
  if (known === undefined) await octokit.rest.issues.createComment({ ...own, body: text });
  else if (known.body !== text) await octokit.rest.issues.updateComment({ ...where(pull.repository), comment_id: known.id, body: text });
}

type CheckResult = Parameters<ForgeWriter["check"]>[1];
const statuses: Readonly<Record<CheckResult, "success" | "failure">> = {
  success: "success",
  neutral: "success",
  failure: "failure",
  action_required: "failure",
};

async function checkOnce(octokit: Octokit, pull: PullRequest, result: CheckResult, summary: string): Promise<void> {
  const own = { ...where(pull.repository) };
  try {
    const { data } = await octokit.rest.checks.listForRef({ ...own, ref: pull.head, check_name: "tuneup" });
    const known = data.check_runs[0];
    const content = { status: "completed" as const, conclusion: result, output: { title: "Tuneup", summary } };
    if (known === undefined) await octokit.rest.checks.create({ ...own, name: "tuneup", head_sha: pull.head, ...content });
    else await octokit.rest.checks.update({ ...own, check_run_id: known.id, ...content });
  } catch (error) {
    // Only Apps may write check runs; a plain token has commit statuses.
    if (!isStatus(error, 403)) throw error;
    await octokit.rest.repos.createCommitStatus({
      ...own,
      sha: pull.head,
      state: statuses[result],
      context: "tuneup",
      description: summary.split("\n")[0]?.slice(0, 140) ?? "",
    });
  }
}
