/**
 * Files that steer builds, reviews, deployments, editors, git or Tuneup itself, by their whole path in lower case, so that case tricks gain nothing: no edit
 * may ever touch them, whatever a model, a mapping or a setting says.
 */
const protectedPaths: readonly RegExp[] = [
  /(?:^|\/)\.git(?:\/|$|attributes$|ignore$|modules$|keep$)/,
  // Of `.github` only what coding agents obey may be opened, by its exact path.
  /(?:^|\/)\.github\/(?!copilot-instructions\.md$|(?:instructions|prompts|chatmodes|agents|skills)\/.+\.md$)/,
  /(?:^|\/)\.gitlab/,
  /(?:^|\/)\.circleci\//,
  /(?:^|\/)\.env[^/]*$/,
  /(?:^|\/)\.(?:npmrc|yarnrc[^/]*|pypirc|netrc|bashrc|profile|vscode|idea|husky)(?:\/|$)/,
  /(?:^|\/)(?:codeowners|owners|dependabot\.ya?ml|renovate\.json5?)$/,
  /(?:^|\/)tuneup(?:\.operator)?\.ya?ml$/,
  /(?:^|\/)(?:dockerfile|containerfile|jenkinsfile|makefile|procfile|justfile|rakefile|vagrantfile|gnumakefile)[^/]*$|\.(?:dockerfile|mk)$/,
  /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/,
  /(?:^|\/)(?:azure-pipelines|bitbucket-pipelines|cloudbuild|appveyor|buildspec|circle|codemagic|serverless|wercker)[^/]*\.ya?ml$/,
  /(?:^|\/)(?:vercel|netlify|fly|railway|wrangler|firebase|now|app|lerna|nx|turbo|deno)\.(?:jsonc?|toml)$/,
  /(?:^|\/)azure-pipelines[^/]*$/,
  /(?:lock|lock\.json|lock\.ya?ml)$/,
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

const someMatch = (patterns: readonly RegExp[], path: string): boolean => {
  const lower = path.normalize("NFC").toLowerCase();
  return patterns.some((pattern) => pattern.test(lower));
};

/** Whether a path steers builds, reviews, git or Tuneup itself. */
export const isProtectedPath = (path: string): boolean => someMatch(protectedPaths, path);

/**
 * Whether the publishing process may not write a path: what is protected, and all of `.github`, because that process does not know which files
 * the operator has opened.
 */
export const isNeverPublished = (path: string): boolean => isProtectedPath(path) || someMatch([/(?:^|\/)\.github\//], path);

/** Whether coding agents or other tools obey a file: only its exact path, named by the operator, opens it. */
export const isObeyedPath = (path: string): boolean => someMatch(obeyedPaths, path);

const trick = /^\/|^[A-Za-z]:|(?:^|\/)\.{0,2}(?:\/|$)|[\\:*?"<>|]|[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]|[ .](?:\/|$)/u;

/** Whether a path is a plain relative path: no way up, no drive, no character that is invisible or means something to a shell or a file system, one Unicode form. */
export const isPlainPath = (path: string): boolean => path !== "" && path.normalize("NFC") === path && !trick.test(path);
