import { TuneupError } from "../../domain/errors.ts";
import type { TraceBatch } from "../../domain/span.ts";
import type { DecodedOtlp, OtlpForm } from "../../ports/otlp-codec.ts";
import { countRecords, readOtlpJson } from "./otlp-json.ts";
import { readOtlpLogsProtobuf, readOtlpProtobuf } from "./otlp-protobuf.ts";
import { countJson, countProtobuf, mostRecords, mostValues } from "./request-budget.ts";
import { checkRequest, type RawRequest } from "./otlp-request.ts";

export type { DecodedOtlp, OtlpForm } from "../../ports/otlp-codec.ts";

const mostReasons = 10;

/**
 * Decodes an unpacked OTLP/HTTP body. Bad spans and log records are counted and left out, whatever their content. Throws a `file-malformed`
 * error only for bytes that are no export request at all or hold more than any sender puts into one (answer 400, not retryable).
 */
export function decodeOtlp(bytes: Uint8Array, form: OtlpForm): DecodedOtlp {
  const request = form.encoding === "json" ? fromJson(bytes) : fromProtobuf(bytes, form.signal);
  const { batch, reasons } = checkRequest(request);
  const strays = form.signal === "traces" ? request.logs.length : request.spans.length;
  if (strays === 0) return { batch, rejected: reasons.length, reasons: distinct(reasons) };
  const kept: TraceBatch = form.signal === "traces" ? { spans: batch.spans, logs: [], feedback: [] } : { ...batch, spans: [] };
  const wrongPath = form.signal === "traces" ? "log records go to /v1/logs" : "spans go to /v1/traces";
  const taken = kept.spans.length + (kept.logs?.length ?? 0) + (kept.feedback?.length ?? 0);
  return {
    batch: kept,
    rejected: request.spans.length + request.logs.length - taken,
    reasons: distinct([wrongPath, ...reasons]),
  };
}

const distinct = (reasons: readonly string[]): readonly string[] => [...new Set(reasons)].slice(0, mostReasons);

function fromJson(bytes: Uint8Array): RawRequest {
  // A JSON value is an object around an object: twice as many as in protobuf.
  if (countJson(bytes) > 2 * mostValues) throw tooLarge("values");
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    // The engine's message quotes the text, which may be a session.
    throw notARequest("the body is not JSON");
  }
  // OTLP says that unknown fields are ignored: an object without our lists is an empty request.
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    if (countRecords(value) > mostRecords) throw tooLarge("records");
    return readOtlpJson(value) ?? { spans: [], logs: [] };
  }
  throw notARequest("the body is JSON, but not an object");
}

function fromProtobuf(bytes: Uint8Array, signal: OtlpForm["signal"]): RawRequest {
  const { records, values } = countProtobuf(bytes, signal);
  if (records > mostRecords) throw tooLarge("records");
  if (values > mostValues) throw tooLarge("values");
  try {
    return signal === "traces" ? readOtlpProtobuf(bytes) : readOtlpLogsProtobuf(bytes);
  } catch {
    throw notARequest("the body is not a whole protobuf message of this kind");
  }
}

const tooLarge = (what: "records" | "values"): TuneupError =>
  new TuneupError(
    "file-malformed",
    what === "records"
      ? `This OTLP export request holds more than ${mostRecords} spans or log records.`
      : `This OTLP export request holds more than ${mostValues} attribute values.`,
    { remedy: "Send smaller batches: `send_batch_max_size` of the Collector's batch processor, or the SDK's maximum export batch size." },
  );

const notARequest = (what: string): TuneupError =>
  new TuneupError("file-malformed", `This is no OTLP export request: ${what}.`, {
    remedy:
      "Send ExportTraceServiceRequest to /v1/traces and ExportLogsServiceRequest to /v1/logs, with the content type of their encoding.",
  });
