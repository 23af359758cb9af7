import { asJson, shortDigest } from "../domain/digest.ts";
import type { AttemptDocument, TriedEdit } from "../domain/documents.ts";
import type { Evidence } from "../domain/evidence.ts";
import type { ClusterId, Instant, RepositoryId } from "../domain/ids.ts";
import type { Documents } from "../ports/ledger.ts";

/** One failure in one repository: what was tried on it is remembered together. */
export interface FailurePlace {
  readonly repository: RepositoryId;
  readonly cluster: ClusterId;
}

/** More are not shown to a drafter, and would not help it. */
const mostRecalled = 40;

const prefixOf = ({ cluster, repository }: FailurePlace): string =>
  `tried/${repository.owner.toLowerCase()}/${repository.name.toLowerCase()}/${cluster}/`;

/** What was tried on a failure, newest first. */
export async function recallTried(documents: Pick<Documents, "get" | "keys">, place: FailurePlace): Promise<readonly TriedEdit[]> {
  const found: TriedEdit[] = [];
  for (const key of await documents.keys(prefixOf(place))) {
    const stored = await documents.get(key);
    if (stored !== undefined) found.push(stored as unknown as TriedEdit);
  }
  return found.toSorted((left, right) => (left.at > right.at ? -1 : left.at < right.at ? 1 : 0)).slice(0, mostRecalled);
}

/** Remembers one edit; the same edit is kept once, with its latest result. */
export async function rememberTried(documents: Pick<Documents, "put">, place: FailurePlace, tried: TriedEdit): Promise<void> {
  await documents.put(`${prefixOf(place)}${shortDigest(tried.candidate.id, 24)}`, asJson(tried));
}

/** The edits of a job with what its test said of each. */
export function triedIn(attempt: AttemptDocument, evidence: Evidence, at: Instant): readonly TriedEdit[] {
  return evidence.verdicts.flatMap(({ candidate: id, result, why }) => {
    const candidate = attempt.draft.candidates.find((one) => one.id === id);
    return candidate === undefined ? [] : [{ candidate, result, why, at }];
  });
}
