import type { FailureCluster } from "../domain/cluster.ts";
import type { Instant, ProjectId, SessionId } from "../domain/ids.ts";
import type { Feedback, Span, Trace } from "../domain/span.ts";

export interface TraceQuery {
  readonly project: ProjectId;
  /** Sessions that began at or after `from` and before `to`; open ends when absent. */
  readonly from?: Instant;
  readonly to?: Instant;
  /** At most so many sessions, newest first kept. */
  readonly limit?: number;
}

export interface AddResult {
  /** Spans that were not there before. */
  readonly added: number;
  /** Spans already held: the same trace and span id; the first one stays. */
  readonly known: number;
}

/**
 * Where sessions live. Groups spans into sessions by `sessionKeyOf`; a trace whose spans carry no session id is one session of its own,
 * and spans that arrive late join the session their trace belongs to.
 * Several processes may use one store at the same time. A failed read throws: an error is never an empty answer.
 */
export interface TraceStore {
  /** Adds all or nothing, durably when it resolves. Adding the same spans again changes nothing. */
  add(project: ProjectId, spans: readonly Span[]): Promise<AddResult>;
  /** Attaches feedback to the session that holds the trace; equal feedback is kept once. */
  addFeedback(project: ProjectId, traceId: string, feedback: Feedback): Promise<void>;
  /** Sessions in start order, spans within a session in start order. Sees what was added before the call. */
  read(query: TraceQuery): AsyncIterable<Trace>;
  session(project: ProjectId, key: SessionId): Promise<Trace | undefined>;
  /** Labelled clusters as the store holds them natively; `[]` only if it says there are none. */
  clusters(project: ProjectId): Promise<readonly FailureCluster[]>;
  /** Removes a session with everything that only it used. Removing what is not there is fine. */
  erase(project: ProjectId, key: SessionId): Promise<void>;
  close(): Promise<void>;
}
