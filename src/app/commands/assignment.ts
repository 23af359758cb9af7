import type { ClusterId, ProposalId } from "../../domain/ids.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import { knownPull } from "../../pipeline/standing/pulls.ts";
import { type CommandRequest, repositoryOf } from "./command-request.ts";
import { meantCluster, type PeopleParts } from "./people-commands.ts";

/** How a job takes up an earlier one. */
export interface LaterWork {
  readonly kind: "revise" | "smaller" | "replay" | "rebase";
  /** The proposal whose job is taken up; the last job of the cluster where absent. */
  readonly of?: ProposalId;
  /** Digest of the words behind `revise`. */
  readonly words?: string;
  /** For `replay`. */
  readonly more?: number;
}

/** What a job of the App is to do: the request with everything filled in that is remembered. */
export interface Assignment {
  readonly request: CommandRequest;
  /** The largest with a visible cause where absent. */
  readonly cluster?: ClusterId | string;
  /** Another seed is another split and another draft: a job of its own. */
  readonly seed?: number;
  readonly later?: LaterWork;
  /** Nothing is read: this proposal is published as it was, and its branch made anew. */
  readonly recreate?: ProposalId;
}

export type Assigned = { readonly possible: true; readonly assignment: Assignment } | { readonly possible: false; readonly why: string };

const largestSeed = 2 ** 31;

/** Turns a command into an assignment, or says why it cannot be done here. Asks no forge. */
export async function assignmentOf(request: CommandRequest, parts: PeopleParts): Promise<Assigned> {
  const { command } = request;
  if (command === "run") return assigned({ request, ...(request.cluster === undefined ? {} : { cluster: request.cluster }) });
  if (command === "replay") return replay(request, parts);
  return command === "retry" ? again(request, parts) : onPull(request, parts);
}

const assigned = (assignment: Assignment): Assigned => ({ possible: true, assignment });
const refused = (why: string): Assigned => ({ possible: false, why });

async function again(request: CommandRequest, parts: PeopleParts): Promise<Assigned> {
  const meant = await meantCluster(request, parts);
  if (!meant.found) return refused(meant.why);
  // Fixed by the comment, check or box, so that the job is the same after a crash.
  const given = request.comment ?? request.check ?? Number.parseInt(request.box?.slice(0, 8) ?? "0", 16);
  const seed = (given % (largestSeed - 2)) + 2;
  return assigned({ request, cluster: meant.cluster.id, seed });
}

async function replay(request: CommandRequest, parts: PeopleParts): Promise<Assigned> {
  const meant = await meantCluster(request, parts);
  if (!meant.found) return refused(meant.why);
  const pull = await pullHere(request, parts);
  const of = pull === undefined ? {} : { of: pull.proposal };
  return assigned({ request, cluster: meant.cluster.id, later: { kind: "replay", more: request.sessions ?? 1, ...of } });
}

const pullHere = async (request: CommandRequest, { documents }: PeopleParts): Promise<KnownPull | undefined> =>
  request.issue === undefined ? undefined : knownPull(documents, repositoryOf(request), request.issue);

/** Commands that only make sense at an open pull request of ours. */
async function onPull(request: CommandRequest, parts: PeopleParts): Promise<Assigned> {
  const pull = await pullHere(request, parts);
  if (pull === undefined) return refused(`\`/tuneup ${request.command}\` belongs into a pull request of Tuneup's, and this is none.`);
  if (pull.life !== "open") return refused(`This pull request is ${pull.life}. \`/tuneup run ${pull.cluster}\` looks at the failure anew.`);
  const { cluster, proposal } = pull;
  if (request.command === "recreate") return assigned({ request, cluster, recreate: proposal });
  if (pull.edited === true)
    return refused("Somebody else has committed to this branch, so Tuneup keeps its hands off. `/tuneup recreate` drops their commits.");
  const kind = request.command === "revise" ? "revise" : request.command === "smaller" ? "smaller" : "rebase";
  const words = kind === "revise" && request.text !== undefined ? { words: request.text } : {};
  return assigned({ request, cluster, later: { kind, of: proposal, ...words } });
}
