import type { ProbotOctokit } from "probot";
import { repositoryFileAt } from "./set-up-state.ts";

/** The repository in which an owner keeps what holds for all others, as GitHub means it. */
export const defaultsRepository = ".github";

/**
 * The text of the owner's defaults, from the default branch of their `.github` repository; `undefined` where there is none. GitHub answers 404 for a
 * private one on which the App is not installed too. Other errors are thrown: what could not be read is not taken for absent.
 */
export async function ownerDefaults(octokit: ProbotOctokit, owner: string, repository: string): Promise<string | undefined> {
  if (repository.toLowerCase() === defaultsRepository) return undefined;
  return repositoryFileAt(octokit, { owner, repo: defaultsRepository });
}
