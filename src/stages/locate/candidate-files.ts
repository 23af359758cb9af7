import type { TreeEntry } from "../../ports/workspace.ts";

const largest = 1024 * 1024;
const skippedFolders =
  /(?:^|\/)(?:node_modules|vendor|third_party|dist|build|out|target|__pycache__|__snapshots__|\.git|\.next|\.venv|venv|coverage|wandb\/run-[^/]*)\//;
const skippedFiles =
  /(?:\.min\.(?:js|css)|\.map|\.svg|\.csv|\.tsv|\.parquet|\.ipynb_checkpoints|\.lock|\.snap|\.pem|\.key|\.log)$|(?:^|\/)(?:package-lock\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|poetry\.lock|uv\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock)$/i;

/** Files that a prompt may be written in: text by name, at most 1 MiB, not vendored, built, locked or recorded. */
export const candidateFiles = (entries: readonly TreeEntry[]): readonly TreeEntry[] =>
  entries.filter(
    (entry) =>
      (entry.kind === "file" || entry.kind === "executable") &&
      entry.size > 0 &&
      entry.size <= largest &&
      !skippedFolders.test(entry.path) &&
      !skippedFiles.test(entry.path),
  );

const secondary =
  /(?:^|\/)(?:tests?|__tests__|spec|specs|docs?|examples?|samples?|fixtures?|snapshots?|benchmarks?|archive|backup|old)(?:\/|$)|(?:\.|_|-)(?:test|spec|bak|orig|old)\.|(?:^|\/)(?:readme|changelog|history)\b/i;
const telling = /prompt|system|instruct|agent|policy/i;
const proseFile = /\.(?:md|mdx|txt|prompt|prompty|ya?ml|j2|jinja2?|tmpl|toml)$/i;

/** Whether a path is of the kind that quotes or tests a prompt rather than running it. */
export const isSecondary = (path: string): boolean => secondary.test(path);

/** How likely a path is to hold the prompt that runs, as a factor near 1. */
export const pathPrior = (path: string): number =>
  (isSecondary(path) ? 0.9 : 1) * (telling.test(path) ? 1.03 : 1) * (proseFile.test(path) ? 1.01 : 1);

/** Plain prose has no escapes that stand for something else. */
export const isProse = (path: string): boolean => /\.(?:md|mdx|txt|prompt|prompty|j2|jinja2?|tmpl)$/i.test(path);
