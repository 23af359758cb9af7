import type { SessionId } from "./ids.ts";

/** Every cause by name, as labels, cluster files and model replies may give it. */
export const failureCauses = [
  "ignored-instruction",
  "missing-instruction",
  "conflicting-instructions",
  "wrong-tool",
  "wrong-tool-input",
  "unhandled-tool-error",
  "loop",
  "gave-up",
  "false-claim",
  "wrong-format",
  "outside-the-harness",
  "unknown",
] as const;

/** Why a session failed, as far as it can be told. `unknown` is honest: most real failures show no visible error. */
export type FailureCause = (typeof failureCauses)[number];

/** Who decided an outcome, strongest first: a label that came with the traces, a deterministic rule, the operator's evaluator, a model. */
export type Decider = "feedback" | "rule" | "evaluator" | "model";

/** A place in the session that shows the failure. */
export interface FailureEvidence {
  /** Index in the session's messages. */
  readonly at: number;
  readonly note: string;
}

/** The deterministic mark of a failure; equal signatures form a group, and a replay that still shows it has failed again. */
export interface FailureSignature {
  /** The rule or label that decided, for example `tool-error`, `loop`, `agent.outcome:failed`. */
  readonly rule: string;
  readonly tool?: string;
  /** The error text with its variable parts masked as `<*>`. */
  readonly template?: string;
}

export type Outcome =
  | { readonly result: "succeeded"; readonly sessionId: SessionId; readonly decidedBy: Decider; readonly confidence: number }
  | {
      readonly result: "failed";
      readonly sessionId: SessionId;
      readonly decidedBy: Decider;
      readonly confidence: number;
      readonly cause: FailureCause;
      readonly signature: FailureSignature;
      readonly summary: string;
      readonly evidence: readonly FailureEvidence[];
    }
  | { readonly result: "unclear"; readonly sessionId: SessionId; readonly why: string };
export type FailedOutcome = Extract<Outcome, { result: "failed" }>;
