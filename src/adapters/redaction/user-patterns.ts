import { RE2JS } from "re2js";
import { TuneupError } from "../../domain/errors.ts";
import type { Detector, Finding } from "./personal-data.ts";

/** A pattern of the operator's own. */
export interface UserPattern {
  /** The placeholder's kind: capitals and underscores. */
  readonly kind: string;
  /** RE2 syntax. Its first group, where it has one, is the value. */
  readonly pattern: string;
}

const mostFindings = 10_000;

/** A detector for an operator's pattern. RE2 runs in time linear in the text, whatever the pattern. Throws `config-invalid` naming it. */
export function userDetector({ kind, pattern }: UserPattern): Detector {
  const compiled = compile(kind, pattern);
  return (text) => {
    const matcher = compiled.matcher(text);
    const findings: Finding[] = [];
    while (findings.length < mostFindings && matcher.find()) {
      const group = compiled.groupCount() > 0 && matcher.start(1) >= 0 ? 1 : 0;
      const [start, end] = [matcher.start(group), matcher.end(group)];
      if (end > start) findings.push({ start, end, kind, value: text.slice(start, end) });
    }
    return findings;
  };
}

function compile(kind: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw new TuneupError(
      "config-invalid",
      `The redaction pattern for ${kind} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        remedy: "Patterns are written in RE2 syntax, without look-around and back-references; docs/redaction.md has examples.",
        fields: { kind },
        cause,
      },
    );
  }
}
