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
