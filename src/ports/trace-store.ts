import type { FailureCluster } from "../domain/cluster.ts";
import type { Instant, ProjectId, SessionId } from "../domain/ids.ts";
import type { OverviewQuery, ProjectOverview } from "../domain/receiving/project-overview.ts";
import type { Trace, TraceBatch } from "../domain/span.ts";

export interface TraceQuery {
  readonly project: ProjectId;
  /** Sessions that began at or after `from` and before `to`; open ends when absent. */
  readonly from?: Instant;
  readonly to?: Instant;
  /** At most so many sessions, newest first kept. */
  readonly limit?: number;
}

export interface AddResult {
  /** Spans and log records that were not there before. */
  readonly added: number;
  /** Already held: spans of the same trace and span id, where the first one stays, and equal log records. */
  readonly known: number;
}

/**
 * Where sessions are read from: Tuneup's own store, or somebody else's, in place. Groups spans into sessions by `sessionKeyOf`; a trace whose spans carry no session id is one session of its own,
 * and spans that arrive late join the session their trace belongs to.
 * Several processes may use one store at the same time. A failed read throws: an error is never an empty answer.
 */
export interface TraceReader {
  /** Sessions in start order, spans within a session in start order. Sees what was added before the call. */
  read(query: TraceQuery): AsyncIterable<Trace>;
  session(project: ProjectId, key: SessionId): Promise<Trace | undefined>;
  /** Labelled clusters as the store holds them natively; `[]` only if it says there are none. */
  clusters(project: ProjectId): Promise<readonly FailureCluster[]>;
  close(): Promise<void>;
}

/** What to erase: one session, every session in which a span or log record names this user, or all of a project. */
export type ErasureSelection = { readonly session: SessionId } | { readonly user: string } | { readonly everything: true };

/** What was erased. */
export interface Erased {
  readonly sessions: number;
}

/** A store that Tuneup writes to. */
export interface TraceStore extends TraceReader {
  /**
   * Adds all or nothing, durably when it resolves. Adding the same again changes nothing. Feedback and log records go to the session that
   * holds their trace, whenever its spans come.
   */
  add(project: ProjectId, batch: TraceBatch): Promise<AddResult>;
  /**
   * Removes sessions with everything that only they used: spans, log records, bodies, feedback; `everything` takes the project's clusters and
   * feedback without a session, too. All or nothing, durably when it resolves. Erasing what is not there is fine.
   */
  erase(project: ProjectId, selection: ErasureSelection): Promise<Erased>;
  /** Counts over some days from the store's indexes: quick, whatever was stored. Names of models and tools are cut to 200 characters. */
  overview(query: OverviewQuery): Promise<ProjectOverview>;
}

/** When sessions are too old: what ended before `before` goes, telling sessions (failures, outliers) only when they ended before `tellingBefore`. */
export interface RetentionLimits {
  readonly before: Instant;
  /** Not after `before`. */
  readonly tellingBefore: Instant;
}
