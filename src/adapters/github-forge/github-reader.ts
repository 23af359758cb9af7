import { commitSha, repositoryName } from "../../domain/ids.ts";
import type { PullRequest } from "../../domain/proposal.ts";
import type { ForgeReader } from "../../ports/forge.ts";
import { githubClient, githubError, type GithubOptions, isStatus } from "./github-client.ts";

const levels: Readonly<Record<string, "none" | "read" | "write" | "admin">> = {
  none: "none",
  read: "read",
  triage: "read",
  write: "write",
  maintain: "write",
  admin: "admin",
};

/** What may be asked of GitHub; every answer is live, and an error is an error. */
export function githubReader(options: GithubOptions): ForgeReader {
  const octokit = githubClient(options);
  return {
    async describe(repository) {
      const where = { owner: repository.owner, repo: repository.name };
      try {
        const { data } = await octokit.rest.repos.get(where);
        const branch = await octokit.rest.repos.getBranch({ ...where, branch: data.default_branch });
        return {
          defaultBranch: data.default_branch,
          head: commitSha(branch.data.commit.sha),
          visibility: data.private ? "private" : "public",
        };
      } catch (error) {
        throw githubError(error, "read the repository", repositoryName(repository));
      }
    },
    async permission(repository, login) {
      try {
        const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({
          owner: repository.owner,
          repo: repository.name,
          username: login,
        });
        return levels[data.permission] ?? "none";
      } catch (error) {
        if (isStatus(error, 404)) return "none";
        throw githubError(error, "look up a permission", repositoryName(repository));
      }
    },
    async findPullRequest(repository, branch) {
      try {
        const { data } = await octokit.rest.pulls.list({
          owner: repository.owner,
          repo: repository.name,
          head: `${repository.owner}:${branch}`,
          state: "all",
          per_page: 10,
        });
        const newest = data.toSorted((left, right) => right.number - left.number)[0];
        return newest === undefined ? undefined : pullOf(newest, repository, branch, true);
      } catch (error) {
        throw githubError(error, "list pull requests", repositoryName(repository));
      }
    },
  };
}

interface FoundPull {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly merged_at?: string | null;
  readonly head: { readonly sha: string };
}

/** GitHub's pull request in our words. */
export const pullOf = (found: FoundPull, repository: PullRequest["repository"], branch: string, adopted: boolean): PullRequest => ({
  repository,
  number: found.number,
  url: found.html_url,
  branch,
  head: commitSha(found.head.sha),
  state: found.merged_at !== null && found.merged_at !== undefined ? "merged" : found.state === "open" ? "open" : "closed",
  adopted,
});
