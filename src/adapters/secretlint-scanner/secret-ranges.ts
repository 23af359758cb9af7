import type { SecretRange, SecretScanner } from "../../ports/redactor.ts";
import { furtherRanges } from "./further-secrets.ts";
import { lintText } from "./lint-text.ts";
import { maySuspect } from "./suspects.ts";

const keyBegins = /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const keyEnds = /-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const longestKey = 20_000;

/** A private key goes with its body; one that was cut, to the end of what looks like its body. */
function privateKeys(text: string): readonly SecretRange[] {
  const begins = [...text.matchAll(keyBegins)];
  if (begins.length === 0) return [];
  const ends = [...text.matchAll(keyEnds)].map(({ 0: found, index }) => index + found.length);
  let next = 0;
  return begins.map(({ 0: found, index: start }) => {
    while ((ends[next] ?? Infinity) <= start) next += 1;
    const close = ends[next] ?? Infinity;
    const body = start + found.length;
    const end =
      close - start <= longestKey ? close : body + (/^[\w+/=\s\\:,.]{0,20000}/.exec(text.slice(body, body + longestKey))?.[0].length ?? 0);
    return { start, end, rule: "private-key" };
  });
}

/** `password: hunter2`, `api_key=…`: the value after the name, where it mixes letters with digits or signs and is no template's variable. */
const named =
  /(?<![A-Za-z])(?:password|passwd|passphrase|pwd|(?:client|api|app|access)[_ -]?secret|api[_ -]?key|secret[_ -]?key|(?:access|auth|refresh|session|bearer)[_ -]?token)\\?["']?\s{0,2}(?:[:=]|\bis\b)\s{0,2}\\?["']?([^\s"'\\,;<>{}[\]()$%]{6,200})/gi;

const looksSecret = (value: string): boolean => /\d/.test(value) && /\p{L}/u.test(value) && !/^[\w.+-]+@[\w-]+\.\w/.test(value);

function namedSecrets(text: string): readonly SecretRange[] {
  const found: SecretRange[] = [];
  for (const match of text.matchAll(named)) {
    const value = (match[1] ?? "").replace(/[.!?:]+$/, "");
    const start = match.index + match[0].length - (match[1] ?? "").length;
    if (value.length >= 6 && looksSecret(value)) found.push({ start, end: start + value.length, rule: "named-secret" });
  }
  return found;
}

/** Credentials with their places: secretlint's recommended rules, a few more, and values that are called a password or key. */
export const secretScanner: SecretScanner = {
  suspects: maySuspect,
  async find(text) {
    const linted = (await lintText(text)).map(({ end, rule, start }) => ({ start, end, rule }));
    return [...privateKeys(text), ...linted, ...furtherRanges(text), ...namedSecrets(text)].toSorted(
      (left, right) => left.start - right.start,
    );
  },
};
