import type { Attributes, Instant, Json, ProjectId, SessionId } from "./ids.ts";

export interface SpanEvent {
  readonly name: string;
  readonly at: Instant;
  readonly attributes: Attributes;
}

/** One OpenTelemetry span with attributes as plain JSON (integers beyond 2^53 as strings), nothing interpreted. */
export interface Span {
  /** 32 lowercase hex digits. */
  readonly traceId: string;
  /** 16 lowercase hex digits. */
  readonly spanId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  readonly status: "unset" | "ok" | "error";
  readonly statusMessage?: string;
  /** Instrumentation scope name; the first key for telling dialects apart. */
  readonly scope?: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly resource: Attributes;
}

/** A judgement on a session or one of its spans that came with the traces. `score` lies in 0..1 where the source had a number; 1 is good. */
export interface Feedback {
  readonly spanId?: string;
  /** The evaluator's or label's name, for example `agent.outcome`. */
  readonly name: string;
  readonly score?: number;
  readonly label?: string;
  readonly comment?: string;
  readonly by: "user" | "reviewer" | "evaluator" | "agent";
}

/** One OpenTelemetry log record: some dialects carry their messages here. It belongs to its trace, else to the session its attributes name. */
export interface LogRecord {
  /** 32 lowercase hex digits. */
  readonly traceId?: string;
  /** 16 lowercase hex digits. */
  readonly spanId?: string;
  readonly at: Instant;
  /** The event's name; empty for a plain log line. */
  readonly name: string;
  readonly body?: Json;
  readonly scope?: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

/** Feedback with the trace it speaks of. */
export interface TraceFeedback {
  readonly traceId: string;
  readonly feedback: Feedback;
}

/** What one sender delivers at once. */
export interface TraceBatch {
  readonly spans: readonly Span[];
  readonly logs?: readonly LogRecord[];
  readonly feedback?: readonly TraceFeedback[];
}

/** Everything of one session as the store holds it: possibly several OTLP traces; spans in start order, log records in time order. */
export interface Trace {
  readonly project: ProjectId;
  readonly key: SessionId;
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
  readonly feedback: readonly Feedback[];
}
