import { matchesGlob } from "node:path";
import {
  readRepositoryFile,
  repositoryFilePath,
  type RepositorySettings,
  repositorySettings,
  withDefaults,
} from "../config/repository-file.ts";
import type { Checkout } from "../ports/workspace.ts";

export interface RepositoryWishes {
  readonly repository: RepositorySettings;
  /** Files that its `ignore` patterns cover, in path order. */
  readonly ignoredPaths: readonly string[];
}

/** The owner's defaults for all of their repositories: the file's text, and where people find it. */
export interface OwnerDefaults {
  readonly text: string;
  readonly where: string;
}

/**
 * What the checked-out commit's `.github/tuneup.yml` asks for, the owner's defaults below it. Throws `config-invalid` with every problem in either, and
 * says in which.
 */
export async function repositoryWishes(checkout: Checkout, defaults?: OwnerDefaults): Promise<RepositoryWishes> {
  const files = await checkout.read([repositoryFilePath]);
  const own = repositorySettings(readRepositoryFile(files.get(repositoryFilePath)));
  const repository =
    defaults === undefined ? own : withDefaults(own, repositorySettings(readRepositoryFile(defaults.text), defaults.where));
  const patterns = repository.ignore ?? [];
  if (patterns.length === 0) return { repository, ignoredPaths: [] };
  const entries = await checkout.entries();
  const paths = entries.map((entry) => entry.path).filter((path) => patterns.some((pattern) => matchesGlob(path, pattern)));
  return { repository, ignoredPaths: paths };
}
