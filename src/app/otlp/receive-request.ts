import type { IncomingMessage } from "node:http";
import { TuneupError } from "../../domain/errors.ts";
import type { Instant, ProjectId } from "../../domain/ids.ts";
import { hashOfToken, parseProjectToken, type TokenHash } from "../../domain/receiving/project-token.ts";
import type { DecodedOtlp, OtlpCodec, OtlpEncoding, OtlpForm, OtlpSignal } from "../../ports/otlp-codec.ts";
import type { ProjectDirectory } from "../../ports/project-directory.ts";
import type { Log } from "../../ports/runtime.ts";
import { type Admission, isWait, type Ticket, type Wait } from "./admission.ts";
import { type Answer, encodingOf, type Failure, failureAnswer } from "./answers.ts";
import type { GroupCommit } from "./group-commit.ts";
import { type BodyEnd, type ContentEncoding, contentEncodingOf, contentEncodings, readBody } from "./read-body.ts";
import type { ReceivedCounts } from "./received-counts.ts";
import type { ReceiverLimits } from "./receiver-limits.ts";

/** What answering a request takes. */
export interface ReceivingParts {
  readonly projects: Pick<ProjectDirectory, "projectOf">;
  readonly codec: OtlpCodec;
  readonly admission: Admission;
  readonly commits: GroupCommit;
  readonly counts: ReceivedCounts;
  readonly limits: ReceiverLimits;
  readonly log: Log;
  readonly now: () => Instant;
  readonly isStopping: () => boolean;
}

/** An answer, and for whom it is, where the sender is known. */
export interface Received {
  readonly answer: Answer;
  readonly project?: ProjectId;
}

interface Opening {
  readonly form: OtlpForm;
  readonly contentEncoding: ContentEncoding;
  readonly token: TokenHash;
  readonly project: ProjectId;
}

/**
 * Answers one export request as OTLP/HTTP says (opentelemetry-proto, specification.md 1.11). Everything that can be refused is refused from the
 * headers, before `proceed` lets the sender send its body. A 200 is answered only after the store has the batch on disk.
 */
export async function receiveRequest(request: IncomingMessage, parts: ReceivingParts, proceed: () => void): Promise<Received> {
  const encoding: OtlpEncoding = encodingOf(request.headers["content-type"]) ?? "json";
  const fail = (failure: Failure, project?: ProjectId): Received => ({
    answer: failureAnswer(parts.codec, encoding, failure),
    ...(project === undefined ? {} : { project }),
  });
  const opened = await open(request, parts);
  if ("status" in opened) return fail(opened);
  const ticket = parts.admission.enter(opened.project);
  if (isWait(ticket)) return fail(waitFailure(ticket), opened.project);
  try {
    proceed();
    const stored = await store(request, opened, ticket, parts);
    if ("status" in stored) return fail(stored, opened.project);
    const message = stored.reasons.join("; ");
    return {
      project: opened.project,
      answer: { status: 200, encoding, headers: {}, body: parts.codec.success(opened.form, { rejected: stored.rejected, message }) },
    };
  } finally {
    ticket.release();
  }
}

const signals: Readonly<Record<string, OtlpSignal>> = { "/v1/traces": "traces", "/v1/logs": "logs" };

/** Everything that the headers decide. */
async function open(request: IncomingMessage, parts: ReceivingParts): Promise<Opening | Failure> {
  const path = (request.url ?? "").split("?")[0] ?? "";
  const signal = Object.hasOwn(signals, path) ? signals[path] : undefined;
  if (signal === undefined) return unknownPath(path);
  if (request.method !== "POST") return { status: 405, message: `${path} takes POST only, as OTLP/HTTP says.`, headers: { allow: "POST" } };
  if (parts.isStopping()) return { status: 503, message: "The receiver is stopping; send again.", retryAfter: 5 };
  const known = await authenticate(request, parts);
  if ("status" in known) return known;
  const encoding = encodingOf(request.headers["content-type"]);
  if (encoding === undefined)
    return { status: 415, message: "The content type must be application/x-protobuf or application/json (OTLP over HTTP)." };
  const contentEncoding = contentEncodingOf(request.headers["content-encoding"]);
  if (contentEncoding === undefined) return { status: 415, message: `The content encoding must be one of ${contentEncodings.join(", ")}.` };
  if (Number(request.headers["content-length"] ?? 0) > parts.limits.largestPacked) return tooLarge(parts.limits);
  return { form: { encoding, signal }, contentEncoding, ...known };
}

function unknownPath(path: string): Failure {
  const message =
    path === "/v1/metrics"
      ? "Tuneup takes traces and logs, no metrics. Set OTEL_METRICS_EXPORTER=none, or send metrics elsewhere."
      : "Traces go to POST /v1/traces, logs to POST /v1/logs.";
  return { status: 404, message };
}

async function authenticate(request: IncomingMessage, parts: ReceivingParts): Promise<Pick<Opening, "token" | "project"> | Failure> {
  const { authorization } = request.headers;
  if (authorization === undefined)
    return unauthenticated("There is no Authorization header. Set OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20<token>.");
  const text = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (text === undefined) return unauthenticated("The Authorization header must read: Bearer <token>.");
  const token = parseProjectToken(text);
  if (token === undefined)
    return unauthenticated("This is no whole Tuneup token: they begin with tup_ and have 53 characters. It may have been cut or mistyped.");
  const hash = hashOfToken(token);
  try {
    const project = await parts.projects.projectOf(hash, parts.now());
    return project === undefined
      ? unauthenticated("This token is not valid (any more). `tuneup project rotate <name>` makes a new one.")
      : { token: hash, project };
  } catch (error) {
    return storeFailure(error, parts.log);
  }
}

const unauthenticated = (message: string): Failure => ({
  status: 401,
  message,
  headers: { "www-authenticate": 'Bearer realm="tuneup"' },
});

const waitFailure = ({ status, retryAfter, why }: Wait): Failure => ({ status, retryAfter, message: `Send again later: ${why}.` });

const inMebibytes = (bytes: number): string => `${Math.round((bytes / 1048576) * 10) / 10} MiB`;

const tooLarge = ({ largestPacked, largestBody }: ReceiverLimits): Failure => ({
  status: 413,
  message: `A body may have ${inMebibytes(largestPacked)}, and ${inMebibytes(largestBody)} unpacked. Send smaller batches.`,
});

/** Reads, decodes and stores; the decoded request once its batch is on disk. */
async function store(
  request: IncomingMessage,
  opened: Opening,
  ticket: Ticket,
  parts: ReceivingParts,
): Promise<Pick<DecodedOtlp, "rejected" | "reasons"> | Failure> {
  const { largestPacked, largestBody } = parts.limits;
  const body = await readBody(request, {
    encoding: opened.contentEncoding,
    largestPacked,
    largestBody,
    reserve: (bytes) => ticket.reserve(bytes),
  });
  if (body.kind !== "body") return bodyFailure(body, opened, parts.limits);
  const decoded = decode(body.bytes, opened, parts);
  if ("status" in decoded) return decoded;
  const { batch, rejected, reasons } = decoded;
  const logRecords = (batch.logs?.length ?? 0) + (batch.feedback?.length ?? 0);
  if (batch.spans.length + logRecords === 0) return { rejected, reasons };
  try {
    // A token may have been ended while its body was on the way: what an operator erases must not come back.
    if ((await parts.projects.projectOf(opened.token, parts.now())) !== opened.project)
      return unauthenticated("This token has just been ended.");
    await parts.commits.add(opened.project, batch);
  } catch (error) {
    return storeFailure(error, parts.log);
  }
  parts.counts.note(opened.project, parts.now(), { spans: batch.spans.length, logRecords });
  return { rejected, reasons };
}

function bodyFailure(end: Exclude<BodyEnd, { kind: "body" }>, { contentEncoding }: Opening, limits: ReceiverLimits): Failure {
  switch (end.kind) {
    case "wait":
      return waitFailure(end.wait);
    case "too-large":
      return tooLarge(limits);
    case "broken":
      return { status: 400, message: `The body is no whole ${contentEncoding} stream.` };
    case "gone":
      return { status: 400, message: "The connection ended before the body." };
  }
}

function decode(bytes: Uint8Array, { form, project }: Opening, parts: ReceivingParts): DecodedOtlp | Failure {
  try {
    return parts.codec.decode(bytes, form);
  } catch (error) {
    if (error instanceof TuneupError) return { status: 400, message: `${error.message} ${error.remedy}` };
    parts.log.error(
      { project, signal: form.signal, error: error instanceof Error ? error.name : "unknown" },
      "a body could not be decoded",
    );
    return { status: 500, message: "The body could not be decoded." };
  }
}

/** Whatever the store's trouble is, the sender keeps its batch and tries again. */
function storeFailure(error: unknown, log: Log): Failure {
  const said = error instanceof TuneupError ? { code: error.code, problem: error.message, remedy: error.remedy } : { code: "internal" };
  log.error(said, "received traces could not be written");
  return { status: 503, message: "The trace store cannot be written at the moment; send again.", retryAfter: 5 };
}
