import type { CommitSha, RepositoryId } from "../domain/ids.ts";

/** A tracked entry of the tree. `file` is a regular non-executable text candidate; everything else is named so that vetting can refuse it. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: "file" | "executable" | "symlink" | "submodule";
  /** Bytes; 0 for submodules. */
  readonly size: number;
  /** Name of the contents: the same for the same bytes, in every commit. Absent where the workspace has no such name. */
  readonly object?: string;
}

/** One commit of a repository, read-only: never the work tree, so that uncommitted changes and hooks play no part. */
export interface Checkout extends AsyncDisposable {
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  /** All tracked entries in path order. */
  entries(): Promise<readonly TreeEntry[]>;
  /** Contents of many paths at once; a path that does not exist or is not a blob is absent from the answer. Bytes are UTF-8 text or the entry is absent. */
  read(paths: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export interface Workspace {
  /** Opens a commit; `HEAD` and branch names are resolved once. Throws `repository-unreadable`, naming what it looked for. */
  open(revision: string): Promise<Checkout>;
}
