import type { ConfigChange, FileChange } from "./config-change.ts";
import { asJson, digestOfJson } from "./digest.ts";
import type { Digest } from "./ids.ts";

/** One search/replace hunk: `before` stands exactly once in the located range of the file, `after` takes its place. */
export interface Edit {
  readonly path: string;
  /** Digest of the whole file the hunk was written against. */
  readonly base: Digest;
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

export type CandidateKind = "insert" | "rewrite" | "tool-description" | "parameter" | "example";

/** One proposal of the drafter: a set of edits that stand or fall together. */
export interface Candidate {
  /** Digest of the edits: the same edits are the same candidate. */
  readonly id: Digest;
  readonly kind: CandidateKind;
  /** The cause this candidate bets on, in one sentence; the model's words, so tainted. */
  readonly hypothesis: string;
  readonly edits: readonly Edit[];
}

/** The id of a candidate with these edits: what they do, not why. */
export const candidateIdOf = (edits: readonly Edit[]): Digest =>
  digestOfJson(asJson(edits.map(({ after, before, path }) => ({ after, before, path }))));

/** Why an edit was turned down: the rule, the place, and what would make it pass. */
export interface Refusal {
  readonly rule: string;
  readonly path: string;
  readonly line?: number;
  readonly message: string;
  readonly remedy: string;
}

export type Vetted =
  | {
      readonly result: "allowed";
      readonly candidate: Candidate;
      readonly files: readonly FileChange[];
      readonly changes: readonly ConfigChange[];
      /** Allowed, but never ready for review without a human's look: a removed safeguard, say. */
      readonly needsHuman: readonly Refusal[];
    }
  | { readonly result: "refused"; readonly candidate: Candidate; readonly refusals: readonly Refusal[] };
export type Allowed = Extract<Vetted, { result: "allowed" }>;

/** An allowed candidate with one part left out, tested after it to see whether the part is needed. */
export interface SmallerEdit {
  /** Id of the whole candidate. */
  readonly of: Digest;
  /** What was left out, in our own words. */
  readonly leftOut: string;
  readonly edit: Allowed;
}
