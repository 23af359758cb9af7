import type { Candidate } from "./edit.ts";
import type { CorrectedEffect } from "./replaying/corrected-effect.ts";
import type { Canary } from "./replaying/canary.ts";
import type { Calibration } from "./replaying/calibration.ts";
import type { Fidelity } from "./replaying/fidelity.ts";
import type { Screen } from "./replaying/screen.ts";
import type { Headroom } from "./replaying/headroom.ts";
import type { ClusterId, CommitSha, Digest, Instant, ProjectId, RepositoryId, SessionId } from "./ids.ts";
import { addUsage, noUsage, subtractUsage, type Usage } from "./message.ts";
import type { Pair } from "./replay.ts";
import type { DecisionPlan, Verdict } from "./verdict.ts";

/** The JSON document a verdict can be recomputed from: `tuneup verify` needs nothing else. Its JSON Schema is docs/evidence.schema.json. */
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
  /** The order itself: `pair.index` points into its group. A session stands several times in `failing` only when it is drawn with replacement. */
  readonly orders: { readonly failing: readonly SessionId[]; readonly control: readonly SessionId[] };
  /** Digest of everything that decides whether a replay is good. */
  readonly rubric: Digest;
  readonly seed: number;
  /** How true replays are to the recordings, measured before any candidate; absent in evidence made without it. */
  readonly fidelity?: Fidelity;
  /** How good the model judge is on labelled sessions; absent where no model judges. */
  readonly calibration?: Calibration;
  /** Whether the failure could be mended by a prompt at all, measured before drafting; absent where it was not asked. */
  readonly headroom?: Headroom;
  /** Candidates tried on single steps before the test; absent where they were not. */
  readonly screen?: Screen;
  /** An edit without meaning, run through the same test; in about one job of twenty. */
  readonly canary?: Canary;
  /** How far each group's order may be read: its length, or less when the budget ended the job. */
  readonly available: { readonly failing: number; readonly control: number };
  readonly candidates: readonly Candidate[];
  /** Accept boundary of the sequential sign test: `boundary[m - 1]` is the count of fixed among m changed pairs that accepts. */
  readonly boundary: readonly number[];
  readonly pairs: readonly Pair[];
  readonly verdicts: readonly Verdict[];
  readonly winner?: Digest;
  /** Where a calibrated model judged: effects freed of its error, for reading; no verdict rests on them. */
  readonly corrected?: readonly CorrectedEffect[];
  readonly models: {
    readonly agent: string;
    readonly drafter: string;
    readonly judge?: string;
    readonly user?: string;
    readonly tools?: string;
  };
  /** True when the model was Tuneup's simulator: the figures then say nothing about a real agent. */
  readonly simulated: boolean;
  /** What drafting cost, before the first pair. */
  readonly drafting: Usage;
  /** What everything cost: drafting and every arm in this document once, whenever it was measured. */
  readonly usage: Usage;
  /** The candidate is one that passed the test before, with a part left out. */
  readonly reduction?: Reduction;
  readonly seals: Seals;
}

/** How a smaller version of a proven edit came to its own test. */
export interface Reduction {
  /** Id of the whole edit, and the job that proved it. */
  readonly of: Digest;
  readonly job: string;
  readonly leftOut: string;
  /** Tests that share the level: all candidates of that job, times the versions of its winner. */
  readonly tests: number;
  /** What the other tests of the job cost beside what is in this document. */
  readonly usage: Usage;
}

/**
 * Digests of the document's parts, 16 hex digits each: they say which line of a damaged or edited file differs. They are no signature; who
 * rewrites a part can rewrite its seal. The pull request names the digest of the whole file, and that one stands elsewhere.
 */
export interface Seals {
  /** In the order of `pairs`. */
  readonly pairs: readonly string[];
  /** Every other top-level field. */
  readonly fields: Readonly<Record<string, string>>;
}

const informative: readonly Verdict["result"][] = ["improves", "harms", "decision-level", "inconclusive", "no-evidence"];

/** The winner's verdict; without a winner the one that says most. */
export function decisiveVerdict({ verdicts, winner }: Pick<Evidence, "verdicts" | "winner">): Verdict {
  const won = verdicts.find((one) => one.candidate === winner);
  if (won !== undefined) return won;
  const [first] = verdicts.toSorted((left, right) => informative.indexOf(left.result) - informative.indexOf(right.result));
  if (first === undefined) throw new Error("a decided test has a verdict for each candidate");
  return first;
}

/** Tokens and money of all arms of these pairs, each arm once (candidates of one session share its `before`), and of comparing them. */
export const usageOfPairs = (pairs: readonly Pair[]): Usage => [...armsOf(pairs).values()].reduce(addUsage, usageOfComparisons(pairs));

/** What comparing conversations side by side cost. */
export const usageOfComparisons = (pairs: readonly Pair[]): Usage =>
  pairs.reduce((sum, pair) => (pair.pairwise === undefined ? sum : addUsage(sum, pair.pairwise.usage)), noUsage);

/** The same for pairs of other tests in the job, without the arms that these pairs hold. */
export function usageBeside(pairs: readonly Pair[], others: readonly Pair[]): Usage {
  const own = armsOf(pairs);
  return [...armsOf(others)].reduce((sum, [key, usage]) => (own.has(key) ? sum : addUsage(sum, usage)), noUsage);
}

function armsOf(pairs: readonly Pair[]): ReadonlyMap<string, Usage> {
  const arms = new Map<string, Usage>();
  for (const pair of pairs) {
    for (const arm of [pair.before, pair.after]) {
      const key = `${pair.group} ${pair.index} ${arm.config}`;
      if (arm.modelCalls > 0 && !arms.has(key)) arms.set(key, arm.usage);
    }
  }
  return arms;
}

/** What evidence cost with everything measured before it. A working session that was replayed for both is counted once. */
export function spentOn(evidence: Evidence): Usage {
  const { calibration, canary, headroom, reduction, screen, usage } = evidence;
  return [calibration, canary, headroom, reduction, screen].reduce(
    (sum, one) => addUsage(sum, one?.usage ?? noUsage),
    addUsage(usage, spentOnFidelity(evidence)),
  );
}

/** What the self-replays cost beyond those that the test found again; a test on single steps finds none. */
export function spentOnFidelity({ fidelity, pairs, plan }: Evidence): Usage {
  if (fidelity === undefined) return noUsage;
  if (plan.level === "decision") return fidelity.usage;
  const shared = pairs.filter((pair) => pair.group === "control" && pair.index < fidelity.working.replayed);
  const arms = new Map(shared.map((pair) => [pair.index, pair.before.usage]));
  return subtractUsage(fidelity.usage, [...arms.values()].reduce(addUsage, noUsage));
}
