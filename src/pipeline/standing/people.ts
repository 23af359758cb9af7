import { asJson } from "../../domain/digest.ts";
import type { ClusterId, Instant, RepositoryId } from "../../domain/ids.ts";
import type { IgnoredFailure, Pause } from "../../domain/publishing/standing.ts";
import type { Documents } from "../../ports/ledger.ts";

/** A decision that was taken back; kept, so that the ledger tells who did what. */
interface Lifted {
  readonly lifted: { readonly by: string; readonly at: Instant };
}

type Read = Pick<Documents, "get" | "keys">;
type Write = Pick<Documents, "get" | "put">;

/** The part of a ledger key that names a repository; GitHub's names do not differ by case. */
export const repositoryKey = ({ name, owner }: RepositoryId): string => `${owner.toLowerCase()}/${name.toLowerCase()}`;

const ignoredPrefix = (repository: RepositoryId): string => `ignored/${repositoryKey(repository)}/`;
const pausedPrefix = (repository: RepositoryId): string => `paused/${repositoryKey(repository)}/`;
const pauseKey = (repository: RepositoryId, pull: number | undefined): string =>
  `${pausedPrefix(repository)}${pull === undefined ? "all" : `pull-${pull}`}`;

/** Remembers that a failure is to be left alone; the newest wish and reason count. */
export async function ignoreFailure(documents: Write, repository: RepositoryId, ignored: IgnoredFailure): Promise<void> {
  await documents.put(`${ignoredPrefix(repository)}${ignored.cluster}`, asJson(ignored));
}

/** Takes a failure up again. Returns what was ignored, `undefined` when it was not. */
export async function takeUpAgain(
  documents: Write,
  repository: RepositoryId,
  cluster: ClusterId,
  lifted: Lifted["lifted"],
): Promise<IgnoredFailure | undefined> {
  const ignored = await ignoredFailure(documents, repository, cluster);
  if (ignored !== undefined) await documents.put(`${ignoredPrefix(repository)}${cluster}`, asJson({ ...ignored, lifted }));
  return ignored;
}

/** The wish to leave this failure alone, if it stands. */
export async function ignoredFailure(
  documents: Pick<Documents, "get">,
  repository: RepositoryId,
  cluster: ClusterId,
): Promise<IgnoredFailure | undefined> {
  return standing<IgnoredFailure>(await documents.get(`${ignoredPrefix(repository)}${cluster}`));
}

/** Every failure that is left alone, by cluster id. */
export async function ignoredFailures(documents: Read, repository: RepositoryId): Promise<readonly IgnoredFailure[]> {
  return all<IgnoredFailure>(documents, ignoredPrefix(repository));
}

/** Remembers a pause. */
export async function pauseWriting(documents: Write, repository: RepositoryId, pause: Pause): Promise<void> {
  await documents.put(pauseKey(repository, pause.pull), asJson(pause));
}

/** Ends a pause, of one pull request or of the repository. Returns what was paused, `undefined` when nothing was. */
export async function resumeWriting(
  documents: Write,
  repository: RepositoryId,
  pull: number | undefined,
  lifted: Lifted["lifted"],
): Promise<Pause | undefined> {
  const pause = standing<Pause>(await documents.get(pauseKey(repository, pull)));
  if (pause !== undefined) await documents.put(pauseKey(repository, pull), asJson({ ...pause, lifted }));
  return pause;
}

/** The pauses that stand, the repository's own first. */
export async function pauses(documents: Read, repository: RepositoryId): Promise<readonly Pause[]> {
  return all<Pause>(documents, pausedPrefix(repository));
}

async function all<T>(documents: Read, prefix: string): Promise<readonly T[]> {
  const found: T[] = [];
  for (const key of await documents.keys(prefix)) {
    const one = standing<T>(await documents.get(key));
    if (one !== undefined) found.push(one);
  }
  return found;
}

function standing<T>(stored: unknown): T | undefined {
  return stored === undefined || stored === null || typeof stored !== "object" || "lifted" in stored ? undefined : (stored as T);
}
