import type { House } from "../compose.ts";
import type { ProjectId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import type { Trace } from "../domain/span.ts";
import { type Assembled, assemble } from "../stages/assemble.ts";

/** All sessions of a project, and what in its traces nobody understands. */
export async function assembleProject(house: House, project: ProjectId): Promise<Assembled> {
  const traces: Trace[] = [];
  for await (const trace of house.traces.reader.read({ project })) traces.push(trace);
  return assemble(traces);
}

/** All sessions of a project. */
export const readSessions = async (house: House, project: ProjectId): Promise<readonly Session[]> =>
  (await assembleProject(house, project)).sessions;
