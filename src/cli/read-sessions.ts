import type { House } from "../compose.ts";
import type { ProjectId } from "../domain/ids.ts";
import type { Session } from "../domain/session.ts";
import type { Trace } from "../domain/span.ts";
import { assemble } from "../stages/assemble.ts";

/** All sessions of a project. */
export async function readSessions(house: House, project: ProjectId): Promise<readonly Session[]> {
  const traces: Trace[] = [];
  for await (const trace of house.store.read({ project })) traces.push(trace);
  return assemble(traces).sessions;
}
