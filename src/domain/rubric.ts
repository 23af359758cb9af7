import type { Digest, Json } from "./ids.ts";
import type { FailureSignature } from "./outcome.ts";

/** A tool call to look for: the tool's name and, where given, input fields that must be equal. */
export interface CallPattern {
  readonly tool: string;
  readonly input?: Readonly<Record<string, Json>>;
}

/** Conditions on a conversation; all that are given must hold. Words are compared in lower case. */
export interface TranscriptPattern {
  /** Some user message contains one of these. */
  readonly userSays?: readonly string[];
  /** Some assistant message contains one of these. */
  readonly agentSays?: readonly string[];
  /** Such a call was made and was not answered with an error. */
  readonly calls?: CallPattern;
  /** The first such call came before the first call matching `before`. */
  readonly before?: CallPattern;
}

/** A deterministic rule of the operator: where `when` holds (always, if absent), `require` must hold and `forbid` must not. */
export interface JudgeRule {
  readonly name: string;
  readonly when?: TranscriptPattern;
  readonly require?: TranscriptPattern;
  readonly forbid?: TranscriptPattern;
}

/** Everything that decides whether a replayed session is good; frozen by digest before candidates exist. */
export interface Rubric {
  readonly digest: Digest;
  /** The cluster's own mark: a replay that shows it has failed. */
  readonly signature?: FailureSignature;
  readonly rules: readonly JudgeRule[];
  /** Name of the operator's evaluator, if any. */
  readonly evaluator?: string;
  /** Yes/no items for a model judge; empty when no model judges. */
  readonly items: readonly string[];
  /** The failure in the words of its cluster, for a model judge: it comes from sessions and is fenced like them. */
  readonly failure?: string;
  /** The model that judges and the digest of its prompt: another judge is another rubric. */
  readonly judge?: string;
}
