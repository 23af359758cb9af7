import type { TreeEntry } from "../../ports/workspace.ts";

/** One line of `git ls-tree -r --long`: a tree entry and the object that holds it. */
export interface TreeBlob extends TreeEntry {
  readonly object: string;
}

const kinds: Readonly<Record<string, TreeEntry["kind"]>> = {
  "100644": "file",
  "100664": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "submodule",
};

/** Parses `git ls-tree -r -z --long`: NUL between entries, so that any byte may stand in a path. */
export function parseTree(output: string): readonly TreeBlob[] {
  return output.split("\0").flatMap((line): TreeBlob[] => {
    const match = /^(\d{6}) \w+ ([0-9a-f]{40,64})\s+(-|\d+)\t([\s\S]+)$/.exec(line);
    const kind = kinds[match?.[1] ?? ""];
    if (match === null || kind === undefined) return [];
    return [{ kind, object: match[2] ?? "", size: match[3] === "-" ? 0 : Number(match[3]), path: match[4] ?? "" }];
  });
}
