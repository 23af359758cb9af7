import type { Instant, Json } from "../domain/ids.ts";

/** Structured log: a static message, data in fields; never session text, never a token. */
export interface Log {
  debug(fields: Readonly<Record<string, Json>>, message: string): void;
  info(fields: Readonly<Record<string, Json>>, message: string): void;
  warn(fields: Readonly<Record<string, Json>>, message: string): void;
  error(fields: Readonly<Record<string, Json>>, message: string): void;
}

/** One step of visible progress. `done` and `total` count what `unit` names; `note` is a short sentence of ours. */
export interface Progress {
  readonly stage: string;
  readonly state: "started" | "running" | "finished" | "skipped" | "failed";
  readonly done?: number;
  readonly total?: number;
  readonly unit?: string;
  readonly note?: string;
}

/** What a stage may know of the world: the clock, the wish to stop, a log and someone who watches. */
export interface Runtime {
  readonly now: () => Instant;
  /** Aborted when the user or the service wants to stop: finish what is in flight, keep what was measured, end. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly progress: (progress: Progress) => void;
}

/** What a span tells: ids, names, counts. Never session text, never a token. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface SpanStart {
  /** One of few: what differs from call to call belongs into `facts`. */
  readonly name: string;
  /** As OpenTelemetry means it; inside this process where absent. */
  readonly kind?: "server" | "client" | "consumer";
  readonly facts?: Facts;
  /** The span that it goes on from, as W3C `traceparent`: from a durable job or another process. The one under way where absent or malformed. */
  readonly parent?: string;
}

/** A span while it is open. */
export interface OpenSpan {
  note(facts: Facts): void;
}

/** Traces of Tuneup itself, as OpenTelemetry means them. Costs nothing and changes nothing where nobody wants them; never throws for a reason of its own. */
export interface Telemetry {
  /** Runs work in a span; spans that it opens are children. What work throws is thrown on, and only its code is kept. */
  span<T>(start: SpanStart, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  /** Opens and closes the span of a stage within the one under way; spans that are opened meanwhile belong to it. */
  stage(progress: Progress): void;
  /** The span under way as W3C `traceparent`, to be handed to another process; `undefined` where there is none. */
  here(): string | undefined;
  /** Sends what has not been sent, within a few seconds. Nothing is traced afterwards. */
  close(): Promise<void>;
}
