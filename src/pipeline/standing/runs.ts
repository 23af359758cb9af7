import { asJson } from "../../domain/digest.ts";
import { type ClusterId, clusterId, type Instant, type RepositoryId } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";
import { repositoryKey } from "./people.ts";

/** A job of the App that is under way. */
export interface RunningJob {
  readonly command: string;
  readonly by: string;
  readonly at: Instant;
  /** Where it was asked. */
  readonly issue?: number;
  readonly cluster?: string;
  /** The check run that shows it. */
  readonly check?: number;
}

const runningPrefix = (repository: RepositoryId): string => `running/${repositoryKey(repository)}/`;
const placeKey = (repository: RepositoryId, issue: number): string => `issue-cluster/${repositoryKey(repository)}/${issue}`;

/** Remembers that a job has begun; the same job again keeps its first time. */
export async function jobBegins(
  documents: Pick<Documents, "get" | "put">,
  repository: RepositoryId,
  key: string,
  job: RunningJob,
): Promise<void> {
  const stored = await documents.get(`${runningPrefix(repository)}${key}`);
  if (stored === undefined) await documents.put(`${runningPrefix(repository)}${key}`, asJson(job));
}

/** Remembers the check run that shows a job which has begun. */
export async function jobShows(
  documents: Pick<Documents, "get" | "put">,
  repository: RepositoryId,
  key: string,
  check: number,
): Promise<void> {
  const stored: unknown = await documents.get(`${runningPrefix(repository)}${key}`);
  if (isUnderWay(stored)) await documents.put(`${runningPrefix(repository)}${key}`, asJson({ ...stored, check }));
}

const isUnderWay = (stored: unknown): stored is RunningJob => typeof stored === "object" && stored !== null && !("ended" in stored);

export async function jobEnds(documents: Pick<Documents, "put">, repository: RepositoryId, key: string, at: Instant): Promise<void> {
  await documents.put(`${runningPrefix(repository)}${key}`, { ended: at });
}

/** Jobs that have begun and not ended, with their keys. */
export async function runningJobs(
  documents: Pick<Documents, "get" | "keys">,
  repository: RepositoryId,
): Promise<readonly (RunningJob & { readonly key: string })[]> {
  const found: (RunningJob & { readonly key: string })[] = [];
  const prefix = runningPrefix(repository);
  for (const key of await documents.keys(prefix)) {
    const stored: unknown = await documents.get(key);
    if (isUnderWay(stored)) found.push({ ...stored, key: key.slice(prefix.length) });
  }
  return found;
}

/** How the last run on a failure ended. `why` may hold foreign text. */
export interface LastEnd {
  readonly end: string;
  readonly why: string;
  readonly at: Instant;
}

const endKey = (repository: RepositoryId, cluster: ClusterId): string => `last-end/${repositoryKey(repository)}/${cluster}`;

export async function rememberEnd(
  documents: Pick<Documents, "put">,
  repository: RepositoryId,
  cluster: ClusterId,
  end: LastEnd,
): Promise<void> {
  await documents.put(endKey(repository, cluster), asJson({ ...end, why: end.why.slice(0, 500) }));
}

export async function lastEndOf(
  documents: Pick<Documents, "get">,
  repository: RepositoryId,
  cluster: ClusterId,
): Promise<LastEnd | undefined> {
  const stored = await documents.get(endKey(repository, cluster));
  return stored === undefined ? undefined : (stored as unknown as LastEnd);
}

/** Remembers which failure the last run at an issue or pull request was about. */
export async function rememberClusterAt(
  documents: Pick<Documents, "put">,
  repository: RepositoryId,
  issue: number,
  cluster: ClusterId,
): Promise<void> {
  await documents.put(placeKey(repository, issue), cluster);
}

export async function lastClusterAt(
  documents: Pick<Documents, "get">,
  repository: RepositoryId,
  issue: number,
): Promise<ClusterId | undefined> {
  const stored = await documents.get(placeKey(repository, issue));
  return typeof stored === "string" ? clusterId(stored) : undefined;
}
