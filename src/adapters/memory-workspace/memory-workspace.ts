import { createHash } from "node:crypto";
import { TuneupError } from "../../domain/errors.ts";
import { commitSha, type RepositoryId } from "../../domain/ids.ts";
import type { Checkout, TreeEntry, Workspace } from "../../ports/workspace.ts";

export interface MemoryWorkspaceOptions {
  readonly repository: RepositoryId;
  readonly files: Readonly<Record<string, string>>;
}

/** One commit held in memory: for tests and for benches that run many jobs. */
export function memoryWorkspace({ files, repository }: MemoryWorkspaceOptions): Workspace {
  const paths = Object.keys(files).toSorted();
  const commit = commitSha(
    createHash("sha1")
      .update(JSON.stringify(paths.map((path) => [path, files[path]])))
      .digest("hex"),
  );
  const entries: readonly TreeEntry[] = paths.map((path) => ({ path, kind: "file", size: Buffer.byteLength(files[path] ?? "") }));
  const checkout: Checkout = {
    repository,
    commit,
    entries: async () => entries,
    read: async (wanted) => new Map(wanted.flatMap((path) => (Object.hasOwn(files, path) ? [[path, files[path] ?? ""] as const] : []))),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return {
    async open(revision) {
      if (revision === "HEAD" || revision === commit) return checkout;
      throw new TuneupError("repository-unreadable", `The repository in memory cannot be read: it has no commit "${revision}".`, {
        remedy: "It has one commit, HEAD.",
        fields: { revision },
      });
    },
  };
}
