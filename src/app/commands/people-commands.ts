import { clusterId, type ClusterId, type Instant } from "../../domain/ids.ts";
import { safeCode, safeInline } from "../../domain/text/safe-text.ts";
import type { Documents } from "../../ports/ledger.ts";
import { ignoredFailure, ignoreFailure, pauseWriting, resumeWriting, takeUpAgain } from "../../pipeline/standing/people.ts";
import { knownPull } from "../../pipeline/standing/pulls.ts";
import { lastClusterAt } from "../../pipeline/standing/runs.ts";
import type { Answer } from "./answer.ts";
import { type CommandRequest, repositoryOf, textKey } from "./command-request.ts";
import { isClusterName } from "./comment-command.ts";

/** A failure cluster as the last scan knew it. */
export interface NamedCluster {
  readonly id: ClusterId;
  readonly title: string;
}

export interface PeopleParts {
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  /** Clusters of the last scan of the repository's trace project; empty before the first one. */
  readonly clusters: (repository: string) => Promise<readonly NamedCluster[]>;
  readonly now: () => Instant;
}

/** A cluster that a command means, or why it cannot be told. */
export type Meant = { readonly found: true; readonly cluster: NamedCluster } | { readonly found: false; readonly why: string };

/** Leaves a failure alone, with the reason that was given. */
export async function ignore(request: CommandRequest, parts: PeopleParts): Promise<Answer> {
  const kept = request.text === undefined ? "" : await parts.documents.get(textKey(request.text));
  const words = typeof kept === "string" ? kept : "";
  const [first = "", ...rest] = words.split(/\s+/);
  const named = first !== "" && isClusterName(first) ? await byName(request, first, parts) : undefined;
  const meant = named?.found === true ? named : ((await byPlace(request, parts)) ?? named ?? noCluster(await known(request, parts)));
  if (!meant.found) return { done: false, text: meant.why };
  const reason = named?.found === true ? rest.join(" ") : words;
  const { id, title } = meant.cluster;
  await ignoreFailure(parts.documents, repositoryOf(request), { cluster: id, title, by: request.login, at: parts.now(), reason });
  const because = reason === "" ? "" : ` Reason: ${safeInline(reason, 300)}.`;
  return {
    done: true,
    text: `Tuneup proposes nothing more for ${nameOf(meant.cluster)}.${because} \`/tuneup unignore ${id}\` takes it up again. A pull request that is open stays as it is: close it if you do not want it.`,
  };
}

/** Takes an ignored failure up again. */
export async function unignore(request: CommandRequest, parts: PeopleParts): Promise<Answer> {
  // A failure may be left alone that the last scan does not find any more.
  const exact = request.cluster === undefined ? undefined : clusterId(request.cluster);
  const alone = exact === undefined ? undefined : await ignoredFailure(parts.documents, repositoryOf(request), exact);
  const meant: Meant =
    alone === undefined ? await meantCluster(request, parts) : { found: true, cluster: { id: alone.cluster, title: alone.title ?? "" } };
  if (!meant.found) return { done: false, text: meant.why };
  const { id } = meant.cluster;
  const lifted = await takeUpAgain(parts.documents, repositoryOf(request), id, { by: request.login, at: parts.now() });
  if (lifted === undefined) return { done: false, text: `${nameOf(meant.cluster)} is not ignored. \`/tuneup status\` lists what is.` };
  return { done: true, text: `Tuneup takes ${nameOf(meant.cluster)} up again. \`/tuneup run ${id}\` starts now.` };
}

/** Stops all writing, to this pull request or to the repository. */
export async function pause(request: CommandRequest, parts: PeopleParts): Promise<Answer> {
  const pull = await ownPull(request, parts);
  await pauseWriting(parts.documents, repositoryOf(request), {
    by: request.login,
    at: parts.now(),
    ...(pull === undefined ? {} : { pull }),
  });
  return pull === undefined
    ? {
        done: true,
        text: "Paused: Tuneup opens and updates no pull request in this repository. What runs now may finish, and publishes nothing. `/tuneup resume` ends this.",
      }
    : { done: true, text: "Paused: Tuneup does not touch this pull request. `/tuneup resume` here ends this." };
}

export async function resume(request: CommandRequest, parts: PeopleParts): Promise<Answer> {
  const pull = await ownPull(request, parts);
  const ended = await resumeWriting(parts.documents, repositoryOf(request), pull, { by: request.login, at: parts.now() });
  const what = pull === undefined ? "This repository" : "This pull request";
  return ended === undefined
    ? { done: false, text: `${what} is not paused. \`/tuneup status\` says what is.` }
    : { done: true, text: `${what} is no longer paused.` };
}

const ownPull = async (request: CommandRequest, { documents }: PeopleParts): Promise<number | undefined> =>
  request.onPull === true && request.issue !== undefined
    ? (await knownPull(documents, repositoryOf(request), request.issue))?.number
    : undefined;

/** The cluster that was named; else the one of the pull request, or of the last run at the issue, where the command stands. */
export async function meantCluster(request: CommandRequest, parts: PeopleParts): Promise<Meant> {
  if (request.cluster !== undefined) return byName(request, request.cluster, parts);
  return (await byPlace(request, parts)) ?? noCluster(await known(request, parts));
}

const known = (request: CommandRequest, parts: PeopleParts): Promise<readonly NamedCluster[]> =>
  parts.clusters(`${request.owner}/${request.repository}`);

async function byName(request: CommandRequest, name: string, parts: PeopleParts): Promise<Meant> {
  const clusters = await known(request, parts);
  const exact = clusters.filter((cluster) => cluster.id === name);
  const [only, second] = exact.length > 0 ? exact : clusters.filter((cluster) => cluster.id.startsWith(name));
  if (only !== undefined && second === undefined) return { found: true, cluster: only };
  return {
    found: false,
    why: `${only === undefined ? "No" : "More than one"} cluster is called ${safeCode(name, 64)}. ${listOf(clusters)}`,
  };
}

async function byPlace(request: CommandRequest, parts: PeopleParts): Promise<Meant | undefined> {
  if (request.issue === undefined) return undefined;
  const pull = await knownPull(parts.documents, repositoryOf(request), request.issue);
  const id = pull?.cluster ?? (await lastClusterAt(parts.documents, repositoryOf(request), request.issue));
  if (id === undefined) return undefined;
  const title = (await known(request, parts)).find((cluster) => cluster.id === id)?.title ?? pull?.title ?? "";
  return { found: true, cluster: { id: clusterId(id), title } };
}

const noCluster = (clusters: readonly NamedCluster[]): Meant => ({
  found: false,
  why: `Name a cluster: this is no pull request of Tuneup's, and nothing was run here. ${listOf(clusters)}`,
});

const mostListed = 12;

function listOf(clusters: readonly NamedCluster[]): string {
  if (clusters.length === 0) return "None is known yet: `/tuneup run` looks for them.";
  const lines = clusters.slice(0, mostListed).map((cluster) => `- ${nameOf(cluster)}`);
  const more = clusters.length > mostListed ? [`- and ${clusters.length - mostListed} more`] : [];
  return ["Known:", "", ...lines, ...more].join("\n");
}

const nameOf = ({ id, title }: NamedCluster): string =>
  title === "" ? safeCode(id, 64) : `${safeCode(id, 64)} (${safeInline(title, 120)})`;
