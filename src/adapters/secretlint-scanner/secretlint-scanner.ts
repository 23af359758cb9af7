import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import { furtherSecrets } from "./further-secrets.ts";

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
  const result = await lintSource({
    source: { filePath: "outgoing.txt", content: text, ext: ".txt", contentType: "text" },
    options: {
      config: { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator }] },
      noPhysicFilePath: true,
      maskSecrets: true,
    },
  });
  const linted = result.messages.map((message) => ({
    line: message.loc.start.line,
    rule: message.ruleId.replace("@secretlint/secretlint-rule-", ""),
  }));
  const known = new Set(linted.map(({ line }) => line));
  const further = furtherSecrets(text).filter(({ line }) => !known.has(line));
  return [...linted, ...further].toSorted((left, right) => left.line - right.line);
}
