import type { FailureCluster } from "./cluster.ts";
import type { Candidate, SmallerEdit, Vetted } from "./edit.ts";
import type { Calibration } from "./replaying/calibration.ts";
import type { Fidelity } from "./replaying/fidelity.ts";
import type { Screen } from "./replaying/screen.ts";
import type { Headroom } from "./replaying/headroom.ts";
import type { ClusterId, CommitSha, Digest, Instant, ProjectId, RepositoryId, SessionId } from "./ids.ts";
import type { Usage } from "./message.ts";
import type { Outcome } from "./outcome.ts";
import type { Located } from "./source.ts";
import type { Verdict } from "./verdict.ts";

/** Spans of a kind no dialect module understands: kept in the store, counted here. */
export interface NotUnderstood {
  readonly scope: string;
  readonly spanName: string;
  /** The dialect that claimed the span, where one did. */
  readonly dialect?: string;
  readonly count: number;
  readonly why: string;
}

/** What `scan` found: outcomes and clusters over one window of a project. */
export interface ScanDocument {
  readonly kind: "scan";
  readonly version: 1;
  readonly project: ProjectId;
  readonly at: Instant;
  readonly sessions: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly unclear: number;
  readonly outcomes: readonly Outcome[];
  readonly clusters: readonly FailureCluster[];
  readonly notUnderstood: readonly NotUnderstood[];
}

/** Ids only: the sessions stay in the trace store. */
export interface SampleDocument {
  readonly shown: readonly SessionId[];
  readonly failing: readonly SessionId[];
  readonly control: readonly SessionId[];
  readonly order: Digest;
  /** As in `Sample`. */
  readonly pool?: number;
  readonly looks?: readonly number[];
  readonly excluded: Readonly<Record<string, number>>;
}

/** One hypothesis of the drafter. `level` other than prompt, tool-description or parameter means: no edit can mend it. */
export interface Hypothesis {
  readonly level: "prompt" | "tool-description" | "parameter" | "code" | "data" | "user";
  readonly cause: string;
  readonly change: string;
}

/** What `draft` brought: parsed candidates, and replies or parts that were no valid candidate with the reason. */
export interface DraftDocument {
  readonly hypotheses: readonly Hypothesis[];
  readonly candidates: readonly Candidate[];
  readonly rejected: readonly { readonly why: string }[];
  readonly model: string;
  readonly promptDigest: Digest;
  readonly usage: Usage;
}

/** What `attempt` leaves behind for `verify`. */
export interface AttemptDocument {
  readonly kind: "attempt";
  readonly version: 1;
  readonly project: ProjectId;
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  readonly cluster: ClusterId;
  readonly seed: number;
  /** Tests an edit that was tested before: it has a later job's error level, also on sessions that nobody has looked at. */
  readonly later?: true;
  readonly sample: SampleDocument;
  /** Absent where the attempt was made without replaying anything. */
  readonly fidelity?: Fidelity;
  /** How good the model judge is; absent where no model judges. */
  readonly calibration?: Calibration;
  /** Absent where it was not asked. */
  readonly headroom?: Headroom;
  readonly located: Located;
  readonly draft: DraftDocument;
  readonly vetted: readonly Vetted[];
  /** Allowed candidates with one part left out, of those that have several. Absent: none. */
  readonly smaller?: readonly SmallerEdit[];
  /** Candidates tried on single steps of the shown sessions; absent where the operator does not want it or rules cannot judge steps. */
  readonly screen?: Screen;
  /** Whole sessions cannot be replayed truly: the test is about single steps, and can open a draft at most. */
  readonly level?: "decision";
}

/** What a person asks of an edit that stands already: candidates shall replace it. */
export interface EditWish {
  /** The edit as it stands. */
  readonly present: Candidate;
  /** A person's words, which are untrusted; absent where a smaller edit is all that is wanted. */
  readonly words?: string;
}

/** An edit that an earlier job tested on the same failure, or that a person turned down. */
export interface TriedEdit {
  readonly candidate: Candidate;
  readonly result: Verdict["result"] | "closed";
  /** The verdict's reason, or the person's. */
  readonly why: string;
  readonly at: Instant;
}

/** Whether testing it again would only spend error level and money on what is known: everything but a test that ran out of sessions. */
export const isSettled = ({ result }: TriedEdit): boolean =>
  result !== "inconclusive" && result !== "improves" && result !== "decision-level";
