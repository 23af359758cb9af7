import { matchesGlob } from "node:path";
import { readRepositoryFile, repositoryFilePath, type RepositorySettings, repositorySettings } from "../config/repository-file.ts";
import type { Checkout } from "../ports/workspace.ts";

export interface RepositoryWishes {
  readonly repository: RepositorySettings;
  /** Files that its `ignore` patterns cover, in path order. */
  readonly ignoredPaths: readonly string[];
}

/** What the checked-out commit's `.github/tuneup.yml` asks for. Throws `config-invalid` with every problem in it. */
export async function repositoryWishes(checkout: Checkout): Promise<RepositoryWishes> {
  const files = await checkout.read([repositoryFilePath]);
  const repository = repositorySettings(readRepositoryFile(files.get(repositoryFilePath)));
  const patterns = repository.ignore ?? [];
  if (patterns.length === 0) return { repository, ignoredPaths: [] };
  const entries = await checkout.entries();
  const paths = entries.map((entry) => entry.path).filter((path) => patterns.some((pattern) => matchesGlob(path, pattern)));
  return { repository, ignoredPaths: paths };
}
