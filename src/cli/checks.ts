import { printable, table } from "./table.ts";

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "note" | "problem";
  readonly text: string;
  readonly remedy?: string;
}

const marks: Readonly<Record<Check["state"], string>> = { ok: "✓", note: "–", problem: "✗" };

/** The checks as a person reads them; remedies stand below their line. */
export function describeChecks(checks: readonly Check[]): string {
  const rows = checks.map((check) => [` ${marks[check.state]}`, check.name, check.text]);
  const lines = table(rows).split("\n");
  return printable(
    `${checks.map((check, index) => [lines[index] ?? "", ...(check.remedy === undefined ? [] : [`      → ${check.remedy}`])].join("\n")).join("\n")}\n`,
  );
}
