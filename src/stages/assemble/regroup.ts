import { sessionKeyOf } from "../../domain/session-key.ts";
import type { Span, Trace } from "../../domain/span.ts";

const farthest = 300;
const nameOf = (span: Pick<Span, "traceId" | "spanId">): string => `${span.traceId} ${span.spanId}`;

/**
 * One trace may hold several sessions, each named on its agent's span alone. A store puts spans without a name to the trace's first session; here they
 * go to the session that the nearest span above them names.
 */
export function regrouped(traces: readonly Trace[]): readonly Trace[] {
  const shared = tracesInSeveral(traces);
  if (shared.size === 0) return traces;
  const spans = new Map(
    traces.flatMap((trace) => trace.spans.filter((span) => shared.has(span.traceId)).map((span) => [nameOf(span), span] as const)),
  );
  const byKey = new Map<string, Trace>(traces.map((trace) => [`${trace.project} ${trace.key}`, trace]));
  const moved = new Map<Trace, Span[]>();
  const kept = traces.map((trace) => {
    const own = trace.spans.filter((span) => {
      if (!shared.has(span.traceId) || sessionKeyOf(span) !== undefined) return true;
      const key = keyAbove(span, spans);
      const target = key === undefined ? undefined : byKey.get(`${trace.project} ${key}`);
      if (target === undefined || target === trace) return true;
      const list = moved.get(target) ?? [];
      list.push(span);
      moved.set(target, list);
      return false;
    });
    return { trace, own };
  });
  return kept.map(({ own, trace }) => {
    const more = moved.get(trace);
    if (more === undefined && own.length === trace.spans.length) return trace;
    return {
      ...trace,
      spans: [...own, ...(more ?? [])].toSorted((left, right) =>
        left.startedAt < right.startedAt ? -1 : left.startedAt > right.startedAt ? 1 : 0,
      ),
    };
  });
}

function tracesInSeveral(traces: readonly Trace[]): ReadonlySet<string> {
  const holders = new Map<string, Trace>();
  const shared = new Set<string>();
  for (const trace of traces) {
    for (const { traceId } of trace.spans) {
      const first = holders.get(traceId);
      if (first === undefined) holders.set(traceId, trace);
      else if (first !== trace) shared.add(traceId);
    }
  }
  return shared;
}

function keyAbove(span: Span, spans: ReadonlyMap<string, Span>): string | undefined {
  let parentId = span.parentId;
  for (let step = 0; parentId !== undefined && step < farthest; step += 1) {
    const parent = spans.get(`${span.traceId} ${parentId}`);
    const key = parent === undefined ? undefined : sessionKeyOf(parent);
    if (key !== undefined) return key;
    parentId = parent?.parentId;
  }
  return undefined;
}
