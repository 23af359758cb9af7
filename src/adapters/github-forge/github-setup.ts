import type { Octokit } from "@octokit/rest";
import { TuneupError } from "../../domain/errors.ts";
import { repositoryName } from "../../domain/ids.ts";
import { repositoryFilePath, setupBranch, type SetupProposal } from "../../domain/publishing/setup.ts";
import type { Publication, SetupWriter } from "../../ports/forge.ts";
import { githubClient, githubError, type GithubOptions, isStatus } from "./github-client.ts";
import { pullOf } from "./github-reader.ts";

/** Opens the pull request that sets Tuneup up, on GitHub. A failed request is thrown: the job looks again when it is run again. */
export function githubSetup(options: GithubOptions): SetupWriter {
  const octokit = githubClient(options);
  return {
    async setUp(setup) {
      try {
        return await setUpOnce(octokit, setup);
      } catch (error) {
        throw error instanceof TuneupError ? error : githubError(error, "set Tuneup up", repositoryName(setup.repository));
      }
    },
  };
}

/** What people did stands: a closed pull request stays closed, and a branch that somebody changed keeps its files; only the page follows. */
async function setUpOnce(octokit: Octokit, setup: SetupProposal): Promise<Publication> {
  const { repository } = setup;
  const where = { owner: repository.owner, repo: repository.name };
  const { data: pulls } = await octokit.rest.pulls.list({
    ...where,
    head: `${repository.owner}:${setupBranch}`,
    state: "all",
    per_page: 10,
  });
  const newest = pulls.toSorted((left, right) => right.number - left.number)[0];
  const known = newest === undefined ? undefined : pullOf(newest, repository, setupBranch, true);
  if (known?.state === "merged") return { result: "left-alone", why: `#${known.number} is merged already`, pull: known };
  if (known?.state === "closed") return { result: "left-alone", why: `#${known.number} was closed by a person`, pull: known };
  const page = { title: setup.title, body: setup.body };
  if (known !== undefined) {
    if (newest?.title !== page.title || newest.body !== page.body)
      await octokit.rest.pulls.update({ ...where, pull_number: known.number, ...page });
    return { result: "published", pull: known };
  }
  await bringFile(octokit, setup);
  const { data: about } = await octokit.rest.repos.get(where);
  const { data } = await octokit.rest.pulls.create({ ...where, head: setupBranch, base: about.default_branch, ...page });
  return { result: "published", pull: pullOf(data, repository, setupBranch, false) };
}

/** The branch with the file in one verified commit; nothing is written where an earlier try has done so. */
async function bringFile(octokit: Octokit, { commit, repository, text, title }: SetupProposal): Promise<void> {
  const where = { owner: repository.owner, repo: repository.name };
  if (!(await exists(() => octokit.rest.git.getRef({ ...where, ref: `heads/${setupBranch}` }))))
    await octokit.rest.git.createRef({ ...where, ref: `refs/heads/${setupBranch}`, sha: commit });
  if (await exists(() => octokit.rest.repos.getContent({ ...where, path: repositoryFilePath, ref: setupBranch }))) return;
  await octokit.rest.repos.createOrUpdateFileContents({
    ...where,
    path: repositoryFilePath,
    branch: setupBranch,
    message: `${title}\n\nMerging this turns Tuneup on; closing it turns it off.`,
    content: Buffer.from(text, "utf8").toString("base64"),
  });
}

async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}
