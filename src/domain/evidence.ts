import type { Candidate } from "./edit.ts";
import type { ClusterId, CommitSha, Digest, Instant, ProjectId, RepositoryId } from "./ids.ts";
import type { Usage } from "./message.ts";
import type { Pair } from "./replay.ts";
import type { DecisionPlan, Verdict } from "./verdict.ts";

/** The JSON document a verdict can be recomputed from: `tuneup verify` needs nothing else. */
export interface Evidence {
  readonly version: 1;
  readonly job: string;
  readonly startedAt: Instant;
  readonly project: ProjectId;
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  readonly cluster: {
    readonly id: ClusterId;
    readonly title: string;
    readonly members: number;
    readonly sessionsInWindow: number;
    readonly failedInWindow: number;
  };
  readonly plan: DecisionPlan;
  /** Digest of the test order, committed before the first replay. */
  readonly order: Digest;
  /** Digest of everything that decides whether a replay is good. */
  readonly rubric: Digest;
  readonly seed: number;
  /** Sessions available in each group's order. */
  readonly available: { readonly failing: number; readonly control: number };
  readonly candidates: readonly Candidate[];
  /** Accept boundary of the sequential sign test: `boundary[m - 1]` is the count of fixed among m changed pairs that accepts. */
  readonly boundary: readonly number[];
  readonly pairs: readonly Pair[];
  readonly verdicts: readonly Verdict[];
  readonly winner?: Digest;
  readonly models: { readonly agent: string; readonly drafter: string; readonly judge?: string };
  /** True when the model was Tuneup's simulator: the figures then say nothing about a real agent. */
  readonly simulated: boolean;
  readonly usage: Usage;
}
