import type { Octokit } from "@octokit/rest";
import { digestOf } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type CommitSha, commitSha } from "../../domain/ids.ts";
import type { Proposal } from "../../domain/proposal.ts";
import { isOurCommit, proposalTrailer } from "../../domain/publishing/our-commit.ts";
import type { PublishWish } from "../../ports/forge.ts";
import { fileProblem } from "../../domain/publishing/edited-text.ts";
import { isStatus } from "./github-client.ts";

export type Branch = { readonly state: "ours"; readonly head: CommitSha } | { readonly state: "foreign"; readonly why: string };

interface Where {
  readonly owner: string;
  readonly repo: string;
}

const whereOf = (proposal: Proposal): Where => ({ owner: proposal.repository.owner, repo: proposal.repository.name });

/**
 * Brings the branch to hold the proposal's files in verified commits of ours on top of the base: made through GraphQL's `createCommitOnBranch`,
 * which GitHub signs. Looks first, so that a second call changes nothing; a branch with anybody else's commit is left as it is, unless a person asked
 * to have it made anew.
 */
export async function bringBranch(octokit: Octokit, proposal: Proposal, { recreate = false }: PublishWish = {}): Promise<Branch> {
  for (const file of proposal.files) await refuseUnapproved(octokit, proposal, file);
  const tip = (await tipOf(octokit, proposal, proposal.branch)) ?? (await createBranch(octokit, proposal, proposal.branch));
  const compared = await compare(octokit, proposal, tip);
  const foreign = compared.commits.some((one) => !isOurCommit(one.commit.message, one.commit.committer?.name));
  if (foreign && !recreate) return { state: "foreign", why: `someone else has committed to the branch ${proposal.branch}` };
  if (foreign || compared.base !== proposal.commit) return { state: "ours", head: await rebuild(octokit, proposal, tip) };
  const own = { branch: proposal.branch, proposal };
  if (await holdsFiles(octokit, proposal, tip)) return { state: "ours", head: await checked(octokit, own, tip) };
  return { state: "ours", head: await checked(octokit, own, await commit(octokit, own, tip)) };
}

const moveRefs = `mutation ($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }`;

/**
 * Makes the branch anew on the proposal's base. The commit is made beside it and the branch moved there in one step: a branch that stood at its
 * base even for a moment would close the pull request. Moves it only from the tip that was looked at.
 */
async function rebuild(octokit: Octokit, proposal: Proposal, tip: CommitSha): Promise<CommitSha> {
  const beside = { branch: `${proposal.branch}-next`, proposal };
  // What an earlier try left has served its purpose or none.
  if ((await tipOf(octokit, proposal, beside.branch)) !== undefined) await deleteBranch(octokit, beside);
  const base = await createBranch(octokit, proposal, beside.branch);
  const head = await checked(octokit, beside, await commit(octokit, beside, base));
  const { data } = await octokit.rest.repos.get({ ...whereOf(proposal) });
  const move = { name: `refs/heads/${proposal.branch}`, beforeOid: tip, afterOid: head, force: true };
  await octokit.graphql(moveRefs, { input: { repositoryId: data.node_id, refUpdates: [move] } });
  await deleteBranch(octokit, beside);
  return head;
}

interface OwnBranch {
  readonly branch: string;
  readonly proposal: Proposal;
}

async function deleteBranch(octokit: Octokit, { branch, proposal }: OwnBranch): Promise<void> {
  await octokit.rest.git.deleteRef({ ...whereOf(proposal), ref: `heads/${branch}` });
}

async function tipOf(octokit: Octokit, proposal: Proposal, branch: string): Promise<CommitSha | undefined> {
  try {
    const { data } = await octokit.rest.git.getRef({ ...whereOf(proposal), ref: `heads/${branch}` });
    return commitSha(data.object.sha);
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function createBranch(octokit: Octokit, proposal: Proposal, branch: string): Promise<CommitSha> {
  try {
    const { data } = await octokit.rest.git.createRef({ ...whereOf(proposal), ref: `refs/heads/${branch}`, sha: proposal.commit });
    return commitSha(data.object.sha);
  } catch (error) {
    // Another process may have been faster, or an earlier answer was lost: then it is there now.
    const tip = isStatus(error, 422) ? await tipOf(octokit, proposal, branch) : undefined;
    if (tip !== undefined) return tip;
    throw error;
  }
}

async function compare(octokit: Octokit, proposal: Proposal, head: CommitSha) {
  const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ ...whereOf(proposal), basehead: `${proposal.commit}...${head}` });
  return { base: data.merge_base_commit.sha, commits: data.commits, files: data.files ?? [] };
}

async function holdsFiles(octokit: Octokit, proposal: Proposal, ref: CommitSha): Promise<boolean> {
  for (const file of proposal.files) if ((await textOf(octokit, proposal, file.path, ref)) !== file.text) return false;
  return true;
}

/** Before anything is written: the file at the base commit is what the edits were written against, is a plain file, and only the edits change it. */
async function refuseUnapproved(octokit: Octokit, proposal: Proposal, file: Proposal["files"][number]): Promise<void> {
  const text = await textOf(octokit, proposal, file.path, proposal.commit);
  const mode = text === undefined ? undefined : await modeOf(octokit, proposal, file.path);
  const own = proposal.edits.filter((edit) => edit.path === file.path);
  const problem =
    text === undefined || mode !== "100644"
      ? `${file.path} is no plain file at the base commit`
      : fileProblem(file, { text, digest: digestOf(text) }, own);
  if (problem === undefined) return;
  throw new TuneupError("publish-refused", `The proposal ${proposal.id} is not in order: ${problem}.`, {
    remedy: "Nothing was published. Run the job again: the repository may have changed.",
    fields: { proposal: proposal.id, path: file.path },
  });
}

/** A file's mode at the base commit, `100644` for a plain one; `undefined` where there is none. Walks down the tree, so that its size does not matter. */
async function modeOf(octokit: Octokit, proposal: Proposal, path: string): Promise<string | undefined> {
  let tree: string = proposal.commit;
  let mode: string | undefined;
  for (const name of path.split("/")) {
    const { data } = await octokit.rest.git.getTree({ ...whereOf(proposal), tree_sha: tree });
    const entry = data.tree.find((one) => one.path === name);
    if (entry?.sha === undefined) return undefined;
    tree = entry.sha;
    mode = entry.mode;
  }
  return mode;
}

/** A file that no longer holds, on the default branch, what an edit replaces; `undefined` when all do. */
export async function changedMeanwhile(octokit: Octokit, proposal: Proposal): Promise<string | undefined> {
  for (const { path } of proposal.files) {
    const text = await textOf(octokit, proposal, path);
    if (proposal.edits.some((edit) => edit.path === path && text?.includes(edit.before) !== true)) return path;
  }
  return undefined;
}

/** A file's text at a commit, else on the default branch; `undefined` when it is no file there. */
async function textOf(octokit: Octokit, proposal: Proposal, path: string, ref?: CommitSha): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.repos.getContent({ ...whereOf(proposal), path, ...(ref === undefined ? {} : { ref }) });
    return !Array.isArray(data) && data.type === "file" && "content" in data
      ? Buffer.from(data.content, "base64").toString("utf8")
      : undefined;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Who made the commit and for which failure: enough to know a branch again when the ledger is lost. */
const trailersOf = (proposal: Proposal): string =>
  [`${proposalTrailer}: ${proposal.id}`, ...(/^[\w.:-]{1,64}$/.test(proposal.cluster) ? [`Tuneup-Cluster: ${proposal.cluster}`] : [])].join(
    "\n",
  );

const mutation = `mutation ($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }`;

async function commit(octokit: Octokit, { branch, proposal }: OwnBranch, tip: CommitSha): Promise<CommitSha> {
  const [headline = "", ...rest] = proposal.commitMessage.split("\n");
  const body = `${rest.join("\n").trim()}\n${/\n[\w-]+: [^\n]*$/.test(proposal.commitMessage) ? "" : "\n"}${trailersOf(proposal)}`;
  const input = {
    branch: { repositoryNameWithOwner: `${proposal.repository.owner}/${proposal.repository.name}`, branchName: branch },
    message: { headline, body },
    expectedHeadOid: tip,
    fileChanges: {
      additions: proposal.files.map((file) => ({ path: file.path, contents: Buffer.from(file.text, "utf8").toString("base64") })),
    },
  };
  const answer = await octokit.graphql<{ readonly createCommitOnBranch: { readonly commit: { readonly oid: string } } }>(mutation, {
    input,
  });
  return commitSha(answer.createCommitOnBranch.commit.oid);
}

/** What the branch really changes must be what was approved; else it is taken back at once. */
async function checked(octokit: Octokit, own: OwnBranch, head: CommitSha): Promise<CommitSha> {
  const { branch, proposal } = own;
  const { files } = await compare(octokit, proposal, head);
  const expected = new Set(proposal.files.map((file) => file.path));
  const foreign = files.find((file) => !expected.has(file.filename) || file.status !== "modified");
  if (foreign === undefined && files.length === expected.size && (await holdsFiles(octokit, proposal, head))) return head;
  await deleteBranch(octokit, own);
  throw new TuneupError(
    "publish-refused",
    `The branch ${branch} does not hold what was approved${foreign === undefined ? "" : `: ${foreign.filename} is ${foreign.status}`}.`,
    {
      remedy: "The branch was taken back. Run again; if it stays, look for automation that commits to new branches.",
      fields: { branch },
    },
  );
}
