import type { OperatorSettings } from "../../config/operator-file.ts";
import { unknownRedactionProjects } from "../../config/unknown-projects.ts";
import type { Instant } from "../../domain/ids.ts";
import type { ProjectDirectory } from "../../ports/project-directory.ts";
import type { Log } from "../../ports/runtime.ts";
import type { Check } from "../checks.ts";

/** Says at the start of a service which names under `redaction.projects` nothing else knows. */
export async function warnOfUnknownProjects(operator: OperatorSettings, projects: ProjectDirectory, now: Instant, log: Log): Promise<void> {
  const known = (await projects.list(now)).map(({ name }) => name);
  for (const unknown of unknownRedactionProjects(operator, known))
    log.warn({ ...unknown }, "redaction.projects names a project that nothing else knows; the general settings redact what was meant");
}

/** The same for the doctor. A note: a project that is only ingested into is known to nobody before its sessions are read. */
export const redactionChecks = (operator: OperatorSettings, known: readonly string[]): readonly Check[] =>
  unknownRedactionProjects(operator, known).map(({ name, nearest }) => ({
    name: "redaction",
    state: "note",
    text: `\`redaction.projects\` names "${name}", which is no trace project and is named nowhere else${nearest === undefined ? "" : `; the nearest is "${nearest}"`}`,
    remedy:
      nearest === undefined
        ? `Correct the name in the operator file if its traces come under another; those that are ingested with --project ${name} are redacted by it.`
        : `If "${nearest}" is meant, correct the operator file: until then the general settings redact its traces.`,
  }));
