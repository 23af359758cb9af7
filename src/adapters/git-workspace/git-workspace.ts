import { existsSync } from "node:fs";
import { type SimpleGit, simpleGit } from "simple-git";
import { TuneupError } from "../../domain/errors.ts";
import { type CommitSha, commitSha, type RepositoryId } from "../../domain/ids.ts";
import type { Checkout, TreeEntry, Workspace } from "../../ports/workspace.ts";
import { parseTree, type TreeBlob } from "./git-tree.ts";
import { readBlobs } from "./read-blobs.ts";

export interface GitWorkspaceOptions {
  /** Folder of the repository; a bare one is fine. */
  readonly path: string;
  readonly repository: RepositoryId;
}

/** Commits of a local git repository. Reads objects only: the work tree, hooks, filters and the repository's own configuration play no part. */
export function gitWorkspace(options: GitWorkspaceOptions): Workspace {
  return { open: (revision) => openCommit(options, revision) };
}

async function openCommit({ path, repository }: GitWorkspaceOptions, revision: string): Promise<Checkout> {
  if (!existsSync(path)) throw unreadable(path, revision, "there is no such folder", "Check --repo.");
  const git = simpleGit({ baseDir: path, timeout: { block: 120_000 } });
  const commit = await resolveCommit(git, path, revision);
  const blobs = parseTree(await git.raw(["ls-tree", "-r", "-z", "--long", "--full-tree", commit]));
  return checkoutOf({ path, repository, commit, blobs });
}

async function resolveCommit(git: SimpleGit, path: string, revision: string): Promise<CommitSha> {
  // `--end-of-options` keeps a revision that begins with a dash from being read as an option.
  const resolved = await git
    .raw(["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`])
    .catch((error: unknown) => error);
  if (typeof resolved === "string" && /^[0-9a-f]{40}\s*$/.test(resolved)) return commitSha(resolved.trim());
  const message = resolved instanceof Error ? resolved.message : "";
  if (/ENOENT|spawn git/.test(message))
    throw unreadable(path, revision, "git was not found", "Install git and make sure that it is on the PATH.");
  if (/dubious ownership/.test(message))
    throw unreadable(
      path,
      revision,
      "git refuses it because another user owns the folder",
      `Run: git config --global --add safe.directory ${path}`,
    );
  const isRepository = await git.raw(["rev-parse", "--git-dir"]).then(
    () => true,
    () => false,
  );
  if (!isRepository)
    throw unreadable(
      path,
      revision,
      "it is not a git repository",
      "Run in the repository that holds the agent's prompt, or name it with --repo. (`git init` and one commit make one.)",
    );
  const remedy =
    revision === "HEAD"
      ? "The repository has no commit yet: commit the agent's files first."
      : "Check --revision; `git log` lists the commits.";
  throw unreadable(path, revision, `it has no commit "${revision}"`, remedy);
}

const unreadable = (path: string, revision: string, why: string, remedy: string): TuneupError =>
  new TuneupError("repository-unreadable", `The repository at ${path} cannot be read: ${why}.`, { remedy, fields: { path, revision } });

interface OpenCommit {
  readonly path: string;
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  readonly blobs: readonly TreeBlob[];
}

function checkoutOf({ path, repository, commit, blobs }: OpenCommit): Checkout {
  const byPath = new Map(blobs.map((blob) => [blob.path, blob]));
  const entries: readonly TreeEntry[] = blobs.map(({ kind, object, path: file, size }) => ({ kind, path: file, size, object }));
  return {
    repository,
    commit,
    entries: async () => entries,
    read: (paths) =>
      readBlobs(
        path,
        paths.flatMap((one) => byPath.get(one) ?? []),
      ),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
