import type { Refusal } from "../../domain/edit.ts";
import type { TreeEntry } from "../../ports/workspace.ts";

/** Files that steer builds, reviews, deployments, editors or Tuneup itself, by their whole path in lower case. */
const protectedPaths: readonly RegExp[] = [
  /(?:^|\/)\.git(?:\/|$|attributes$|ignore$|modules$|keep$)/,
  /(?:^|\/)\.github\/(?:workflows|actions)\//,
  /(?:^|\/)(?:codeowners|owners|dependabot\.ya?ml|renovate\.json5?)$/,
  /(?:^|\/)tuneup(?:\.operator)?\.ya?ml$/,
  /(?:^|\/)(?:dockerfile|containerfile|jenkinsfile|makefile|procfile|justfile|rakefile|vagrantfile|gnumakefile)[^/]*$|\.(?:dockerfile|mk)$/,
  /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/,
  /(?:^|\/)(?:azure-pipelines|bitbucket-pipelines|cloudbuild|appveyor|buildspec|circle|codemagic|serverless|wercker)[^/]*\.ya?ml$/,
  /(?:^|\/)(?:vercel|netlify|fly|railway|wrangler|firebase|now|app|lerna|nx|turbo|deno)\.(?:jsonc?|toml)$/,
  /\.lockb?$|(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|packages\.lock\.json|pnpm-lock\.ya?ml|go\.sum|gradle\.lockfile)$/,
  /(?:^|\/)(?:package|tsconfig[^/]*|jsconfig|composer|bower|project)\.json$/,
  /(?:^|\/)(?:pyproject|cargo|pipfile|poetry|book)\.toml$|(?:^|\/)(?:pipfile|gemfile|setup\.(?:py|cfg)|tox\.ini|noxfile\.py|conftest\.py|go\.(?:mod|work)|pom\.xml|mix\.exs)$/,
  /(?:^|\/)(?:requirements|constraints)[^/]*\.(?:txt|in)$|(?:^|\/)build\.gradle(?:\.kts)?$/,
  /\.(?:sh|bash|zsh|fish|ps1|bat|cmd|exe|so|dll|dylib|wasm|jar|pem|key|p12|pfx|crt|cer|tf|tfvars|hcl|plist|service)$/,
  // Hooks and servers of coding agents are programs that run.
  /(?:^|\/)(?:settings(?:\.local)?\.json|\.?mcp(?:[._-][^/]*)?\.json|hooks\.json)$/,
];

/** Files that coding agents and other tools obey: an edit there speaks to more than the agent under test. */
const obeyedPaths: readonly RegExp[] = [
  /(?:^agent\.md$)|(?:^|\/)(?:claude(?:\.local)?|agents|gemini|qwen|warp|conventions|copilot-instructions|skill|crush)\.md$/,
  /(?:^|\/)\.(?:cursorrules|windsurfrules|clinerules|roorules|aiderrules|goosehints|junie)(?:$|\/)/,
  /(?:^|\/)\.(?:cursor|claude|windsurf|aider|continue|codex|gemini|agents?|roo|kiro|amazonq|augment|opencode|clinerules)\/.+\.(?:md|mdc|txt|ya?ml|toml)$/,
  /(?:^|\/)\.github\/(?:copilot-instructions\.md|(?:instructions|prompts|chatmodes|agents|skills)\/.+\.md)$/,
  /(?:^|\/)skills\/.+\.md$/,
];

/** Folders and files whose name begins with a dot belong to tools. */
const dotted = /(?:^|\/)\./;

export interface PathScope {
  readonly entries: readonly TreeEntry[];
  /** Exact paths the operator has named. */
  readonly allowedPaths: readonly string[];
}

const largestFile = 256 * 1024;
const trick = /^\/|(?:^|\/)\.{0,2}(?:\/|$)|[\\:*?"<>|]|[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]|[ .](?:\/|$)/u;

/** Every reason why a path may not be edited. */
export function pathRefusals(path: string, scope: PathScope): readonly Refusal[] {
  const refuse = (rule: string, message: string, remedy: string): Refusal => ({ rule, path, message, remedy });
  if (path === "" || trick.test(path) || path.normalize("NFC") !== path)
    return [refuse("path-form", "the path is not a plain relative path", "Edit a tracked file under its own name.")];
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
  const isProtected = protectedPaths.some((pattern) => pattern.test(lower));
  const isObeyed = obeyedPaths.some((pattern) => pattern.test(lower));
  if (isProtected || (dotted.test(lower) && !isObeyed))
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
