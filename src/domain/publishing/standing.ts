import type { ClusterId, Instant, ProposalId } from "../ids.ts";

/** A failure that people want left alone, until somebody takes it up again. */
export interface IgnoredFailure {
  readonly cluster: ClusterId;
  readonly title?: string;
  readonly by: string;
  readonly at: Instant;
  /** A person's words, or ours about what they did; foreign text, to be defused where it is shown. Empty where nothing was said. */
  readonly reason: string;
  /** The pull request that was closed. */
  readonly pull?: number;
}

/** A wish that nothing is written: to a repository, or to one pull request. */
export interface Pause {
  readonly by: string;
  readonly at: Instant;
  /** One pull request only. */
  readonly pull?: number;
}

/**
 * How the life of one of our pull requests stands. `superseded` and `abandoned` were ended by Tuneup itself: closed and tidied up, or, where a
 * person had worked on it, renamed and left. `closed` was ended by a person.
 */
export type PullLife = "open" | "merged" | "closed" | "superseded" | "abandoned";

/** Why Tuneup closed one of its own without another in its place: the failure is not found any more, or nobody looked at it for long. */
export type PullEnding = "vanished" | "expired";

/** One of our pull requests as the ledger knows it. The forge's own answer is the truth; this is what must be known without asking. */
export interface KnownPull {
  readonly number: number;
  readonly url: string;
  readonly proposal: ProposalId;
  readonly cluster: ClusterId;
  readonly title: string;
  readonly paths: readonly string[];
  readonly branch: string;
  readonly life: PullLife;
  readonly openedAt: Instant;
  readonly endedAt?: Instant;
  /** Login of who merged or closed it. */
  readonly endedBy?: string;
  /** Somebody else has committed to its branch. */
  readonly edited?: true;
  /** It carries the stop label. */
  readonly stopped?: true;
  /** It is in the merge queue. */
  readonly queued?: true;
  /** When a person last did something to it that a webhook told of: labels, commits, opening it again. */
  readonly touchedAt?: Instant;
  /** When it will be closed unless a person gives a sign of life there; noted in its last days. */
  readonly expiresAt?: Instant;
  /** Why Tuneup ended it, where no other one took its place. */
  readonly ending?: PullEnding;
  /** What makes its evidence old, as it was said there last; absent while nothing does. */
  readonly old?: readonly string[];
}
