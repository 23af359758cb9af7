import type { Instant } from "../domain/ids.ts";

/** One webhook as GitHub delivered it, its signature checked. */
export interface Delivery {
  /** GitHub's `X-GitHub-Delivery`; a redelivery keeps it. */
  readonly id: string;
  /** `issue_comment`, `pull_request` … */
  readonly event: string;
  /** The body, as it was signed. */
  readonly body: string;
  /** What the event is about, where one thing happens once (`issue_comment.created/555`): two deliveries of it are one. */
  readonly naturalKey?: string;
}

/** A delivery that a worker holds until its lease ends. The token tells it from those who held it before. */
export interface ClaimedDelivery extends Delivery {
  /** How often it was tried, this time included. */
  readonly attempt: number;
  readonly token: number;
}

export interface InboxRow {
  readonly id: string;
  readonly event: string;
  readonly state: "waiting" | "done" | "failed";
  readonly attempts: number;
  readonly receivedAt: Instant;
  /** Why it failed last; our own words. */
  readonly reason?: string;
}

/** Deliveries between GitHub's request and our work on them. Several processes may share one; every call is durable when it resolves. */
export interface Inbox {
  /** Atomic. `seen` for a known id or natural key; a failed delivery that comes again is tried again and counts as `new`. */
  receive(delivery: Delivery, at: Instant): Promise<"new" | "seen">;
  /** Whether a delivery with this id was ever received. */
  has(id: string): Promise<boolean>;
  /** The oldest delivery that is due, for one worker at a time. */
  claim(at: Instant, leaseMilliseconds: number): Promise<ClaimedDelivery | undefined>;
  /** Ends a claim; `false` when the lease has passed to somebody else. The body is forgotten, the id is not. */
  finish(claim: ClaimedDelivery): Promise<boolean>;
  /** Puts it back until `again`, or keeps it as failed without one; `false` when the lease has passed to somebody else. */
  fail(claim: ClaimedDelivery, reason: string, again: Instant | undefined): Promise<boolean>;
  /** Newest first. */
  list(states: readonly InboxRow["state"][], most: number): Promise<readonly InboxRow[]>;
  /** Sets a failed delivery back to waiting; `false` when there is none. */
  retry(id: string, at: Instant): Promise<boolean>;
  /** How many there are in each state, and since when the oldest waits. */
  counts(): Promise<Readonly<Record<InboxRow["state"], number>> & { readonly oldest?: Instant }>;
}
