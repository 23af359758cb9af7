import { constants, gunzipSync } from "node:zlib";
import type { TraceFileFormat, TraceFilePart } from "../../ports/trace-file.ts";
import { readOtlpJson } from "./otlp-json.ts";
import { readOtlpLogsProtobuf, readOtlpProtobuf } from "./otlp-protobuf.ts";
import { checkRequest, type RawRequest } from "./otlp-request.ts";

const largestUnpacked = 1024 * 1024 * 1024;
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** OTLP exports on disk: JSON (one request, a list, or one a line) and protobuf, each also gzipped. */
export const otlpFileFormat: TraceFileFormat = {
  name: "OTLP (JSON, JSON lines or protobuf of ExportTraceServiceRequest or ExportLogsServiceRequest)",
  recognises(file, head) {
    if (/\.(?:pb|bin|otlp)(?:\.gz)?$/i.test(file)) return true;
    const beginning = Buffer.from(unpackedHead(head)).toString("utf8");
    return /"resource_?(?:spans|logs)"|"batches":\s*\[\s*\{\s*"resource"/i.test(beginning);
  },
  *read(file, bytes) {
    const unpacked = unpack(bytes);
    if (typeof unpacked === "string") yield { kind: "problem", file, reason: unpacked };
    else if (/\.(?:pb|bin|otlp)(?:\.gz)?$/i.test(file)) yield* readProtobuf(file, unpacked);
    else yield* readJson(file, Buffer.from(unpacked).toString("utf8"));
  },
};

function unpackedHead(head: Uint8Array): Uint8Array {
  if (!isGzip(head)) return head;
  try {
    // The head is cut somewhere inside the stream: give what can be read of it.
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * 1024 * 1024 });
  } catch {
    return head;
  }
}

/** The file's bytes, or why they cannot be had. */
function unpack(bytes: Uint8Array): Uint8Array | string {
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: largestUnpacked });
  } catch (error) {
    return `the gzip stream is damaged or unpacks to more than 1024 MiB (${error instanceof Error ? error.message : "unknown"})`;
  }
}

function* readProtobuf(file: string, bytes: Uint8Array): Iterable<TraceFilePart> {
  let request: RawRequest;
  try {
    request = protobufRequest(bytes);
  } catch (error) {
    yield {
      kind: "problem",
      file,
      reason: `not a whole ExportTraceServiceRequest or ExportLogsServiceRequest in protobuf: ${error instanceof Error ? error.message : "unknown"}`,
    };
    return;
  }
  yield* partsOf(file, request);
}

/**
 * Both requests begin alike, and nothing in the bytes names the kind. Log records read as spans have a time where a trace id belongs, so
 * the reading with more whole records is the right one.
 */
function protobufRequest(bytes: Uint8Array): RawRequest {
  const asTraces = attempt(() => readOtlpProtobuf(bytes));
  if (asTraces.ok && checkRequest(asTraces.request).batch.spans.length > 0) return asTraces.request;
  const asLogs = attempt(() => readOtlpLogsProtobuf(bytes));
  if (asLogs.ok && checkRequest(asLogs.request).reasons.length < asLogs.request.logs.length) return asLogs.request;
  if (asTraces.ok) return asTraces.request;
  throw asTraces.error;
}

type Attempt = { readonly ok: true; readonly request: RawRequest } | { readonly ok: false; readonly error: unknown };

function attempt(read: () => RawRequest): Attempt {
  try {
    return { ok: true, request: read() };
  } catch (error) {
    return { ok: false, error };
  }
}

function* readJson(file: string, text: string): Iterable<TraceFilePart> {
  const whole = parse(text);
  if (whole.ok) {
    yield* readValue(file, whole.value);
    return;
  }
  const lines = text.split("\n");
  if (lines.filter((line) => line.trim() !== "").length < 2) {
    yield { kind: "problem", file, reason: `not JSON: ${whole.reason}` };
    return;
  }
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const parsed = parse(line);
    if (parsed.ok) yield* readValue(file, parsed.value, index + 1);
    else yield { kind: "problem", file, line: index + 1, reason: `not JSON: ${parsed.reason}` };
  }
}

type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

function parse(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    // The engine's message quotes the text, which may be a session.
    const reason = error instanceof Error ? error.message.replace(/["'`][\s\S]*$/, "").trim() : "";
    return { ok: false, reason: reason === "" ? "it ends or breaks off in the middle" : reason };
  }
}

function* readValue(file: string, value: unknown, line?: number): Iterable<TraceFilePart> {
  const request = readOtlpJson(value);
  if (request === undefined)
    yield {
      kind: "problem",
      file,
      ...(line === undefined ? {} : { line }),
      reason: "no export request: there is neither a `resourceSpans` nor a `resourceLogs` list",
    };
  else yield* partsOf(file, request, line);
}

function* partsOf(file: string, request: RawRequest, line?: number): Iterable<TraceFilePart> {
  const { batch, reasons } = checkRequest(request);
  if (batch.spans.length + (batch.logs?.length ?? 0) + (batch.feedback?.length ?? 0) > 0) yield { kind: "batch", batch };
  for (const reason of reasons) yield { kind: "problem", file, ...(line === undefined ? {} : { line }), reason };
}
