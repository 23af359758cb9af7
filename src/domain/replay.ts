import type { Digest, SessionId } from "./ids.ts";
import type { Message, Usage } from "./message.ts";

/** Where a tool's answer in a replay came from, best first. `shape`: a write answered by the recorded success shape. */
export type Tier = "exact" | "canonical" | "corpus" | "shape" | "nearest" | "simulated" | "refused";
export const tiers: readonly Tier[] = ["exact", "canonical", "corpus", "shape", "nearest", "simulated", "refused"];

export type ToolEffect = "read" | "write" | "pure";

/** `before` is the unchanged agent; every candidate edit is an arm of its own. */
export type Arm = { readonly kind: "before" } | { readonly kind: "after"; readonly candidate: Digest };

/** How a replay's tool calls lie beside the recorded ones, aligned by tool and canonical input. Divergence is data, not failure. */
export interface Trajectory {
  /** The same tool with the same input. */
  readonly same: number;
  /** The same tool with another input. */
  readonly input: number;
  /** Another tool at this place. */
  readonly tool: number;
  readonly extra: number;
  readonly missing: number;
  /** 1 − edit distance of the two tool sequences ÷ the longer one's length; 1 where neither has a call. */
  readonly sameTools: number;
  /** Share of the recorded user turns before the first divergence. */
  readonly heldTurns: number;
}

/** Where the user's turns of a replay came from. */
export interface UserTurns {
  readonly recorded: number;
  /** Recorded turns given although they do not answer what the agent asked. */
  readonly unfit: number;
  readonly generated: number;
  /** Errors of the simulated user that were found, by kind. */
  readonly errors: Readonly<Record<string, number>>;
}

/** What happened when a session was run again; not yet whether it was good. It does not say which arm it was. */
export interface Replay {
  readonly sessionId: SessionId;
  /** The conversation as replayed, system messages left out. */
  readonly transcript: readonly Message[];
  readonly tiers: Readonly<Record<Tier, number>>;
  /** Index of the first user turn at which the replay's tool calls left the recording. */
  readonly divergedAtTurn?: number;
  readonly trajectory: Trajectory;
  readonly users: UserTurns;
  /** `infrastructure`: the model could not be reached; the pair is dropped, not counted. */
  readonly ended: "finished" | "limit" | "loop" | "inconclusive" | "infrastructure";
  readonly why?: string;
  readonly usage: Usage;
  readonly modelCalls: number;
}

/** A judged replay as it enters the test. Worst case: an inconclusive `before` counts as passed, an inconclusive `after` as failed. */
export type ReplayOutcome = "passed" | "failed" | "inconclusive";

/** Everything about one replayed arm that the evidence keeps. */
export interface ArmRecord {
  readonly outcome: ReplayOutcome;
  readonly decidedBy: string;
  readonly ended: Replay["ended"];
  readonly tiers: Readonly<Record<Tier, number>>;
  readonly divergedAtTurn?: number;
  /** Absent in arms measured by earlier versions. */
  readonly trajectory?: Trajectory;
  readonly users?: UserTurns;
  readonly modelCalls: number;
  readonly usage: Usage;
  readonly seed: number;
  /** Digest of the configuration the arm ran with. */
  readonly config: Digest;
  /** Names the replay: the local ledger keeps its transcript under it. */
  readonly replay?: Digest;
}

/** One session replayed in both arms, at its committed place in the order. */
export interface Pair {
  readonly sessionId: SessionId;
  /** 0-based place in the order of its group. */
  readonly index: number;
  readonly group: "failing" | "control";
  readonly candidate: Digest;
  readonly before: ArmRecord;
  readonly after: ArmRecord;
  /** Lost to infrastructure in both arms or one: not counted. */
  readonly dropped?: string;
  /** What a model says of the two conversations side by side, in both orders: 1 the edited one is better, −1 the unchanged one, 0 neither. Breaks ties, and nothing else. */
  readonly pairwise?: { readonly preferred: -1 | 0 | 1; readonly usage: Usage };
}
