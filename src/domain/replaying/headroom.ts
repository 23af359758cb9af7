import type { Digest } from "../ids.ts";
import type { Usage } from "../message.ts";

/** Whether the agent's model can pass sessions of a failure at all when its prompt says outright what is required. */
export interface Headroom {
  readonly version: 1;
  /** `some`: enough sessions passed. `none`: an edit that helps would have passed more. `unknown`: too few could be replayed to say. */
  readonly result: "some" | "none" | "unknown";
  /** Sessions replayed with the hint, each once; none of them is in the test. */
  readonly replayed: number;
  readonly passed: number;
  /** Not judged to an end; counted as if they had passed. */
  readonly inconclusive: number;
  /** So many passes would have been enough. */
  readonly needed: number;
  /** Sessions that were there to be replayed, at most the operator's cap. */
  readonly available: number;
  /** Where to look instead of the prompt, the most frequent first; empty where there is headroom. */
  readonly clues: readonly Clue[];
  /** Digest of the hint. */
  readonly hint: Digest;
  readonly usage: Usage;
}

/** What the failed replays point at, and how many of them. */
export interface Clue {
  readonly where: "code" | "tool" | "data" | "model";
  readonly what: string;
  readonly replays: number;
}
