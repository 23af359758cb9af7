/** Parts of texts that are told by signs of their own, however short they are. */
const telling: readonly string[] = ["://", "-----BEGIN", "xox", "xapp-", "SG."];

/** Names that a value may follow: `password: …`, `api_key=…`, `secret_access_key`. Where there is no digit, there is no such value. */
const names = /pass|pwd|secret|token|api.?key/i;

/** How a token begins, by rule. Every one of these tokens is a run of sixteen characters or more without spaces. */
const beginnings =
  /A[GIKNRS][A-Z]A|gh[pousr]_|github_pat_|npm_|sk-|[sr]k_|gsk_|hf_|lin_api_|ntn_|shp[a-z]{2}_|glpat-|glc_|glsa_|ops_|hv[sbr]\.|vc[a-z]_|dapi|dckr_pat_|figd_|cfk_|cfut_|cfat_|tskey-|AIza|tup_|eyJ/;
/** Names in front of long runs. */
const before = /Bearer|wandb/i;

const isInRun = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=.~-") isInRun[character.charCodeAt(0)] = 1;
const shortestRun = 16;

/**
 * A quick look at a text: false only where none of secretlint's recommended rules, of the further ones and of those for named values could find
 * anything. `knownRules` says of which version of the rules that is true.
 */
export function maySuspect(text: string): boolean {
  if (telling.some((part) => text.includes(part))) return true;
  if (names.test(text) && /\d/.test(text)) return true;
  let isNamed: boolean | undefined;
  for (let run = nextRun(text, 0); run !== undefined; run = nextRun(text, run.end)) {
    isNamed ??= before.test(text);
    if (isNamed || beginnings.test(text.slice(run.start, run.end))) return true;
  }
  return false;
}

interface Run {
  readonly start: number;
  readonly end: number;
}

/** The next run of sixteen characters that tokens are made of. Looks at the end of where one could be first: most characters are never read. */
function nextRun(text: string, from: number): Run | undefined {
  let start = from;
  while (start + shortestRun <= text.length) {
    let at = start + shortestRun - 1;
    while (at >= start && belongs(text, at)) at -= 1;
    if (at >= start) {
      start = at + 1;
      continue;
    }
    let end = start + shortestRun;
    while (end < text.length && belongs(text, end)) end += 1;
    return { start, end };
  }
  return undefined;
}

function belongs(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 && isInRun[code] === 1;
}

/** The rules of secretlint's recommended preset that `maySuspect` was written for: one that joins them needs its sign here. */
export const knownRules: readonly string[] = [
  "aws",
  "gcp",
  "privatekey",
  "npm",
  "basicauth",
  "slack",
  "sendgrid",
  "shopify",
  "stripe",
  "github",
  "gitlab",
  "grafana",
  "openai",
  "anthropic",
  "groq",
  "huggingface",
  "linear",
  "notion",
  "1password",
  "database-connection-string",
  "hashicorp-vault",
  "vercel",
  "databricks",
  "docker",
  "figma",
  "cloudflare",
  "tailscale",
  "filter-comments",
];
