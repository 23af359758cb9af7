import { furtherSecrets } from "./further-secrets.ts";
import { lintText } from "./lint-text.ts";

/** A place that looks like a secret. Never the secret itself. */
export interface FoundSecret {
  readonly line: number;
  readonly rule: string;
}

/**
 * Looks for credentials with secretlint's recommended rules and a few more, in the order of their lines, each place once. Text that cannot be
 * scanned throws: unscanned is not clean. Prints nothing.
 */
export async function findSecrets(text: string): Promise<readonly FoundSecret[]> {
  const linted = (await lintText(text)).map(({ line, rule }) => ({ line, rule }));
  const known = new Set(linted.map(({ line }) => line));
  const further = furtherSecrets(text).filter(({ line }) => !known.has(line));
  return [...linted, ...further].toSorted((left, right) => left.line - right.line);
}
