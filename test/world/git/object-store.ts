import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";

export type ObjectType = "blob" | "tree" | "commit" | "tag";

export interface GitObject {
  readonly type: ObjectType;
  readonly content: Buffer;
}

export interface TreeEntry {
  /** As git writes it: `100644`, `100755`, `120000`, `160000`, `40000`. */
  readonly mode: string;
  readonly name: string;
  readonly sha: string;
}

/** One file of a whole tree; a submodule has mode `160000` and a commit's id. */
export interface FileEntry {
  readonly mode: string;
  readonly sha: string;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970, UTC. */
  readonly at: number;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
}

/**
 * The objects of a bare git repository, written in git's own loose format without starting a process, so that every git program reads them.
 * What arrived packed is read through `git cat-file`.
 */
export class ObjectStore {
  readonly folder: string;
  readonly #known = new Map<string, GitObject>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Stores an object and returns its id. */
  write(type: ObjectType, content: Buffer): string {
    const whole = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    const sha = createHash("sha1").update(whole).digest("hex");
    const path = this.#path(sha);
    if (!existsSync(path)) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, deflateSync(whole, { level: 1 }));
    }
    this.#known.set(sha, { type, content });
    return sha;
  }

  read(sha: string): GitObject | undefined {
    const known = this.#known.get(sha);
    if (known !== undefined || !/^[0-9a-f]{40}$/.test(sha)) return known;
    const found = existsSync(this.#path(sha)) ? parseLoose(inflateSync(readFileSync(this.#path(sha)))) : this.#readPacked(sha);
    if (found !== undefined) this.#known.set(sha, found);
    return found;
  }

  blob(sha: string): Buffer | undefined {
    const found = this.read(sha);
    return found?.type === "blob" ? found.content : undefined;
  }

  commit(sha: string): Commit | undefined {
    const found = this.read(sha);
    return found?.type === "commit" ? parseCommit(sha, found.content.toString("utf8")) : undefined;
  }

  tree(sha: string): readonly TreeEntry[] | undefined {
    const found = this.read(sha);
    return found?.type === "tree" ? parseTree(found.content) : undefined;
  }

  /** All files below a tree, by path, in git's order. */
  files(tree: string, prefix = ""): Map<string, FileEntry> {
    const all = new Map<string, FileEntry>();
    for (const { mode, name, sha } of this.tree(tree) ?? []) {
      if (mode === "40000") for (const [path, entry] of this.files(sha, `${prefix}${name}/`)) all.set(path, entry);
      else all.set(`${prefix}${name}`, { mode, sha });
    }
    return all;
  }

  /** Writes the trees that hold these files; returns the topmost one. */
  writeTree(files: ReadonlyMap<string, FileEntry>): string {
    const below = new Map<string, Map<string, FileEntry>>();
    const entries: TreeEntry[] = [];
    for (const [path, entry] of files) {
      const [first = "", ...rest] = path.split("/");
      if (rest.length === 0) entries.push({ name: first, ...entry });
      else below.set(first, (below.get(first) ?? new Map<string, FileEntry>()).set(rest.join("/"), entry));
    }
    for (const [name, inner] of below) entries.push({ mode: "40000", name, sha: this.writeTree(inner) });
    const key = ({ mode, name }: TreeEntry): string => (mode === "40000" ? `${name}/` : name);
    const sorted = entries.toSorted((left, right) => Buffer.compare(Buffer.from(key(left)), Buffer.from(key(right))));
    return this.write(
      "tree",
      Buffer.concat(sorted.map(({ mode, name, sha }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, "hex")]))),
    );
  }

  writeCommit(parts: Omit<Commit, "sha">): string {
    const person = ({ at, email, name }: Person): string => `${name} <${email}> ${at} +0000`;
    const head = [
      `tree ${parts.tree}`,
      ...parts.parents.map((parent) => `parent ${parent}`),
      `author ${person(parts.author)}`,
      `committer ${person(parts.committer)}`,
    ];
    return this.write("commit", Buffer.from(`${head.join("\n")}\n\n${parts.message}`));
  }

  #path(sha: string): string {
    return join(this.folder, "objects", sha.slice(0, 2), sha.slice(2));
  }

  #readPacked(sha: string): GitObject | undefined {
    if (!existsSync(join(this.folder, "objects", "pack"))) return undefined;
    const git = (...args: readonly string[]): Buffer =>
      execFileSync("git", ["-C", this.folder, "cat-file", ...args], { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] });
    try {
      const type = git("-t", sha).toString("utf8").trim() as ObjectType;
      return { type, content: git(type, sha) };
    } catch {
      return undefined;
    }
  }
}

function parseLoose(whole: Buffer): GitObject {
  const end = whole.indexOf(0);
  const [type = "blob"] = whole.subarray(0, end).toString("utf8").split(" ");
  return { type: type as ObjectType, content: whole.subarray(end + 1) };
}

function parseTree(content: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    entries.push({
      mode: content.subarray(at, space).toString("utf8"),
      name: content.subarray(space + 1, end).toString("utf8"),
      sha: content.subarray(end + 1, end + 21).toString("hex"),
    });
    at = end + 21;
  }
  return entries;
}

function parseCommit(sha: string, text: string): Commit {
  const split = text.indexOf("\n\n");
  const lines = text.slice(0, split).split("\n");
  const all = (name: string): string[] => lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const person = (line = ""): Person => {
    const [, name = "", email = "", at = "0"] = /^(.*) <(.*)> (\d+) /.exec(line) ?? [];
    return { name, email, at: Number(at) };
  };
  return {
    sha,
    tree: all("tree")[0] ?? "",
    parents: all("parent"),
    author: person(all("author")[0]),
    committer: person(all("committer")[0]),
    message: text.slice(split + 2),
  };
}
