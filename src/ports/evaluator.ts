import type { Message } from "../domain/message.ts";

/** What the operator's own evaluator says of a conversation. */
export type Evaluation =
  | { readonly result: "passed" | "failed"; readonly note: string }
  | { readonly result: "cannot-tell"; readonly why: string };

/**
 * The operator's evaluator command: operator config only. It runs without inherited environment, with time and memory caps, gets the
 * conversation on standard input and answers with its exit code. It is never told which arm it looks at.
 */
export interface Evaluator {
  readonly name: string;
  evaluate(transcript: readonly Message[], signal: AbortSignal): Promise<Evaluation>;
}
