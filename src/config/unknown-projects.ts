import type { OperatorSettings } from "./operator-file.ts";

/** A name under `redaction.projects` that nothing else knows: its project is redacted by the general settings. */
export interface UnknownProject {
  readonly name: string;
  /** The known name that it is probably meant to be. */
  readonly nearest?: string;
}

/** So many letters may differ in a name that is meant to be another. */
const mostDifferent = 2;

/** Names under `redaction.projects` that are neither among the trace projects with a token nor named elsewhere in the operator file. */
export function unknownRedactionProjects(operator: OperatorSettings, projects: readonly string[]): readonly UnknownProject[] {
  const { redaction } = operator;
  if (redaction === undefined || redaction === "off" || redaction.projects === undefined) return [];
  const bound = Object.values(operator.repositories ?? {}).map(({ project }) => project);
  const known = [...new Set([...projects, ...bound, operator.project ?? "default"])];
  return Object.keys(redaction.projects)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const [nearest] = known
        .map((one) => ({ one, different: differingLetters(name.toLowerCase(), one.toLowerCase()) }))
        .filter(({ different, one }) => different <= mostDifferent && different < one.length)
        .toSorted((left, right) => left.different - right.different);
      return { name, ...(nearest === undefined ? {} : { nearest: nearest.one }) };
    });
}

/** How many letters must be put in, left out or changed to make one name of the other (Levenshtein). */
function differingLetters(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1];
    for (const [place, other] of [...right].entries())
      next.push(Math.min((row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1, (row[place] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
