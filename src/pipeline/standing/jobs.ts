import { asJson } from "../../domain/digest.ts";
import type { AttemptDocument } from "../../domain/documents.ts";
import type { Evidence } from "../../domain/evidence.ts";
import type { ClusterId, ProposalId, RepositoryId } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";
import { repositoryKey } from "./people.ts";

/** What a job that reached its test leaves for commands that come later: what was drafted, and what the test said. */
export interface KeptJob {
  readonly attempt: AttemptDocument;
  readonly evidence: Evidence;
  readonly proposal?: ProposalId;
}

const byCluster = (repository: RepositoryId, cluster: ClusterId): string => `kept-job/${repositoryKey(repository)}/cluster/${cluster}`;
const byProposal = (proposal: ProposalId): string => `kept-job/proposal/${proposal}`;

/** Keeps the last tested job of a failure, and that of its proposal. */
export async function keepJob(documents: Pick<Documents, "put">, job: KeptJob): Promise<void> {
  const { attempt, proposal } = job;
  await documents.put(byCluster(attempt.repository, attempt.cluster), asJson(job));
  if (proposal !== undefined) await documents.put(byProposal(proposal), asJson(job));
}

/** The last tested job of a failure. */
export async function lastJobOf(
  documents: Pick<Documents, "get">,
  repository: RepositoryId,
  cluster: ClusterId,
): Promise<KeptJob | undefined> {
  const stored = await documents.get(byCluster(repository, cluster));
  return stored === undefined ? undefined : (stored as unknown as KeptJob);
}

/** The job behind a proposal. */
export async function jobOfProposal(documents: Pick<Documents, "get">, proposal: ProposalId): Promise<KeptJob | undefined> {
  const stored = await documents.get(byProposal(proposal));
  return stored === undefined ? undefined : (stored as unknown as KeptJob);
}
