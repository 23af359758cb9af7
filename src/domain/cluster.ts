import type { ClusterId, Digest, Instant, ProjectId, SessionId } from "./ids.ts";
import type { FailureCause, FailureSignature } from "./outcome.ts";

/** A group of sessions that failed in the same way. */
export interface FailureCluster {
  readonly id: ClusterId;
  readonly project: ProjectId;
  readonly cause: FailureCause;
  readonly title: string;
  readonly description: string;
  /** `labelled` clusters came from the store or a file and are never changed; `found` ones are ours. */
  readonly origin: "labelled" | "found";
  /** `no-visible-error` and `infrastructure` are never passed off as a cause an edit could mend. */
  readonly nature: "cause" | "no-visible-error" | "infrastructure";
  readonly signature?: FailureSignature;
  /** Characteristic terms with weights, heaviest first: what carries the id over to the next run. */
  readonly profile: readonly (readonly [term: string, weight: number])[];
  /** Sorted. */
  readonly members: readonly SessionId[];
  /** Up to 8 of the members, most typical first. */
  readonly exemplars: readonly SessionId[];
  /** Distinct users among the members; 0 when no member carries a user id. */
  readonly users: number;
  /** All sessions, good and bad, that were looked at. */
  readonly sessionsInWindow: number;
  readonly from: Instant;
  readonly to: Instant;
  /** System prompts the members ran with. */
  readonly instructions: readonly Digest[];
}
