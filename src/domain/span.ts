import type { Attributes, Instant, ProjectId, SessionId } from "./ids.ts";

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

/** All spans of one session as the store holds them: possibly several OTLP traces, in start order. */
export interface Trace {
  readonly project: ProjectId;
  readonly key: SessionId;
  readonly spans: readonly Span[];
  readonly feedback: readonly Feedback[];
}
