import type { Attributes, Json } from "../../domain/ids.ts";
import type { Feedback, TraceFeedback } from "../../domain/span.ts";
import { attributesOf, deepestValue, type RawScope, type RawSpan } from "./raw-span.ts";

/** The spans and feedback of a decoded request, unchecked. */
export interface RawRequest {
  readonly spans: readonly { readonly span: RawSpan; readonly scope: RawScope }[];
  readonly feedback: readonly TraceFeedback[];
}

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
    const parts = value.map((item: unknown) => readOtlpJson(item));
    if (value.length === 0 || parts.some((part) => part === undefined)) return undefined;
    return { spans: parts.flatMap((part) => part?.spans ?? []), feedback: parts.flatMap((part) => part?.feedback ?? []) };
  }
  if (!isLoose(value)) return undefined;
  const spans = field(value, "resourceSpans");
  const logs = field(value, "resourceLogs");
  if (!Array.isArray(spans) && !Array.isArray(logs)) return undefined;
  return { spans: list(spans).flatMap((resource) => spansOf(resource)), feedback: list(logs).flatMap((resource) => feedbackOf(resource)) };
}

function spansOf(resourceSpans: Loose): RawRequest["spans"] {
  const resource = isLoose(resourceSpans["resource"]) ? attributes(resourceSpans["resource"]["attributes"]) : {};
  const scopes = field(resourceSpans, "scopeSpans") ?? field(resourceSpans, "instrumentationLibrarySpans");
  return list(scopes).flatMap((scopeSpans) => {
    const scope = scopeSpans["scope"] ?? field(scopeSpans, "instrumentationLibrary");
    const name = isLoose(scope) ? text(scope["name"]) : "";
    return list(scopeSpans["spans"]).map((span) => ({ span: rawSpan(span), scope: { resource, scope: name } }));
  });
}

function rawSpan(span: Loose): RawSpan {
  const status = isLoose(span["status"]) ? span["status"] : {};
  return {
    traceId: text(field(span, "traceId")),
    spanId: text(field(span, "spanId")),
    parentId: text(field(span, "parentSpanId")),
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

function statusCode(code: unknown): number {
  if (typeof code === "number") return code;
  return { STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 }[text(code)] ?? 0;
}

const attributes = (value: unknown): Attributes =>
  attributesOf(list(value).map((pair) => [text(pair["key"]), anyValue(pair["value"], 0)] as const));

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
  if (isLoose(map))
    return attributesOf(list(map["values"]).map((pair) => [text(pair["key"]), anyValue(pair["value"], depth + 1)] as const));
  const bytes = field(value, "bytesValue");
  return typeof bytes === "string" ? bytes : undefined;
}

/** Evaluation results that came as log records. */
function feedbackOf(resourceLogs: Loose): RawRequest["feedback"] {
  return list(field(resourceLogs, "scopeLogs")).flatMap((scopeLogs) =>
    list(field(scopeLogs, "logRecords")).flatMap((record) => {
      const values = attributes(record["attributes"]);
      const name = text(field(record, "eventName")) || text(values["event.name"]);
      const traceId = text(field(record, "traceId")).toLowerCase();
      const feedback =
        name === "gen_ai.evaluation.result" && /^[0-9a-f]{32}$/.test(traceId)
          ? evaluationOf(values, text(field(record, "spanId")))
          : undefined;
      return feedback === undefined ? [] : [{ traceId, feedback }];
    }),
  );
}

/** The feedback in the attributes of a `gen_ai.evaluation.result` event; `undefined` when it names no evaluator. */
export function evaluationOf(values: Attributes, spanId: string): Feedback | undefined {
  const name = values["gen_ai.evaluation.name"];
  const score = values["gen_ai.evaluation.score.value"];
  const label = values["gen_ai.evaluation.score.label"];
  const comment = values["gen_ai.evaluation.explanation"];
  if (typeof name !== "string") return undefined;
  return {
    ...(/^[0-9a-f]{16}$/i.test(spanId) ? { spanId: spanId.toLowerCase() } : {}),
    name: name.slice(0, 200),
    ...(typeof score === "number" ? { score } : {}),
    ...(typeof label === "string" ? { label: label.slice(0, 200) } : {}),
    ...(typeof comment === "string" ? { comment: comment.slice(0, 4000) } : {}),
    by: "evaluator",
  };
}
