import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { gitWorkspace } from "../../src/adapters/git-workspace/git-workspace.ts";
import { memoryWorkspace } from "../../src/adapters/memory-workspace/memory-workspace.ts";
import type { Checkout } from "../../src/ports/workspace.ts";

/** A repository to search, at one commit. */
export interface Repository {
  readonly name: string;
  /** Folder of the git repository; absent for one made of files. */
  readonly folder?: string;
  readonly checkout: Checkout;
}

const isGit = (folder: string): boolean => existsSync(join(folder, "HEAD")) || existsSync(join(folder, ".git"));

/** All git repositories in a folder, or one level below it, by name. Those without a commit are left out. */
export async function repositoriesIn(folder: string): Promise<readonly Repository[]> {
  const found: Repository[] = [];
  for (const entry of readdirSync(folder).toSorted()) {
    const place = [join(folder, entry), join(folder, entry, "repo")].find(
      (one) => existsSync(one) && statSync(one).isDirectory() && isGit(one),
    );
    if (place === undefined) continue;
    const name = basename(entry);
    const workspace = gitWorkspace({ path: place, repository: { owner: "corpus", name } });
    const checkout = await workspace.open("HEAD").catch(() => undefined);
    if (checkout !== undefined) found.push({ name, folder: place, checkout });
  }
  return found;
}

/** A repository of the files below a folder. */
export async function repositoryOf(name: string, folder: string, skip: RegExp): Promise<Repository> {
  const files: Record<string, string> = {};
  const walk = (path: string): void => {
    for (const entry of readdirSync(join(folder, path)).toSorted()) {
      const inner = path === "" ? entry : `${path}/${entry}`;
      if (skip.test(inner)) continue;
      const place = join(folder, inner);
      const facts = statSync(place);
      if (facts.isDirectory()) walk(inner);
      else if (facts.size > 0 && facts.size < 512 * 1024) files[inner] = readFileSync(place, "utf8");
    }
  };
  walk("");
  return { name, checkout: await memoryWorkspace({ repository: { owner: "corpus", name }, files }).open("HEAD") };
}
