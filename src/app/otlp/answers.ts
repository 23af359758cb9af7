import type { ServerResponse } from "node:http";
import type { OtlpCodec, OtlpEncoding } from "../../ports/otlp-codec.ts";

/** What a request is answered. */
export interface Answer {
  readonly status: number;
  readonly encoding: OtlpEncoding;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** gRPC's status codes, as google/rpc/code.proto numbers them, for each HTTP status that is answered here. */
const rpcCodes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 404: 5, 405: 12, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14 };

export interface Failure {
  readonly status: 400 | 401 | 404 | 405 | 413 | 415 | 429 | 500 | 503;
  /** What a sender's operator reads in the sender's log: what is wrong and what helps. Never content, never a token. */
  readonly message: string;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export const failureAnswer = (codec: OtlpCodec, encoding: OtlpEncoding, failure: Failure): Answer => ({
  status: failure.status,
  encoding,
  body: codec.failure(encoding, { code: rpcCodes[failure.status] ?? 2, message: failure.message }),
  headers: { ...failure.headers, ...(failure.retryAfter === undefined ? {} : { "retry-after": String(failure.retryAfter) }) },
});

const contentTypes = { json: "application/json", protobuf: "application/x-protobuf" } as const;

/** The encoding that a content type names; parameters such as `charset` do not matter. */
export function encodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  const name = (contentType ?? "").split(";")[0]?.trim().toLowerCase();
  if (name === "application/json") return "json";
  return name === "application/x-protobuf" || name === "application/protobuf" ? "protobuf" : undefined;
}

export function sendAnswer(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-type": contentTypes[answer.encoding],
    "content-length": answer.body.length,
  });
  response.end(answer.body);
}
