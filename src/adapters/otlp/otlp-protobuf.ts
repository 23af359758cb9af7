import { fromBinary } from "@bufbuild/protobuf";
import type { Attributes, Json } from "../../domain/ids.ts";
import { ExportTraceServiceRequestSchema } from "./generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts";
import { ExportLogsServiceRequestSchema } from "./generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts";
import type { LogRecord } from "./generated/opentelemetry/proto/logs/v1/logs_pb.ts";
import type { AnyValue, KeyValue } from "./generated/opentelemetry/proto/common/v1/common_pb.ts";
import type { Span } from "./generated/opentelemetry/proto/trace/v1/trace_pb.ts";
import type { RawLog } from "./raw-log.ts";
import type { RawRequest } from "./otlp-request.ts";
import { attributesOf, deepestValue, type RawSpan } from "./raw-span.ts";

/** Reads one `ExportTraceServiceRequest` in protobuf. Throws what the decoder throws on bytes that are none. */
export function readOtlpProtobuf(bytes: Uint8Array): RawRequest {
  const request = fromBinary(ExportTraceServiceRequestSchema, bytes, { recursionLimit, readUnknownFields: false });
  const spans = request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const shared = attributes(resource?.attributes ?? []);
    return scopeSpans.flatMap(({ scope, spans: own }) =>
      own.map((span) => ({ span: rawSpan(span), scope: { resource: shared, scope: scope?.name ?? "" } })),
    );
  });
  return { spans, logs: [] };
}

/** Reads one `ExportLogsServiceRequest` in protobuf. Throws what the decoder throws on bytes that are none. */
export function readOtlpLogsProtobuf(bytes: Uint8Array): RawRequest {
  const request = fromBinary(ExportLogsServiceRequestSchema, bytes, { recursionLimit, readUnknownFields: false });
  const logs = request.resourceLogs.flatMap(({ resource, scopeLogs }) => {
    const shared = attributes(resource?.attributes ?? []);
    return scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((record) => ({ log: rawLog(record), scope: { resource: shared, scope: scope?.name ?? "" } })),
    );
  });
  return { spans: [], logs };
}

/** Deep enough that a nested value is cut by `deepestValue`, not refused with its whole request; far from the stack's end. */
const recursionLimit = 400;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

const rawSpan = (span: Span): RawSpan => ({
  traceId: hex(span.traceId),
  spanId: hex(span.spanId),
  parentId: hex(span.parentSpanId),
  name: span.name,
  start: String(span.startTimeUnixNano),
  end: String(span.endTimeUnixNano),
  statusCode: span.status?.code ?? 0,
  statusMessage: span.status?.message ?? "",
  attributes: attributes(span.attributes),
  events: span.events.map((event) => ({ name: event.name, time: String(event.timeUnixNano), attributes: attributes(event.attributes) })),
});

const rawLog = (record: LogRecord): RawLog => ({
  traceId: hex(record.traceId),
  spanId: hex(record.spanId),
  time: String(record.timeUnixNano),
  observed: String(record.observedTimeUnixNano),
  eventName: record.eventName,
  body: anyValue(record.body, 0),
  attributes: attributes(record.attributes),
});

const attributes = (pairs: readonly KeyValue[], depth = 0): Attributes =>
  attributesOf(
    pairs,
    ({ key }) => key,
    ({ value }) => anyValue(value, depth),
  );

function anyValue(any: AnyValue | undefined, depth: number): Json | undefined {
  if (any === undefined || depth > deepestValue) return undefined;
  const { value } = any;
  if (value.case === "stringValue" || value.case === "boolValue") return value.value;
  if (value.case === "intValue") return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
  if (value.case === "doubleValue") return Number.isFinite(value.value) ? value.value : String(value.value);
  if (value.case === "arrayValue") return value.value.values.map((item) => anyValue(item, depth + 1) ?? null);
  if (value.case === "kvlistValue") return attributes(value.value.values, depth + 1);
  return value.case === "bytesValue" ? Buffer.from(value.value).toString("base64") : undefined;
}
