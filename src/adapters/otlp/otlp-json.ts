import type { Attributes, Json } from "../../domain/ids.ts";
import type { RawLog } from "./raw-log.ts";
import type { RawRequest } from "./otlp-request.ts";
import { attributesOf, deepestValue, type RawScope, type RawSpan } from "./raw-span.ts";

type Loose = Readonly<Record<string, unknown>>;
const isLoose = (value: unknown): value is Loose => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.filter((item) => isLoose(item)) : []);

/** A field under its camel-case or its snake-case name: both are written in the wild. */
const field = (object: Loose, camel: string): unknown =>
  object[camel] ?? object[camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
const text = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "bigint" ? String(value) : "";

/**
 * Reads an `ExportTraceServiceRequest` or `ExportLogsServiceRequest` in JSON (OTLP 1.x JSON mapping: ids in hex, 64-bit integers as text or
 * number, enums as number or name), a list of them, or a bare `{resourceSpans}`. `undefined` when it is none of these.
 */
export function readOtlpJson(value: unknown): RawRequest | undefined {
  if (Array.isArray(value)) {
    const parts = value.map((item: unknown) => (Array.isArray(item) ? undefined : readOtlpJson(item)));
    if (value.length === 0 || parts.some((part) => part === undefined)) return undefined;
    return { spans: parts.flatMap((part) => part?.spans ?? []), logs: parts.flatMap((part) => part?.logs ?? []) };
  }
  if (!isLoose(value)) return undefined;
  // Tempo's trace-by-id answer is the same message under the key of its first version.
  const spans = field(value, "resourceSpans") ?? value["batches"];
  const logs = field(value, "resourceLogs");
  if (!Array.isArray(spans) && !Array.isArray(logs)) return undefined;
  return { spans: list(spans).flatMap((resource) => spansOf(resource)), logs: list(logs).flatMap((resource) => logsOf(resource)) };
}

/** How many spans and log records a parsed request holds, counted before anything is built from them. */
export function countRecords(request: object): number {
  if (!isLoose(request)) return 0;
  const count = (groups: unknown, scopes: string, records: string): number =>
    list(groups).reduce(
      (sum, group) => sum + list(field(group, scopes)).reduce((inner, scope) => inner + lengthOf(field(scope, records)), 0),
      0,
    );
  return (
    count(field(request, "resourceSpans") ?? request["batches"], "scopeSpans", "spans") +
    count(field(request, "resourceSpans") ?? request["batches"], "instrumentationLibrarySpans", "spans") +
    count(field(request, "resourceLogs"), "scopeLogs", "logRecords")
  );
}

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const resourceOf = (group: Loose): Attributes => (isLoose(group["resource"]) ? attributes(group["resource"]["attributes"]) : {});

function scopeOf(group: Loose): string {
  const scope = group["scope"] ?? field(group, "instrumentationLibrary");
  return isLoose(scope) ? text(scope["name"]) : "";
}

function spansOf(resourceSpans: Loose): RawRequest["spans"] {
  const resource = resourceOf(resourceSpans);
  return list(field(resourceSpans, "scopeSpans") ?? field(resourceSpans, "instrumentationLibrarySpans")).flatMap((scopeSpans) => {
    const scope: RawScope = { resource, scope: scopeOf(scopeSpans) };
    return list(scopeSpans["spans"]).map((span) => ({ span: rawSpan(span), scope }));
  });
}

function logsOf(resourceLogs: Loose): RawRequest["logs"] {
  const resource = resourceOf(resourceLogs);
  return list(field(resourceLogs, "scopeLogs") ?? field(resourceLogs, "instrumentationLibraryLogs")).flatMap((scopeLogs) => {
    const scope: RawScope = { resource, scope: scopeOf(scopeLogs) };
    return list(field(scopeLogs, "logRecords")).map((record) => ({ log: rawLog(record), scope }));
  });
}

const rawLog = (record: Loose): RawLog => ({
  traceId: text(field(record, "traceId")),
  spanId: text(field(record, "spanId")),
  time: text(field(record, "timeUnixNano")),
  observed: text(field(record, "observedTimeUnixNano")),
  eventName: text(field(record, "eventName")),
  body: anyValue(record["body"], 0),
  attributes: attributes(record["attributes"]),
});

function rawSpan(span: Loose): RawSpan {
  const status = isLoose(span["status"]) ? span["status"] : {};
  return {
    ...idsOf(span),
    name: text(span["name"]),
    start: text(field(span, "startTimeUnixNano")),
    end: text(field(span, "endTimeUnixNano")),
    statusCode: statusCode(status["code"]),
    statusMessage: text(status["message"]),
    attributes: attributes(span["attributes"]),
    events: list(span["events"]).map((event) => ({
      name: text(event["name"]),
      time: text(field(event, "timeUnixNano")),
      attributes: attributes(event["attributes"]),
    })),
  };
}

/**
 * Ids are hex. Tempo and protobuf's own JSON write them in base64; a trace id of 24 characters says so for its span ids, too (a hex one has 32).
 */
function idsOf(span: Loose): Pick<RawSpan, "traceId" | "spanId" | "parentId"> {
  const [traceId, spanId, parentId] = [text(field(span, "traceId")), text(field(span, "spanId")), text(field(span, "parentSpanId"))];
  if (!/^[A-Za-z0-9+/]{22}==$/.test(traceId)) return { traceId, spanId, parentId };
  const hex = (id: string): string => Buffer.from(id, "base64").toString("hex");
  return { traceId: hex(traceId), spanId: hex(spanId), parentId: hex(parentId) };
}

function statusCode(code: unknown): number {
  if (typeof code === "number") return code;
  return { STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 }[text(code)] ?? 0;
}

const attributes = (value: unknown, depth = 0): Attributes =>
  attributesOf(
    list(value),
    ({ key }) => text(key),
    (pair) => anyValue(pair["value"], depth),
  );

/** An `AnyValue` as plain JSON; integers beyond 2^53 stay text. */
function anyValue(value: unknown, depth: number): Json | undefined {
  if (!isLoose(value) || depth > deepestValue) return undefined;
  const string = field(value, "stringValue");
  if (typeof string === "string") return string;
  const boolean = field(value, "boolValue");
  if (typeof boolean === "boolean") return boolean;
  const integer = field(value, "intValue");
  if (typeof integer === "number" || typeof integer === "string")
    return Number.isSafeInteger(Number(integer)) ? Number(integer) : String(integer);
  const double = field(value, "doubleValue");
  if (typeof double === "number" || typeof double === "string") return Number.isFinite(Number(double)) ? Number(double) : String(double);
  const array = field(value, "arrayValue");
  if (isLoose(array)) return list(array["values"]).map((item) => anyValue(item, depth + 1) ?? null);
  const map = field(value, "kvlistValue");
  if (isLoose(map)) return attributes(map["values"], depth + 1);
  const bytes = field(value, "bytesValue");
  return typeof bytes === "string" ? bytes : undefined;
}
