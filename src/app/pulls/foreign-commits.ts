import type { ProbotOctokit } from "probot";
import type { RepositoryId } from "../../domain/ids.ts";
import { isOurCommit } from "../../domain/publishing/our-commit.ts";

/** Whether a pull request holds anybody else's commit. */
export async function hasForeignCommits(octokit: ProbotOctokit, repository: RepositoryId, number: number): Promise<boolean> {
  const commits = await octokit.paginate(octokit.rest.pulls.listCommits, {
    owner: repository.owner,
    repo: repository.name,
    pull_number: number,
    per_page: 100,
  });
  return commits.some(({ commit }) => !isOurCommit(commit.message, commit.committer?.name));
}
