import type { Digest, Instant, Json, ProjectId, ProposalId } from "../domain/ids.ts";
import type { Message, Usage } from "../domain/message.ts";
import type { Proposal, ProposalState } from "../domain/proposal.ts";

/** Webhook deliveries, remembered for ever. */
export interface Deliveries {
  /** Records a delivery or a natural key; `seen` for any recorded before. Atomic over processes. */
  delivery(key: string): Promise<"new" | "seen">;
}

/** JSON documents of finished steps, by key. */
export interface Documents {
  /** The last one wins. */
  put(key: string, document: Json): Promise<void>;
  get(key: string): Promise<Json | undefined>;
  /** Keys with this prefix, in order. */
  keys(prefix: string): Promise<readonly string[]>;
  /** Removes every document whose key has this prefix. */
  remove(prefix: string): Promise<void>;
}

export interface Proposals {
  /** Compare-and-set on the state: `conflict` when the stored state is not the expected one (`undefined`: not stored yet). */
  save(proposal: Proposal, expected: ProposalState | undefined): Promise<"saved" | "conflict">;
  find(id: ProposalId): Promise<Proposal | undefined>;
}

export interface Spending {
  /** Books what was paid. */
  spend(project: ProjectId, purpose: string, usage: Usage, at: Instant): Promise<void>;
  spent(project: ProjectId, since: Instant): Promise<Usage>;
}

/** What must be remembered exactly. Every call is durable when it resolves; several processes may share one ledger. */
export interface Ledger extends Deliveries, Documents, Proposals, Spending {
  close(): Promise<void>;
}

/**
 * Conversations of replays, for people on this machine; nothing is decided on them. They are what people said, so they are kept for a while only.
 * Keeping one twice is keeping it once.
 */
export interface Transcripts {
  keep(replay: Digest, transcript: readonly Message[], at: Instant): Promise<void>;
  /** `undefined` where it was never kept, has expired, or cannot be read any more. */
  find(replay: Digest): Promise<readonly Message[] | undefined>;
  /** Overwrites the conversations kept on days before this instant's day (UTC), and says how many. Ended in the middle, it goes on next time. */
  expire(before: Instant): Promise<number>;
}
