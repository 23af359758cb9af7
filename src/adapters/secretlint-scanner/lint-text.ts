import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";

/** One finding of secretlint's recommended rules: UTF-16 offsets, `end` exclusive, 1-based line. */
export interface LintFinding {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly rule: string;
}

/**
 * Runs secretlint's recommended rules. A text cannot switch them off: comments such as `secretlint-disable` are for the authors of a
 * repository, and this text was written by somebody else.
 */
export async function lintText(text: string): Promise<readonly LintFinding[]> {
  const result = await lintSource({
    // The same length, so that every offset stays.
    source: { filePath: "outgoing.txt", content: text.replace(/secretlint-/gi, "secretlint_"), ext: ".txt", contentType: "text" },
    options: {
      config: { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator }] },
      noPhysicFilePath: true,
      maskSecrets: true,
    },
  });
  return result.messages.map((message) => ({
    start: message.range[0],
    end: message.range[1],
    line: message.loc.start.line,
    rule: message.ruleId.replace("@secretlint/secretlint-rule-", ""),
  }));
}
