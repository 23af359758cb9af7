import type { ErrorCode } from "../domain/errors.ts";

/** Exit codes of every command; documented for users in docs/operations.md. Endings such as `no-evidence` are results, not errors: 0. */
export const exitCode = {
  success: 0,
  /** A bug of ours, or a broken machine. */
  unexpected: 1,
  usage: 2,
  configuration: 3,
  /** Some input could not be read; the rest was used and kept. */
  partialInput: 4,
  /** No model is configured for a step that needs one, or it cannot be reached. */
  model: 5,
  /** The repository or the forge refused or could not be reached. */
  repository: 6,
  /** A verdict or figure in an evidence file does not follow from its pairs. */
  evidence: 7,
  /** Trace store or ledger cannot be read or written. */
  store: 8,
  cancelled: 130,
} as const;

const byError: Readonly<Record<ErrorCode, number>> = {
  usage: exitCode.usage,
  "config-invalid": exitCode.configuration,
  "file-unreadable": exitCode.partialInput,
  "file-malformed": exitCode.partialInput,
  "trace-store-unavailable": exitCode.store,
  "trace-store-corrupt": exitCode.store,
  "database-unavailable": exitCode.store,
  "repository-unreadable": exitCode.repository,
  "model-unreachable": exitCode.model,
  "model-refused": exitCode.model,
  "model-malformed-reply": exitCode.model,
  "model-not-configured": exitCode.model,
  "budget-reached": exitCode.success,
  "forge-unreachable": exitCode.repository,
  "forge-refused": exitCode.repository,
  "forge-conflict": exitCode.repository,
  "publish-refused": exitCode.repository,
  "stage-input-invalid": exitCode.usage,
  cancelled: exitCode.cancelled,
  internal: exitCode.unexpected,
};

export const exitCodeOf = (code: ErrorCode): number => byError[code];
