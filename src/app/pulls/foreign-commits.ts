import type { ProbotOctokit } from "probot";
import type { RepositoryId } from "../../domain/ids.ts";

const trailer = /^Tuneup-Proposal: /m;

/** Whether a pull request holds anybody else's commit: one without our trailer, or written by a person. */
export async function hasForeignCommits(octokit: ProbotOctokit, repository: RepositoryId, number: number): Promise<boolean> {
  const commits = await octokit.paginate(octokit.rest.pulls.listCommits, {
    owner: repository.owner,
    repo: repository.name,
    pull_number: number,
    per_page: 100,
  });
  return commits.some(
    ({ author, commit }) => !trailer.test(commit.message) || (author !== null && "type" in author && author.type === "User"),
  );
}
