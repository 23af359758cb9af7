import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Commit, type FileEntry, ObjectStore, type Person } from "./object-store.ts";

/** Where branches point. Two kinds: the files of a repository, and a photograph of them for answers that are out of date. */
export interface RefStore {
  get(branch: string): string | undefined;
  set(branch: string, sha: string): void;
  delete(branch: string): boolean;
  names(): readonly string[];
}

class FileRefs implements RefStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, "refs", "heads");
  }

  get(branch: string): string | undefined {
    const path = join(this.#folder, branch);
    if (branch === "" || branch.split("/").some((part) => part === ".." || part === ".")) return undefined;
    try {
      return readFileSync(path, "utf8").trim();
    } catch {
      return undefined;
    }
  }

  set(branch: string, sha: string): void {
    const path = join(this.#folder, branch);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${sha}\n`);
  }

  delete(branch: string): boolean {
    const known = this.get(branch) !== undefined;
    if (known) rmSync(join(this.#folder, branch));
    return known;
  }

  names(): readonly string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".lock"))
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#folder.length + 1))
      .toSorted();
  }
}

class FrozenRefs implements RefStore {
  readonly #heads: ReadonlyMap<string, string>;

  constructor(refs: RefStore) {
    this.#heads = new Map(refs.names().map((name) => [name, refs.get(name) ?? ""]));
  }

  get(branch: string): string | undefined {
    return this.#heads.get(branch);
  }

  set(): void {
    throw new Error("a photograph cannot be written to");
  }

  delete(): boolean {
    throw new Error("a photograph cannot be written to");
  }

  names(): readonly string[] {
    return [...this.#heads.keys()];
  }
}

export interface ChangedFile {
  readonly filename: string;
  readonly status: "added" | "removed" | "modified";
  readonly before?: FileEntry;
  readonly after?: FileEntry;
}

export type Merge = { readonly result: "clean"; readonly tree: string } | { readonly result: "conflict" };

/** A bare git repository on disk: real objects and refs that `git clone` reads. */
export class BareRepository {
  readonly objects: ObjectStore;
  readonly refs: RefStore;

  constructor(objects: ObjectStore, refs: RefStore) {
    this.objects = objects;
    this.refs = refs;
  }

  /** An empty repository in this folder. */
  static make(folder: string): BareRepository {
    for (const inner of ["objects", "refs/heads", "refs/tags"]) mkdirSync(join(folder, inner), { recursive: true });
    writeFileSync(join(folder, "HEAD"), "ref: refs/heads/main\n");
    // Pushes are kept as loose objects; any commit may be fetched by its id, as on GitHub.
    writeFileSync(
      join(folder, "config"),
      "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[http]\n\treceivepack = true\n[receive]\n\tunpackLimit = 100000\n[uploadpack]\n\tallowAnySHA1InWant = true\n[gc]\n\tauto = 0\n",
    );
    return new BareRepository(new ObjectStore(folder), new FileRefs(folder));
  }

  get folder(): string {
    return this.objects.folder;
  }

  /** The same objects, with branches as they are now. */
  photograph(): BareRepository {
    return new BareRepository(this.objects, new FrozenRefs(this.refs));
  }

  /** A branch, a full ref or a commit id, resolved to a commit. */
  resolve(name: string): Commit | undefined {
    const branch = name.replace(/^refs\/heads\/|^heads\//, "");
    const sha = this.refs.get(name) ?? this.refs.get(branch);
    return this.objects.commit(sha ?? name);
  }

  filesAt(name: string): Map<string, FileEntry> {
    const commit = this.resolve(name);
    return commit === undefined ? new Map() : this.objects.files(commit.tree);
  }

  textAt(name: string, path: string): string | undefined {
    const entry = this.filesAt(name).get(path);
    return entry === undefined ? undefined : this.objects.blob(entry.sha)?.toString("utf8");
  }

  /** Commits a change of text files; `undefined` as content removes a file. Does not move a branch. */
  commitFiles(
    parents: readonly string[],
    changes: Readonly<Record<string, string | Buffer | undefined>>,
    by: { readonly author: Person; readonly committer?: Person; readonly message: string },
  ): string {
    const [parent] = parents;
    const files = parent === undefined ? new Map<string, FileEntry>() : this.filesAt(parent);
    for (const [path, content] of Object.entries(changes)) {
      if (content === undefined) files.delete(path);
      else files.set(path, { mode: files.get(path)?.mode ?? "100644", sha: this.objects.write("blob", Buffer.from(content)) });
    }
    return this.objects.writeCommit({
      tree: this.objects.writeTree(files),
      parents,
      author: by.author,
      committer: by.committer ?? by.author,
      message: by.message,
    });
  }

  /** A commit and all that it descends from, nearest first. */
  ancestors(sha: string): Set<string> {
    const seen = new Set<string>();
    const waiting = [sha];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const commit = seen.has(next) ? undefined : this.objects.commit(next);
      if (commit === undefined) continue;
      seen.add(next);
      waiting.push(...commit.parents);
    }
    return seen;
  }

  /** The nearest commit that both descend from. */
  mergeBase(left: string, right: string): string | undefined {
    const others = this.ancestors(right);
    return [...this.ancestors(left)].find((sha) => others.has(sha));
  }

  /** Commits of `head` that `base` lacks, oldest first. */
  between(base: string, head: string): readonly Commit[] {
    const known = this.ancestors(base);
    const found = [...this.ancestors(head)].filter((sha) => !known.has(sha)).flatMap((sha) => this.objects.commit(sha) ?? []);
    return found.toReversed();
  }

  changedFiles(from: string, to: string): readonly ChangedFile[] {
    const [before, after] = [this.filesAt(from), this.filesAt(to)];
    return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((filename): readonly ChangedFile[] => {
      const [left, right] = [before.get(filename), after.get(filename)];
      if (left?.sha === right?.sha && left?.mode === right?.mode) return [];
      if (left === undefined) return right === undefined ? [] : [{ filename, status: "added", after: right }];
      if (right === undefined) return [{ filename, status: "removed", before: left }];
      return [{ filename, status: "modified", before: left, after: right }];
    });
  }

  /** Merges two commits as git does. */
  merge(base: string, head: string): Merge {
    const ancestor = this.mergeBase(base, head);
    if (ancestor === base) return { result: "clean", tree: this.objects.commit(head)?.tree ?? "" };
    if (ancestor === head) return { result: "clean", tree: this.objects.commit(base)?.tree ?? "" };
    try {
      const out = execFileSync("git", ["-C", this.folder, "merge-tree", "--write-tree", base, head], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      return { result: "clean", tree: out.toString("utf8").trim() };
    } catch {
      return { result: "conflict" };
    }
  }

  /** Brings everything of another repository on this machine into this one: objects and branches. */
  fetchFrom(folder: string): void {
    execFileSync("git", ["-C", this.folder, "-c", "fetch.unpackLimit=100000", "fetch", "--quiet", folder, "+refs/heads/*:refs/heads/*"], {
      stdio: "ignore",
    });
  }
}
