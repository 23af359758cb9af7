/** What no edit may ever touch, whatever a model, a mapping or a setting says. Compared in lower case, so that case tricks gain nothing. */
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

/** Whether a path steers builds, reviews, git or Tuneup itself. */
export const isProtectedPath = (path: string): boolean => {
  const lower = path.normalize("NFC").toLowerCase();
  return protectedPaths.some((pattern) => pattern.test(lower));
};

/** Whether a path is a plain relative path: no way up, no drive, no control or invisible character, one Unicode form. */
export const isPlainPath = (path: string): boolean =>
  path !== "" && path.normalize("NFC") === path && !/^\/|^[A-Za-z]:|(?:^|\/)\.{0,2}(?:\/|$)|\\|[\p{Cc}\p{Cf}]/u.test(path);
