import { gunzipSync, constants } from "node:zlib";
import type { Instant } from "../../domain/ids.ts";
import type { TraceBatch } from "../../domain/span.ts";
import type { TraceFileFormat, TraceFilePart } from "../../ports/trace-file.ts";
import { transcriptSchema } from "./transcript-schema.ts";
import { isUndated, transcriptSpan } from "./transcript-span.ts";

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const largestUnpacked = 1024 * 1024 * 1024;
const sessionsInPart = 50;

/** Plain chat transcripts: JSON lines (or one JSON list) of sessions with OpenAI-form messages. */
export const transcriptFileFormat: TraceFileFormat = {
  name: "chat transcripts (JSON lines with session_id and messages)",
  recognises(_file, head) {
    const text = isGzip(head) ? unpackedHead(head) : Buffer.from(head).toString("utf8");
    return /"messages"\s*:\s*\[/.test(text) && !/"resource_?(?:spans|logs)"/i.test(text);
  },
  *read(file, bytes, readAt) {
    let text: string;
    try {
      text = Buffer.from(isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: largestUnpacked }) : bytes).toString("utf8");
    } catch {
      yield { kind: "problem", file, reason: "the gzip stream is damaged or unpacks to more than 1024 MiB" };
      return;
    }
    const session: ReadSession = (value, line) => readSession(value, { file, line, readAt });
    yield* batched(/^\s*\[/.test(text) ? readList(file, text, session) : readLines(file, text, session));
  },
};

function unpackedHead(head: Uint8Array): string {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * 1024 * 1024 }).toString("utf8");
  } catch {
    return "";
  }
}

type ReadSession = (value: unknown, line?: number) => TraceFilePart;

function* readLines(file: string, text: string, session: ReadSession): Iterable<TraceFilePart> {
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      yield { kind: "problem", file, line: index + 1, reason: "the line is not JSON: it ends or breaks off in the middle" };
      continue;
    }
    yield session(value, index + 1);
  }
}

function* readList(file: string, text: string, session: ReadSession): Iterable<TraceFilePart> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    yield { kind: "problem", file, reason: "the file is not JSON: it ends or breaks off in the middle" };
    return;
  }
  for (const item of Array.isArray(value) ? (value as readonly unknown[]) : []) yield session(item);
}

interface SessionPlace {
  readonly file: string;
  readonly line: number | undefined;
  readonly readAt: Instant | undefined;
}

function readSession(value: unknown, { file, line, readAt }: SessionPlace): TraceFilePart {
  const parsed = transcriptSchema.safeParse(value);
  if (!parsed.success) {
    const reasons = parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.map(String).join(".") || "the line"}: ${issue.message}`);
    return { kind: "problem", file, ...(line === undefined ? {} : { line }), reason: reasons.join("; ") };
  }
  const { feedback, span } = transcriptSpan(parsed.data, readAt);
  const batch = { spans: [span], feedback: feedback.map((one) => ({ traceId: span.traceId, feedback: one })) };
  return { kind: "batch", batch, undated: isUndated(parsed.data) ? 1 : 0 };
}

/** Joins neighbouring sessions into parts, so that a store writes fifty in one transaction instead of one. */
function* batched(parts: Iterable<TraceFilePart>): Iterable<TraceFilePart> {
  let waiting: TraceBatch[] = [];
  let undated = 0;
  const joined = (): TraceFilePart => ({
    kind: "batch",
    undated,
    batch: { spans: waiting.flatMap((batch) => batch.spans), feedback: waiting.flatMap((batch) => batch.feedback ?? []) },
  });
  for (const part of parts) {
    if (part.kind === "batch") {
      waiting.push(part.batch);
      undated += part.undated ?? 0;
    } else yield part;
    if (waiting.length < sessionsInPart) continue;
    yield joined();
    waiting = [];
    undated = 0;
  }
  if (waiting.length > 0) yield joined();
}
