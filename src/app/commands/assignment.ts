import type { ClusterId } from "../../domain/ids.ts";
import { type CommandRequest } from "./command-request.ts";
import { meantCluster, type PeopleParts } from "./people-commands.ts";

/** What a job of the App is to do: the request with everything filled in that is remembered. */
export interface Assignment {
  readonly request: CommandRequest;
  /** The largest with a visible cause where absent. */
  readonly cluster?: ClusterId | string;
  /** Another seed is another split and another draft: a job of its own. */
  readonly seed?: number;
}

export type Assigned = { readonly possible: true; readonly assignment: Assignment } | { readonly possible: false; readonly why: string };

const largestSeed = 2 ** 31;

/** Turns a command into an assignment, or says why it cannot be done here. Asks no forge. */
export async function assignmentOf(request: CommandRequest, parts: PeopleParts): Promise<Assigned> {
  if (request.command === "run")
    return { possible: true, assignment: { request, ...(request.cluster === undefined ? {} : { cluster: request.cluster }) } };
  const meant = await meantCluster(request, parts);
  if (!meant.found) return { possible: false, why: meant.why };
  return { possible: true, assignment: { request, cluster: meant.cluster.id, seed: seedOf(request) } };
}

/** Fixed by the comment, so that the job is the same after a crash. */
const seedOf = (request: CommandRequest): number => ((request.comment ?? request.check ?? 0) % (largestSeed - 2)) + 2;
