import { asJson } from "../../domain/digest.ts";
import type { ClusterId, Instant, ProposalId, RepositoryId } from "../../domain/ids.ts";
import type { Proposal, PullRequest } from "../../domain/proposal.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import type { Publication } from "../../ports/forge.ts";
import type { Documents } from "../../ports/ledger.ts";
import { ignoreFailure, repositoryKey } from "./people.ts";

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

const publishedKey = (proposal: ProposalId): string => `published/${proposal}`;

/** A proposal as it was last published. */
export async function publishedProposal(documents: Pick<Documents, "get">, id: ProposalId): Promise<Proposal | undefined> {
  const stored = await documents.get(publishedKey(id));
  return stored === undefined ? undefined : (stored as unknown as Proposal);
}

const replacedKey = ({ evidence, id }: Pick<Proposal, "evidence" | "id">): string => `replaced/${id}/${evidence}`;

/**
 * The open pull request that holds a later result for the same failure, where this proposal stood there before: a finished job that is found again must
 * not put its edit back over what somebody asked for since. `undefined` where nothing of the kind is known.
 */
export async function laterResult(documents: Pick<Documents, "get" | "keys">, proposal: Proposal): Promise<KnownPull | undefined> {
  if ((await documents.get(replacedKey(proposal))) === undefined) return undefined;
  if ((await publishedProposal(documents, proposal.id))?.evidence === proposal.evidence) return undefined;
  return (await knownPulls(documents, proposal.repository)).find((pull) => pull.branch === proposal.branch && pull.life === "open");
}

/**
 * The number up to which a branch's pull requests are settled: people closed them, or Tuneup did. Who asks after whether the failure is ignored has
 * asked before.
 */
export function settledPull(pulls: readonly KnownPull[], branch: string): number {
  const settled = pulls.filter((pull) => pull.branch === branch && (pull.life === "closed" || pull.life === "superseded"));
  return Math.max(0, ...settled.map((pull) => pull.number));
}

/** Remembers what came of publishing. A pull request that turns out closed was closed by a person: its failure is ignored from now on. */
export async function rememberPublication(
  documents: Pick<Documents, "get" | "put">,
  proposal: Proposal,
  publication: Publication,
  at: Instant,
): Promise<void> {
  const { pull } = publication;
  if (pull === undefined) return;
  if (publication.result === "published") {
    const before = await publishedProposal(documents, proposal.id);
    if (before !== undefined && before.evidence !== proposal.evidence) await documents.put(replacedKey(before), true);
    await documents.put(publishedKey(proposal.id), asJson(proposal));
    return rememberPull(documents, proposal, pull, at);
  }
  const known = await knownPull(documents, proposal.repository, pull.number);
  if (known === undefined) return rememberPull(documents, proposal, pull, at);
  if (publication.edited === true) return keepPull(documents, proposal.repository, { ...known, edited: true });
  if (known.life !== "open" || pull.state === "open") return undefined;
  await keepPull(documents, proposal.repository, { ...known, life: pull.state, endedAt: at });
  if (pull.state === "closed") {
    const reason = `pull request ${pull.number} was closed`;
    await ignoreFailure(documents, proposal.repository, { cluster: proposal.cluster, by: "a person", at, reason, pull: pull.number });
  }
}

async function rememberPull(documents: Pick<Documents, "get" | "put">, proposal: Proposal, pull: PullRequest, at: Instant): Promise<void> {
  const known = await knownPull(documents, proposal.repository, pull.number);
  const { edited: _edited, endedAt: _endedAt, endedBy: _endedBy, ending: _ending, old: _old, ...rest } = known ?? { openedAt: at };
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

/** A merge, for whoever watches later whether the failure has become rarer. */
export interface RecordedMerge {
  readonly pull: number;
  readonly proposal: ProposalId;
  readonly cluster: ClusterId;
  /** The merge commit; empty where the forge names none. */
  readonly commit: string;
  readonly at: Instant;
}

const mergePrefix = (repository: RepositoryId): string => `merge/${repositoryKey(repository)}/`;

/** The merges of our pull requests in a repository, oldest first. */
export async function recordedMerges(
  documents: Pick<Documents, "get" | "keys">,
  repository: RepositoryId,
): Promise<readonly RecordedMerge[]> {
  const found: RecordedMerge[] = [];
  for (const key of await documents.keys(mergePrefix(repository))) {
    const stored = await documents.get(key);
    if (stored !== undefined) found.push(stored as unknown as RecordedMerge);
  }
  return found;
}

export async function rememberMerge(documents: Pick<Documents, "put">, repository: RepositoryId, merge: RecordedMerge): Promise<void> {
  await documents.put(`${mergePrefix(repository)}${String(merge.pull).padStart(10, "0")}`, asJson(merge));
}
