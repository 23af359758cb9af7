import type { ProbotOctokit } from "probot";
import { repositoryFilePath, setupBranch } from "../../domain/publishing/setup.ts";

/** Where a repository stands on its way to being set up. */
export type SetUpState =
  /** The default branch holds the repository's file, or a person merged the set-up. */
  { readonly state: "set-up" } | { readonly state: "proposed" | "declined"; readonly number: number } | { readonly state: "new" };

export interface RepositoryPlace {
  readonly owner: string;
  readonly repo: string;
}

/** Asked live: the repository itself says it, so nothing of ours can be out of date. */
export async function setUpStateOf(octokit: ProbotOctokit, place: RepositoryPlace): Promise<SetUpState> {
  if ((await repositoryFileAt(octokit, place)) !== undefined) return { state: "set-up" };
  const { data } = await octokit.rest.pulls.list({ ...place, head: `${place.owner}:${setupBranch}`, state: "all", per_page: 10 });
  const newest = data.toSorted((left, right) => right.number - left.number)[0];
  if (newest === undefined) return { state: "new" };
  if (newest.state === "open") return { state: "proposed", number: newest.number };
  // Merged, and the file taken away later: a wish for the defaults.
  return newest.merged_at === null ? { state: "declined", number: newest.number } : { state: "set-up" };
}

/** The text of `.github/tuneup.yml` at a revision, else on the default branch; `undefined` where there is none. */
export async function repositoryFileAt(octokit: ProbotOctokit, place: RepositoryPlace, ref?: string): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.repos.getContent({ ...place, path: repositoryFilePath, ...(ref === undefined ? {} : { ref }) });
    if (Array.isArray(data) || data.type !== "file" || !("content" in data)) return "";
    return Buffer.from(data.content, "base64").toString("utf8");
  } catch (error) {
    // Missing is 404; every other error is an error, never "no file".
    if (error instanceof Error && "status" in error && error.status === 404) return undefined;
    throw error;
  }
}
