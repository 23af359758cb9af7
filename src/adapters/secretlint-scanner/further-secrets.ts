/** A kind of credential that the recommended rules leave out, or find in one form only. All expressions are linear. */
interface SecretPattern {
  readonly rule: string;
  readonly pattern: RegExp;
}

const patterns: readonly SecretPattern[] = [
  // The longer form that GitHub gives to installation tokens holds dots and hyphens.
  { rule: "github-token", pattern: /\bgh[pousr]_[A-Za-z0-9._-]{36,1000}/g },
  { rule: "aws-access-key-id", pattern: /(?<![A-Za-z0-9/+=])(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z2-7]{16}(?![A-Za-z0-9/+=])/g },
  { rule: "private-key", pattern: /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g },
  { rule: "json-web-token", pattern: /\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}/g },
  { rule: "password-in-url", pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{1,100}:[^\s/:@]{3,200}@[^\s/@]{1,200}/gi },
  { rule: "bearer-token", pattern: /\bBearer\s{1,3}[A-Za-z0-9._~+/-]{20,2000}={0,2}/g },
  { rule: "google-api-key", pattern: /\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/g },
  { rule: "hugging-face-token", pattern: /\bhf_[A-Za-z0-9]{30,40}\b/g },
  { rule: "tuneup-project-token", pattern: /\btup_[0-9A-Za-z]{49}(?![0-9A-Za-z])/g },
  { rule: "wandb-api-key", pattern: /\bwandb[\w.\s"':=-]{0,30}[^0-9a-f][0-9a-f]{40}(?![0-9a-f])/gi },
];

/** A place of a credential in a text, with UTF-16 offsets. */
export interface FurtherSecret {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
}

/** Places of these credentials in a text. */
export function furtherRanges(text: string): readonly FurtherSecret[] {
  return patterns.flatMap(({ pattern, rule }) =>
    [...text.matchAll(pattern)].map(({ 0: found, index }) => ({ start: index, end: index + found.length, rule })),
  );
}

/** Places of these credentials in a text, by line. */
export function furtherSecrets(text: string): readonly { readonly line: number; readonly rule: string }[] {
  return furtherRanges(text).map(({ rule, start }) => ({ line: text.slice(0, start).split("\n").length, rule }));
}
