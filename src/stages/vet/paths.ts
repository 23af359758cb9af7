import type { Refusal } from "../../domain/edit.ts";
import type { TreeEntry } from "../../ports/workspace.ts";

/** What no edit may touch, whatever the model or a mapping says. Compared in lower case, so that case tricks gain nothing. */
const protectedPaths: readonly RegExp[] = [
  /(?:^|\/)\.git(?:\/|$|attributes$|ignore$|modules$)/,
  /(?:^|\/)\.github\//,
  /(?:^|\/)\.gitlab/,
  /(?:^|\/)\.circleci\//,
  /(?:^|\/)codeowners$/,
  /(?:^|\/)(?:dockerfile|containerfile|jenkinsfile|makefile|procfile)[^/]*$/,
  /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/,
  /(?:^|\/)azure-pipelines[^/]*$/,
  /(?:^|\/)tuneup\.(?:operator\.)?ya?ml$/,
  /(?:lock|\.lock|lock\.json|lock\.ya?ml|go\.sum)$/,
  /(?:^|\/)(?:package|tsconfig[^/]*|composer)\.json$/,
  /(?:^|\/)(?:pyproject\.toml|setup\.(?:py|cfg)|requirements[^/]*\.txt|cargo\.toml|go\.mod|gemfile)$/,
  /(?:^|\/)\.env[^/]*$/,
  /(?:^|\/)\.(?:npmrc|yarnrc[^/]*|pypirc|netrc|bashrc|profile|vscode|idea|husky)(?:\/|$)/,
  /\.(?:sh|bash|zsh|ps1|bat|cmd|exe|so|dll|dylib|pem|key)$/,
];

/** Files that coding agents and other tools obey: an edit there speaks to more than the agent under test. */
const obeyed =
  /(?:^|\/)(?:claude|agents|gemini|copilot-instructions|skill)\.md$|(?:^|\/)\.(?:cursor|claude|windsurf|aider|continue)(?:\/|rules|$)/;

export interface PathScope {
  readonly entries: readonly TreeEntry[];
  /** Exact paths the operator has named. */
  readonly allowedPaths: readonly string[];
}

/** Every reason why a path may not be edited. */
export function pathRefusals(path: string, scope: PathScope): readonly Refusal[] {
  const refuse = (rule: string, message: string, remedy: string): Refusal => ({ rule, path, message, remedy });
  if (path.startsWith("/") || /(?:^|\/)\.\.(?:\/|$)|\\|\p{Cc}|^[A-Za-z]:/u.test(path) || path.normalize("NFC") !== path) {
    return [refuse("path-form", "the path is not a plain relative path", "Edit a tracked file under its own name.")];
  }
  const entry = scope.entries.find((one) => one.path === path);
  if (entry === undefined)
    return [refuse("path-unknown", "no such file is tracked at this commit", "Edits change files that exist; they create none.")];
  const lower = path.toLowerCase();
  const refusals: Refusal[] = [];
  if (entry.kind !== "file")
    refusals.push(
      refuse("path-kind", `it is ${entry.kind === "executable" ? "executable" : `a ${entry.kind}`}`, "Keep prompts in plain text files."),
    );
  if (protectedPaths.some((pattern) => pattern.test(lower)))
    refusals.push(
      refuse("path-protected", "this file steers builds, reviews or Tuneup itself", "Change it yourself; no setting opens it."),
    );
  if (obeyed.test(lower) && !scope.allowedPaths.includes(path)) {
    refusals.push(
      refuse(
        "path-obeyed",
        "other tools obey this file too",
        `Name the exact path under \`allowedPaths\` in tuneup.operator.yml to allow it.`,
      ),
    );
  }
  return refusals;
}
