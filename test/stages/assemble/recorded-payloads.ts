import { readFileSync } from "node:fs";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { otlpFileFormat } from "../../../src/adapters/otlp/otlp-file-format.ts";
import { type Attributes, instant, type Instant, type Json, projectId } from "../../../src/domain/ids.ts";
import type { LogRecord, Span, SpanEvent, Trace, TraceBatch } from "../../../src/domain/span.ts";

type Loose = { readonly [key: string]: Json };
const project = projectId("samples");
const loose = (value: Json | undefined): Loose =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Loose) : {};
const list = (value: Json | undefined): readonly Loose[] =>
  Array.isArray(value) ? (value as readonly Json[]).map((item) => loose(item)) : [];
const text = (value: Json | undefined): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

function timeOf(value: Json | undefined): Instant {
  if (Array.isArray(value)) return instant(new Date(Number(value[0]) * 1000 + Math.floor(Number(value[1]) / 1e6)).toISOString());
  const number = Number(value);
  if (Number.isFinite(number)) return instant(new Date(number > 1e17 ? number / 1e6 : number > 1e14 ? number / 1e3 : number).toISOString());
  return instant(new Date(typeof value === "string" ? value : 0).toISOString());
}

/** Attributes as some recordings keep them: lists as OTLP's `{values: [{stringValue}]}`. */
const plain = (attributes: Loose): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => {
      const values = list(loose(value)["values"]);
      return [key, values.length > 0 ? values.map((item) => item["stringValue"] ?? null) : value];
    }),
  );

/** Spans as the Python SDK's readable spans, with `span_events` that may be log records. */
function fromReadable(spans: readonly Loose[]): TraceBatch {
  const logs: LogRecord[] = [];
  const read = spans.map((span, index): Span => {
    const context = loose(span["spanContext"]);
    const traceId = text(span["trace_id"] ?? context["traceId"] ?? "t");
    const spanId = text(span["span_id"] ?? context["spanId"] ?? String(index));
    const scope = typeof span["scope"] === "string" ? span["scope"] : text(loose(span["scope"])["name"] ?? span["scopeName"]);
    const events: SpanEvent[] = [];
    for (const event of list(span["span_events"] ?? span["events"])) {
      const name = text(event["event_name"] ?? event["name"]);
      const at = timeOf(event["timestamp"] ?? event["time"] ?? 1_700_000_000_000);
      const attributes = plain(loose(event["attributes"]));
      if (event["body"] === undefined) events.push({ name, at, attributes });
      else logs.push({ traceId, spanId, at, name, body: event["body"], scope, attributes, resource: {} });
    }
    const parent = text(span["parent_span_id"]);
    const code = text(loose(span["status"])["code"]);
    return {
      traceId,
      spanId,
      ...(parent === "" ? {} : { parentId: parent }),
      name: text(span["name"] ?? span["spanName"]),
      startedAt: timeOf(span["start_time"] ?? span["startTime"] ?? 1_700_000_000_000),
      endedAt: timeOf(span["end_time"] ?? span["endTime"] ?? 1_700_000_000_000),
      status: /error|^2$/i.test(code) ? "error" : "unset",
      ...(scope === "" ? {} : { scope }),
      attributes: plain(loose(span["attributes"])),
      events,
      resource: {},
    };
  });
  return { spans: read, logs };
}

/** Observations as Langfuse's public API exports them: the original attributes, with what Langfuse took out put back under its own names. */
function fromLangfuse(file: Loose): TraceBatch {
  const trace = loose(file["trace"]);
  const spans = list(file["observations"]).map((one): Span => {
    const metadata = typeof one["metadata"] === "string" ? loose(JSON.parse(one["metadata"]) as Json) : loose(one["metadata"]);
    const optional: [string, Json | undefined][] = [
      ["langfuse.observation.input", one["input"]],
      ["langfuse.observation.output", one["output"]],
      ["langfuse.observation.model.name", one["model"]],
      ["langfuse.observation.model.parameters", one["modelParameters"]],
      ["langfuse.observation.usage_details", one["usageDetails"]],
      ["langfuse.observation.cost_details", one["costDetails"]],
      ["langfuse.observation.status_message", one["statusMessage"]],
      ["langfuse.session.id", trace["sessionId"]],
      ["langfuse.user.id", trace["userId"]],
    ];
    const given = optional.flatMap(([key, value]): [string, Json][] =>
      value === undefined || value === null || value === "" ? [] : [[key, value]],
    );
    const parent = text(one["parentObservationId"]);
    return {
      traceId: text(one["traceId"]),
      spanId: text(one["id"]),
      ...(parent === "" ? {} : { parentId: parent }),
      name: text(one["name"]),
      startedAt: timeOf(one["startTime"]),
      endedAt: timeOf(one["endTime"]),
      status: one["level"] === "ERROR" ? "error" : "unset",
      scope: text(loose(metadata["scope"])["name"]),
      attributes: {
        ...loose(metadata["attributes"]),
        ...Object.fromEntries(given),
        "langfuse.observation.type": text(one["type"]).toLowerCase(),
      },
      events: [],
      resource: loose(metadata["resourceAttributes"]),
    };
  });
  return { spans };
}

/** Jaeger's UI JSON. */
function fromJaeger(file: Loose): TraceBatch {
  const fields = (tags: Json | undefined): Attributes =>
    Object.fromEntries(list(tags).map((tag) => [text(tag["key"]), tag["value"] ?? null]));
  const spans = list(file["data"]).flatMap((trace) =>
    list(trace["spans"]).map((span): Span => {
      const tags = fields(span["tags"]);
      const [parent] = list(span["references"]).map((one) => text(one["spanID"]));
      return {
        traceId: text(span["traceID"]),
        spanId: text(span["spanID"]),
        ...(parent === undefined ? {} : { parentId: parent }),
        name: text(span["operationName"]),
        startedAt: timeOf(span["startTime"]),
        status: tags["otel.status_code"] === "ERROR" ? "error" : "unset",
        ...(typeof tags["otel.scope.name"] === "string" ? { scope: tags["otel.scope.name"] } : {}),
        attributes: tags,
        events: list(span["logs"]).map((log) => {
          const attributes = fields(log["fields"]);
          return { name: text(attributes["event"]), at: timeOf(log["timestamp"]), attributes };
        }),
        resource: {},
      };
    }),
  );
  return { spans };
}

function batchOf(file: string, bytes: Buffer): TraceBatch {
  if (otlpFileFormat.recognises(file, bytes.subarray(0, 65_536))) {
    const batches = [...otlpFileFormat.read(file, bytes)].flatMap((part) => (part.kind === "batch" ? [part.batch] : []));
    return {
      spans: batches.flatMap((batch) => batch.spans),
      logs: batches.flatMap((batch) => batch.logs ?? []),
      feedback: batches.flatMap((batch) => batch.feedback ?? []),
    };
  }
  const value = JSON.parse(bytes.toString("utf8")) as Json;
  const fields = loose(value);
  if (Array.isArray(value)) return fromReadable(list(value));
  if (fields["observations"] !== undefined) return fromLangfuse(fields);
  if (fields["data"] !== undefined) return fromJaeger(fields);
  if (fields["spans"] !== undefined) return fromReadable(list(fields["spans"]));
  if (fields["attributes"] !== undefined) return fromReadable([fields]);
  return fromReadable([{ name: "span", attributes: fields }]);
}

/** The traces of recorded files in whatever form their recorder kept them: OTLP, readable spans, Langfuse's export, Jaeger's JSON, bare attributes. */
export async function recordedTraces(...files: readonly string[]): Promise<readonly Trace[]> {
  const store = new MemoryTraceStore();
  for (const file of files) await store.add(project, batchOf(file, readFileSync(file)));
  const traces: Trace[] = [];
  for await (const trace of store.read({ project })) traces.push(trace);
  return traces;
}

/** A trace of the trail data set: nested spans with OpenInference attributes. Log bodies are left out: they hold the answers. */
export function trailTrace(bytes: Buffer): Trace {
  const file = loose(JSON.parse(bytes.toString("utf8")) as Json);
  const spans: Span[] = [];
  const walk = (span: Loose): void => {
    const parent = text(span["parent_span_id"]);
    const code = text(span["status_code"]);
    const scope = text(span["scope_name"]);
    spans.push({
      traceId: text(file["trace_id"]),
      spanId: text(span["span_id"]),
      ...(parent === "" ? {} : { parentId: parent }),
      name: text(span["span_name"]),
      startedAt: timeOf(span["timestamp"]),
      status: /error/i.test(code) ? "error" : "unset",
      ...(text(span["status_message"]) === "" ? {} : { statusMessage: text(span["status_message"]) }),
      ...(scope === "" ? {} : { scope }),
      attributes: plain(loose(span["span_attributes"])),
      events: list(span["events"]).map((event) => ({
        name: text(event["Name"] ?? event["name"]),
        at: timeOf(span["timestamp"]),
        attributes: loose(event["Attributes"] ?? event["attributes"]),
      })),
      resource: {},
    });
    for (const child of list(span["child_spans"])) walk(child);
  };
  for (const span of list(file["spans"])) walk(span);
  return {
    project,
    key: text(file["trace_id"]) as Trace["key"],
    spans: spans.toSorted((left, right) => (left.startedAt < right.startedAt ? -1 : 1)),
    logs: [],
    feedback: [],
  };
}
