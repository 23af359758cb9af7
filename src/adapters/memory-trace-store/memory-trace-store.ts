import type { FailureCluster } from "../../domain/cluster.ts";
import { asJson, canonicalJson } from "../../domain/digest.ts";
import { type ProjectId, type SessionId, sessionId } from "../../domain/ids.ts";
import { sessionKeyOf } from "../../domain/session-key.ts";
import type { Feedback, Span, Trace } from "../../domain/span.ts";
import type { AddResult, TraceQuery, TraceStore } from "../../ports/trace-store.ts";

interface Held {
  readonly project: ProjectId;
  readonly span: Span;
  readonly order: number;
}

/** A trace store that forgets when the process ends: for tests and the in-process benches. */
export class MemoryTraceStore implements TraceStore {
  readonly #spans = new Map<string, Held>();
  readonly #feedback = new Map<string, { readonly project: ProjectId; readonly traceId: string; readonly feedback: Feedback }>();

  async add(project: ProjectId, spans: readonly Span[]): Promise<AddResult> {
    let added = 0;
    for (const span of spans) {
      const key = `${project} ${span.traceId} ${span.spanId}`;
      if (this.#spans.has(key)) continue;
      this.#spans.set(key, { project, span: structuredClone(span), order: this.#spans.size });
      added += 1;
    }
    return { added, known: spans.length - added };
  }

  async addFeedback(project: ProjectId, traceId: string, feedback: Feedback): Promise<void> {
    this.#feedback.set(`${project} ${traceId} ${canonicalJson(asJson(feedback))}`, { project, traceId, feedback });
  }

  async *read(query: TraceQuery): AsyncIterable<Trace> {
    const sessions = [...this.#sessions(query.project)]
      .map(([key, held]) => ({ key, held, started: held.map((one) => one.span.startedAt).toSorted()[0] ?? "" }))
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

  async erase(project: ProjectId, key: SessionId): Promise<void> {
    const gone = new Set(this.#sessions(project).get(key));
    for (const [id, held] of this.#spans) if (gone.has(held)) this.#spans.delete(id);
    const left = new Set([...this.#spans.values()].filter((held) => held.project === project).map((held) => held.span.traceId));
    const traces = new Set([...gone].map((held) => held.span.traceId).filter((trace) => !left.has(trace)));
    for (const [id, one] of this.#feedback) if (one.project === project && traces.has(one.traceId)) this.#feedback.delete(id);
  }

  async close(): Promise<void> {}

  #sessions(project: ProjectId): ReadonlyMap<string, readonly Held[]> {
    const own = [...this.#spans.values()].filter((held) => held.project === project);
    const traces = new Map<string, string>();
    for (const { span } of own) {
      const key = sessionKeyOf(span);
      if (key !== undefined && !traces.has(span.traceId)) traces.set(span.traceId, key);
    }
    const sessions = new Map<string, Held[]>();
    for (const held of own) {
      const key = sessionKeyOf(held.span) ?? traces.get(held.span.traceId) ?? held.span.traceId;
      const list = sessions.get(key) ?? [];
      list.push(held);
      sessions.set(key, list);
    }
    return sessions;
  }

  #trace(project: ProjectId, key: SessionId, held: readonly Held[]): Trace {
    const spans = held
      .toSorted((left, right) =>
        left.span.startedAt < right.span.startedAt ? -1 : left.span.startedAt > right.span.startedAt ? 1 : left.order - right.order,
      )
      .map((one) => one.span);
    const traces = new Set(spans.map((span) => span.traceId));
    const feedback = [...this.#feedback.values()].filter((one) => one.project === project && traces.has(one.traceId));
    const order = (one: { readonly traceId: string; readonly feedback: Feedback }): string =>
      `${one.traceId} ${canonicalJson(asJson(one.feedback))}`;
    return {
      project,
      key,
      spans,
      feedback: feedback.toSorted((left, right) => (order(left) < order(right) ? -1 : 1)).map((one) => one.feedback),
    };
  }
}
