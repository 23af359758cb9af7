import type { Json } from "./ids.ts";

/** Every failure a user can meet, by stable code; `docs/operations.md` lists them with remedies. */
const errorCodes = [
  "usage",
  "config-invalid",
  "file-unreadable",
  "file-malformed",
  "trace-store-unavailable",
  "trace-store-corrupt",
  "database-unavailable",
  "repository-unreadable",
  "model-unreachable",
  "model-refused",
  "model-malformed-reply",
  "model-not-configured",
  "budget-reached",
  "forge-unreachable",
  "forge-refused",
  "forge-conflict",
  "publish-refused",
  "stage-input-invalid",
  "cancelled",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Whether a text is one of the codes. */
export const isErrorCode = (text: string): text is ErrorCode => (errorCodes as readonly string[]).includes(text);

/** Thrown only when the environment is broken or the input unusable; expected endings are values. */
export class TuneupError extends Error {
  override readonly name = "TuneupError";
  readonly code: ErrorCode;
  /** Whether trying the same again later may succeed. */
  readonly retryable: boolean;
  /** What helps next, as a sentence. */
  readonly remedy: string;
  /** What it happened on: path, repository, session, setting. Never session text, never a token. */
  readonly fields: Readonly<Record<string, Json>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: {
      readonly remedy: string;
      readonly retryable?: boolean;
      readonly fields?: Readonly<Record<string, Json>>;
      readonly cause?: unknown;
    },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.remedy = details.remedy;
    this.fields = details.fields ?? {};
  }
}
