import type { FailureCluster } from "../../domain/cluster.ts";
import { asJson, canonicalJson } from "../../domain/digest.ts";
import { type ProjectId, type SessionId, sessionId } from "../../domain/ids.ts";
import { type OverviewQuery, overviewOf, type ProjectOverview } from "../../domain/receiving/project-overview.ts";
import { sessionKeyOf, userIdOf } from "../../domain/session-key.ts";
import type { LogRecord, Span, Trace, TraceBatch, TraceFeedback } from "../../domain/span.ts";
import type { AddResult, Erased, ErasureSelection, TraceQuery, TraceStore } from "../../ports/trace-store.ts";

interface Held {
  readonly project: ProjectId;
  readonly item: Span | LogRecord;
  readonly at: string;
  readonly order: number;
}

const isSpan = (item: Span | LogRecord): item is Span => "startedAt" in item;

function isSelected(selection: ErasureSelection, key: string, held: readonly Held[]): boolean {
  if ("session" in selection) return key === selection.session;
  return "everything" in selection || held.some((one) => userIdOf(one.item) === selection.user);
}

/** A trace store that forgets when the process ends: for tests and the in-process benches. */
export class MemoryTraceStore implements TraceStore {
  readonly #held = new Map<string, Held>();
  readonly #feedback = new Map<string, TraceFeedback & { readonly project: ProjectId }>();

  async add(project: ProjectId, { spans, logs = [], feedback = [] }: TraceBatch): Promise<AddResult> {
    const before = this.#held.size;
    for (const span of spans) this.#hold(project, `${span.traceId} ${span.spanId}`, span);
    for (const log of logs) this.#hold(project, canonicalJson(asJson(log)), log);
    for (const one of feedback) this.#feedback.set(`${project} ${canonicalJson(asJson(one))}`, { project, ...one });
    const added = this.#held.size - before;
    return { added, known: spans.length + logs.length - added };
  }

  async *read(query: TraceQuery): AsyncIterable<Trace> {
    const sessions = [...this.#sessions(query.project)]
      .map(([key, held]) => ({ key, held, started: held.map((one) => one.at).toSorted()[0] ?? "" }))
      .filter(({ started }) => started >= (query.from ?? "") && started < (query.to ?? "~"))
      .toSorted((left, right) => (left.started < right.started || (left.started === right.started && left.key < right.key) ? -1 : 1));
    const kept = query.limit === undefined ? sessions : sessions.slice(Math.max(0, sessions.length - query.limit));
    for (const { key, held } of kept) yield this.#trace(query.project, sessionId(key), held);
  }

  async session(project: ProjectId, key: SessionId): Promise<Trace | undefined> {
    const held = this.#sessions(project).get(key);
    return held === undefined ? undefined : this.#trace(project, key, held);
  }

  async clusters(): Promise<readonly FailureCluster[]> {
    return [];
  }

  async overview(query: OverviewQuery): Promise<ProjectOverview> {
    const traces = [...this.#sessions(query.project)].map(([key, held]) => this.#trace(query.project, sessionId(key), held));
    return overviewOf(query, traces);
  }

  async erase(project: ProjectId, selection: ErasureSelection): Promise<Erased> {
    const chosen = [...this.#sessions(project)].filter(([key, held]) => isSelected(selection, key, held));
    const gone = new Set(chosen.flatMap(([, held]) => held));
    for (const [id, held] of this.#held) if (gone.has(held)) this.#held.delete(id);
    const left = new Set([...this.#held.values()].filter((held) => held.project === project).map((held) => held.item.traceId));
    const traces = new Set([...gone].map((held) => held.item.traceId).filter((trace) => !left.has(trace)));
    for (const [id, one] of this.#feedback)
      if (one.project === project && ("everything" in selection || traces.has(one.traceId))) this.#feedback.delete(id);
    return { sessions: chosen.length };
  }

  async close(): Promise<void> {}

  #hold(project: ProjectId, id: string, item: Span | LogRecord): void {
    const key = `${project} ${id}`;
    if (this.#held.has(key)) return;
    this.#held.set(key, { project, item: structuredClone(item), at: isSpan(item) ? item.startedAt : item.at, order: this.#held.size });
  }

  #sessions(project: ProjectId): ReadonlyMap<string, readonly Held[]> {
    const own = [...this.#held.values()].filter((held) => held.project === project);
    const traces = new Map<string, string>();
    for (const { item } of own) {
      const key = sessionKeyOf(item);
      if (key !== undefined && item.traceId !== undefined && !traces.has(item.traceId)) traces.set(item.traceId, key);
    }
    const sessions = new Map<string, Held[]>();
    for (const held of own) {
      const { traceId } = held.item;
      const key = sessionKeyOf(held.item) ?? (traceId === undefined ? undefined : (traces.get(traceId) ?? traceId));
      if (key === undefined) continue;
      const list = sessions.get(key) ?? [];
      list.push(held);
      sessions.set(key, list);
    }
    return sessions;
  }

  #trace(project: ProjectId, key: SessionId, held: readonly Held[]): Trace {
    const items = held
      .toSorted((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : left.order - right.order))
      .map((one) => one.item);
    const traces = new Set(items.map((item) => item.traceId));
    const feedback = [...this.#feedback.values()].filter((one) => one.project === project && traces.has(one.traceId));
    const order = (one: TraceFeedback): string => `${one.traceId} ${canonicalJson(asJson(one.feedback))}`;
    return {
      project,
      key,
      spans: items.filter((item) => isSpan(item)),
      logs: items.filter((item): item is LogRecord => !isSpan(item)),
      feedback: feedback.toSorted((left, right) => (order(left) < order(right) ? -1 : 1)).map((one) => one.feedback),
    };
  }
}
