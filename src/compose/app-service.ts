import { join } from "node:path";
import type { ProbotOctokit } from "probot";
import { fetchCommit } from "../adapters/git-mirror/git-mirror.ts";
import type { Environment } from "../config/environment.ts";
import type { OperatorSettings } from "../config/operator-file.ts";
import { TuneupError } from "../domain/errors.ts";
import { githubPages } from "../domain/github-address.ts";

/** The trace project that the operator bound to a repository, if any. A repository never says itself whose traces it may see. */
export const boundProject = (repository: string, operator: OperatorSettings): string | undefined =>
  Object.entries(operator.repositories ?? {}).find(([name]) => name.toLowerCase() === repository.toLowerCase())?.[1].project;

/** The same; throws `config-invalid` for a repository that is bound to none. */
export function projectBoundTo(repository: string, operator: OperatorSettings): string {
  const bound = boundProject(repository, operator);
  if (bound !== undefined) return bound;
  throw new TuneupError("config-invalid", `${repository} is not bound to a trace project.`, {
    remedy: "The operator of this Tuneup adds it under `repositories` in tuneup.operator.yml.",
    fields: { repository },
  });
}

/** Where git finds a repository: github.com, or the Enterprise Server behind the API address. */
export const cloneUrl = (repository: string, apiUrl: string | undefined): string => `${githubPages(apiUrl)}/${repository}.git`;

/** Fetches one commit into this installation's mirror of the repository and returns its folder. */
export async function mirrorCommit(
  place: { readonly repository: string; readonly commit: string; readonly token: string },
  parts: { readonly data: string; readonly environment: Environment; readonly signal: AbortSignal },
): Promise<string> {
  const folder = join(parts.data, "mirrors", `${place.repository.toLowerCase()}.git`);
  await fetchCommit({
    folder,
    url: cloneUrl(place.repository, parts.environment.githubApiUrl),
    commit: place.commit,
    token: place.token,
    path: parts.environment.path,
    signal: parts.signal,
  });
  return folder;
}

const permissions = {
  read: { contents: "read", metadata: "read" },
  write: { contents: "write", pull_requests: "write", metadata: "read" },
} as const;

/** Mints a token for one repository with the least permissions; GitHub lets it live for an hour. */
export async function mintToken(
  app: ProbotOctokit,
  place: { readonly installation: number; readonly repository: string },
  access: keyof typeof permissions,
): Promise<string> {
  const { data } = await app.rest.apps.createInstallationAccessToken({
    installation_id: place.installation,
    repositories: [place.repository],
    permissions: { ...permissions[access] },
  });
  return data.token;
}
