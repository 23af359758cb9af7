import type { ProposalId } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";

const prefixOf = (proposal: ProposalId): string => `involved/${proposal}/`;

/** Remembers that a person asked for a proposal, or pushed to its branch. One key each, so that several processes forget nobody. */
export async function rememberInvolved(documents: Pick<Documents, "put">, proposal: ProposalId, login: string): Promise<void> {
  await documents.put(`${prefixOf(proposal)}${login.toLowerCase()}`, true);
}

/** Everybody who was remembered so, in lower case. */
export async function involvedIn(documents: Pick<Documents, "keys">, proposal: ProposalId): Promise<readonly string[]> {
  const prefix = prefixOf(proposal);
  return (await documents.keys(prefix)).map((key) => key.slice(prefix.length));
}
