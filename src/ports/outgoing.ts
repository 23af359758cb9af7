/** Where an outgoing text will stand, which decides what it may hold. */
export type OutgoingPlace = "title" | "body" | "comment" | "check" | "commit-message" | "label" | "branch" | "added-lines";

export interface OutgoingText {
  readonly place: OutgoingPlace;
  readonly text: string;
}

/** One request that writes to a forge, as it is about to leave. */
export interface OutgoingWrite {
  /** What it makes or changes: `pull-request`, `comment`, `check`, `commit`, `branch` … */
  readonly what: string;
  /** `owner/name`; empty where the request names none. */
  readonly repository: string;
  readonly texts: readonly OutgoingText[];
}

/**
 * Stands before every request that writes to a forge. `before` throws to keep the request from leaving; `after` is told what left and was
 * answered, and never throws for a reason of its own.
 */
export interface WriteGuard {
  before(write: OutgoingWrite): Promise<void>;
  after?(write: OutgoingWrite, outcome: "written" | "failed"): Promise<void>;
}

/** Places in a text that look like credentials; never the credential itself. */
export type ScanSecrets = (text: string) => Promise<readonly { readonly line: number; readonly rule: string }[]>;
