import type { Refusal } from "../../domain/edit.ts";
import { isObeyedPath, isPlainPath, isProtectedPath } from "../../domain/publishing/protected-path.ts";
import type { TreeEntry } from "../../ports/workspace.ts";

/** Folders and files whose name begins with a dot belong to tools. */
const dotted = /(?:^|\/)\./;

export interface PathScope {
  readonly entries: readonly TreeEntry[];
  /** Exact paths the operator has named. */
  readonly allowedPaths: readonly string[];
}

const largestFile = 256 * 1024;

/** Every reason why a path may not be edited. */
export function pathRefusals(path: string, scope: PathScope): readonly Refusal[] {
  const refuse = (rule: string, message: string, remedy: string): Refusal => ({ rule, path, message, remedy });
  if (!isPlainPath(path)) return [refuse("path-form", "the path is not a plain relative path", "Edit a tracked file under its own name.")];
  const lower = path.toLowerCase();
  const entry = scope.entries.find((one) => one.path === path);
  if (entry === undefined)
    return [refuse("path-unknown", "no such file is tracked at this commit", "Edits change files that exist; they create none.")];
  if (scope.entries.some((one) => one.path !== path && one.path.normalize("NFC").toLowerCase() === lower))
    return [refuse("path-ambiguous", "another tracked path differs only in case", "Give the two files different names.")];
  return [...entryRefusals(entry, refuse), ...nameRefusals(path, lower, scope, refuse)];
}

type Refuse = (rule: string, message: string, remedy: string) => Refusal;

function entryRefusals(entry: TreeEntry, refuse: Refuse): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (entry.kind !== "file") {
    const what = entry.kind === "executable" ? "executable" : `a ${entry.kind}`;
    refusals.push(refuse("path-kind", `it is ${what}`, "Keep prompts in plain text files."));
  }
  if (entry.size > largestFile)
    refusals.push(refuse("path-size", "the file is larger than 256 KiB", "Keep the prompt in a file of its own."));
  return refusals;
}

function nameRefusals(path: string, lower: string, { allowedPaths }: PathScope, refuse: Refuse): readonly Refusal[] {
  const isObeyed = isObeyedPath(path);
  if (isProtectedPath(path) || (dotted.test(lower) && !isObeyed))
    return [
      refuse("path-protected", "this file steers builds, reviews, tools or Tuneup itself", "Change it yourself; no setting opens it."),
    ];
  if (!isObeyed || allowedPaths.includes(path)) return [];
  const remedy = "Name the exact path under `allowedPaths` in tuneup.operator.yml to allow it.";
  return [refuse("path-obeyed", "coding agents and other tools obey this file too", remedy)];
}

/** What a file's text must be before anything in it may change. */
export function contentRefusals(path: string, text: string): readonly Refusal[] {
  const refuse = (rule: string, message: string, remedy: string): Refusal => ({ rule, path, message, remedy });
  if (text.startsWith("version https://git-lfs.github.com/spec/"))
    return [refuse("path-kind", "it is a pointer to a file kept by Git LFS", "Keep prompts in the repository itself.")];
  return text.includes("\0") || !text.isWellFormed()
    ? [refuse("path-kind", "it is no plain text file", "Keep prompts in plain text files.")]
    : [];
}
