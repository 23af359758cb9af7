import { asJson } from "../../domain/digest.ts";
import type { Instant, RepositoryId } from "../../domain/ids.ts";
import type { Proposal, PullRequest } from "../../domain/proposal.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import type { Documents } from "../../ports/ledger.ts";
import { repositoryKey } from "./people.ts";

const prefixOf = (repository: RepositoryId): string => `pull/${repositoryKey(repository)}/`;
const keyOf = (repository: RepositoryId, number: number): string => `${prefixOf(repository)}${String(number).padStart(10, "0")}`;

/** One of our pull requests by its number; `undefined` for everybody else's. */
export async function knownPull(
  documents: Pick<Documents, "get">,
  repository: RepositoryId,
  number: number,
): Promise<KnownPull | undefined> {
  const stored = await documents.get(keyOf(repository, number));
  return stored === undefined ? undefined : (stored as unknown as KnownPull);
}

/** Our pull requests in a repository, oldest first. */
export async function knownPulls(documents: Pick<Documents, "get" | "keys">, repository: RepositoryId): Promise<readonly KnownPull[]> {
  const found: KnownPull[] = [];
  for (const key of await documents.keys(prefixOf(repository))) {
    const stored = await documents.get(key);
    if (stored !== undefined) found.push(stored as unknown as KnownPull);
  }
  return found;
}

export async function keepPull(documents: Pick<Documents, "put">, repository: RepositoryId, pull: KnownPull): Promise<void> {
  await documents.put(keyOf(repository, pull.number), asJson(pull));
}

/** Remembers a pull request that was published or found again: when it was first seen open stays, what it holds is as now. */
export async function rememberPull(
  documents: Pick<Documents, "get" | "put">,
  proposal: Proposal,
  pull: PullRequest,
  at: Instant,
): Promise<void> {
  const known = await knownPull(documents, proposal.repository, pull.number);
  const { edited: _edited, endedAt: _endedAt, endedBy: _endedBy, ...rest } = known ?? { openedAt: at };
  await keepPull(documents, proposal.repository, {
    ...rest,
    number: pull.number,
    url: pull.url,
    proposal: proposal.id,
    cluster: proposal.cluster,
    title: proposal.title,
    paths: proposal.files.map((file) => file.path),
    branch: proposal.branch,
    life: pull.state,
  });
}
