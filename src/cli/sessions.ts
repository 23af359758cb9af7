import type { House } from "../compose.ts";
import { TuneupError } from "../domain/errors.ts";
import type { ProjectId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import type { CliContext } from "./context.ts";
import { readSessions } from "./read-sessions.ts";
import { findCluster, scanOrRecall } from "./scan-project.ts";

/** The sessions of one cluster, or of the whole project. */
export async function chooseSessions(
  context: CliContext,
  house: House,
  project: ProjectId,
  cluster: string | undefined,
): Promise<readonly Session[]> {
  const sessions = await readSessions(house, project);
  if (sessions.length === 0)
    throw new TuneupError("usage", `There are no sessions in project "${project}".`, {
      remedy: "Read some with `tuneup ingest <files>` first, or name another --project or --data.",
    });
  if (cluster === undefined) return sessions;
  const members = new Set(findCluster((await scanOrRecall(context, house, project)).clusters, cluster).members);
  return sessions.filter((session) => members.has(session.id));
}
