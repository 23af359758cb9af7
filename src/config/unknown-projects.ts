import { editDistance } from "../domain/replaying/edit-distance.ts";
import type { OperatorSettings } from "./operator-file.ts";

/** A name under `redaction.projects` that nothing else knows: its project is redacted by the general settings. */
export interface UnknownProject {
  readonly name: string;
  /** The known name that it is probably meant to be. */
  readonly nearest?: string;
}

const lettersOf = (name: string): readonly string[] => Array.from(name.toLowerCase());

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
        .map((one) => ({ one, different: editDistance(lettersOf(name), lettersOf(one)) }))
        .filter(({ different, one }) => different <= mostDifferent && different < one.length)
        .toSorted((left, right) => left.different - right.different);
      return { name, ...(nearest === undefined ? {} : { nearest: nearest.one }) };
    });
}
