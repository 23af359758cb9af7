import type { TraceBatch } from "../domain/span.ts";

export type OtlpEncoding = "json" | "protobuf";
export type OtlpSignal = "traces" | "logs";

/** How a body was sent: its content type (`application/json`, `application/x-protobuf`) and its path (`/v1/traces`, `/v1/logs`). */
export interface OtlpForm {
  readonly encoding: OtlpEncoding;
  readonly signal: OtlpSignal;
}

/** What came of one export request, as OTLP's partial success wants it. */
export interface DecodedOtlp {
  readonly batch: TraceBatch;
  /** Spans or log records that were left out. */
  readonly rejected: number;
  /** The distinct reasons, at most ten; they hold ids and counts, never content. */
  readonly reasons: readonly string[];
}

/** OTLP/HTTP bodies (opentelemetry-proto 1.11) in both encodings. */
export interface OtlpCodec {
  /** Throws a `file-malformed` error for bytes that are no export request at all; bad spans and log records are counted and left out. */
  decode(bytes: Uint8Array, form: OtlpForm): DecodedOtlp;
  /** An `Export…ServiceResponse`: empty, or with a partial success where something was rejected. */
  success(form: OtlpForm, rejection: { readonly rejected: number; readonly message: string }): Uint8Array;
  /** A `google.rpc.Status`. `code` is a gRPC status code. */
  failure(encoding: OtlpEncoding, status: { readonly code: number; readonly message: string }): Uint8Array;
}
