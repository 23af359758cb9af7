import { constants, gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Span } from "../../domain/span.ts";
import type { TraceFileFormat, TraceFilePart } from "../../ports/trace-file.ts";
import { agentsSpan, agentsSpanSchema, agentsTraceSchema, type AgentsTrace } from "./agents-span.ts";

const largestUnpacked = 1024 * 1024 * 1024;
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** What OpenAI's Agents SDK sends to `/v1/traces/ingest`, kept as files: `{data: [{object: "trace" | "trace.span", …}]}`, alone or one a line. */
export const openaiAgentsFileFormat: TraceFileFormat = {
  name: "traces of OpenAI's Agents SDK (bodies of /v1/traces/ingest)",
  recognises(_file, head) {
    const text = isGzip(head) ? unpacked(head, constants.Z_SYNC_FLUSH) : Buffer.from(head).toString("utf8");
    return text !== undefined && /"object"\s*:\s*"trace(?:\.span)?"/.test(text);
  },
  *read(file, bytes) {
    const text = isGzip(bytes) ? unpacked(bytes) : Buffer.from(bytes).toString("utf8");
    if (text === undefined) yield { kind: "problem", file, reason: "the gzip stream is damaged or unpacks to more than 1024 MiB" };
    else yield* readText(file, text);
  },
};

function unpacked(bytes: Uint8Array, finishFlush: number = constants.Z_FINISH): string | undefined {
  try {
    return gunzipSync(bytes, { finishFlush, maxOutputLength: largestUnpacked }).toString("utf8");
  } catch {
    return undefined;
  }
}

function* readText(file: string, text: string): Iterable<TraceFilePart> {
  const whole = parsed(text);
  if (whole !== undefined) {
    yield* readBody(file, whole);
    return;
  }
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const value = parsed(line);
    if (value === undefined)
      yield { kind: "problem", file, line: index + 1, reason: "the line is not JSON: it ends or breaks off in the middle" };
    else yield* readBody(file, value, index + 1);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const body = z.object({ data: z.array(z.unknown()) });

function* readBody(file: string, value: unknown, line?: number): Iterable<TraceFilePart> {
  const at = line === undefined ? { file } : { file, line };
  const { data, success } = body.safeParse(value);
  if (!success) {
    yield { kind: "problem", ...at, reason: "no body of /v1/traces/ingest: there is no `data` list" };
    return;
  }
  const traces = new Map<string, AgentsTrace>();
  for (const item of data.data) {
    const trace = agentsTraceSchema.safeParse(item);
    if (trace.success) traces.set(trace.data.id, trace.data);
  }
  const spans: Span[] = [];
  const reasons: string[] = [];
  for (const item of data.data) {
    if (agentsTraceSchema.safeParse(item).success) continue;
    const span = agentsSpanSchema.safeParse(item);
    const made = span.success ? agentsSpan(span.data, traces.get(span.data.trace_id)) : undefined;
    if (made === undefined) reasons.push("a span has no valid ids, no start time or no span data");
    else spans.push(made);
  }
  if (spans.length > 0) yield { kind: "batch", batch: { spans } };
  for (const reason of reasons) yield { kind: "problem", ...at, reason };
}
