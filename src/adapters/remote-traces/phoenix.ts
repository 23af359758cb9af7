import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import type { Span, SpanEvent, TraceFeedback } from "../../domain/span.ts";
import { anyJson, attributesFrom, instantFrom } from "./attributes.ts";
import { spanIdOf, traceIdOf } from "./foreign-ids.ts";
import type { HttpReading } from "./http-reading.ts";
import { judgementOnTrace } from "./judgement.ts";
import { parseAnswer } from "./parse-answer.ts";
import { projectNamed, type StoreAddress, type StoreSource } from "./store-source.ts";

const fields = z.record(z.string(), anyJson);

const span = z.object({
  name: z.string(),
  context: z.object({ trace_id: z.string().min(1), span_id: z.string().min(1) }),
  span_kind: z.string().nullish(),
  parent_id: z.string().nullish(),
  start_time: z.string(),
  end_time: z.string().nullish(),
  status_code: z.string().nullish(),
  status_message: z.string().nullish(),
  attributes: fields.nullish(),
  events: z.array(z.object({ name: z.string().nullish(), timestamp: z.string().nullish(), attributes: fields.nullish() })).nullish(),
});
type PhoenixSpan = z.infer<typeof span>;

const annotation = z.object({
  name: z.string(),
  annotator_kind: z.string().nullish(),
  result: z.object({ label: z.string().nullish(), score: z.number().nullish(), explanation: z.string().nullish() }).nullish(),
  span_id: z.string().nullish(),
  trace_id: z.string().nullish(),
  session_id: z.string().nullish(),
});
type Annotation = z.infer<typeof annotation>;

const listOf = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item), next_cursor: z.string().nullable() });
const spans = listOf(span);
const annotations = listOf(annotation);

/** Ids in one request for annotations: they travel in the address, which servers cut at 8 KB. Whoever names sessions may do so at length. */
const mostIds = { span: 100, trace: 100, session: 20 } as const;
const mostAnnotationPages = 1000;

/**
 * Phoenix: spans of a project, and the annotations on each page's spans, traces and sessions (Arize-ai/phoenix, schemas/openapi.json and
 * src/phoenix/server/api/routers/v1/annotations.py).
 */
export function phoenixSource(http: HttpReading, address: StoreAddress): StoreSource {
  const base = `/v1/projects/${encodeURIComponent(projectNamed(address, "Phoenix", "The project's name or id."))}`;
  const limit = Math.min(address.pageSize, 1000);
  const judged = async (of: "span" | "trace" | "session", ids: readonly string[]): Promise<readonly Annotation[]> => {
    const found: Annotation[] = [];
    for (let start = 0; start < ids.length; start += mostIds[of]) {
      const some = ids.slice(start, start + mostIds[of]);
      let cursor: string | undefined;
      for (let page = 0; page < mostAnnotationPages; page += 1) {
        const content = await http.get(`${base}/${of}_annotations`, { [`${of}_ids`]: some, limit, cursor });
        const { data, next_cursor: next } = parseAnswer(annotations, content, http.name, "annotations");
        found.push(...data);
        if (next === null || next === cursor) break;
        cursor = next;
      }
    }
    return found;
  };
  /** Sessions that this reading has the annotations of: their spans may stand on several pages. */
  let known = new Set<string>();
  return {
    name: http.name,
    limits: [
      "Phoenix has no clusters of failures; `traces.clusterBy` groups by the labels of annotations.",
      "Annotations on whole sessions are read where this version of Phoenix gives them.",
    ],
    lists: [
      {
        name: "spans",
        async page({ from, to }, cursor) {
          const content = await http.get(`${base}/spans`, { limit, cursor, start_time: from, end_time: to });
          const { data, next_cursor: next } = parseAnswer(spans, content, http.name, "spans");
          const traceOf = new Map(data.map((one) => [one.context.span_id, one.context.trace_id]));
          const onSpans = await judged("span", [...traceOf.keys()]);
          const onTraces = await judged("trace", [...new Set(traceOf.values())]);
          if (cursor === undefined) known = new Set();
          const traceIn = new Map(data.flatMap((one) => sessionsOf(one).map((session) => [session, one.context.trace_id] as const)));
          const sessions = [...traceIn.keys()].filter((session) => !known.has(session));
          const onSessions = await whereKnown(() => judged("session", sessions));
          for (const session of sessions) known.add(session);
          return {
            batch: {
              spans: data.flatMap((one) => spanOf(one) ?? []),
              feedback: [
                ...onSpans.flatMap((one) => feedbackOf(one, traceOf.get(one.span_id ?? ""), one.span_id)),
                ...onTraces.flatMap((one) => feedbackOf(one, one.trace_id, undefined)),
                // A trace of Phoenix's is in one session: what is said of it without a span is said of the session.
                ...onSessions.flatMap((one) => feedbackOf(one, traceIn.get(one.session_id ?? ""), undefined)),
              ],
            },
            items: data.length,
            ...(next === null ? {} : { next }),
          };
        },
      },
    ],
    async check() {
      parseAnswer(spans, await http.get(`${base}/spans`, { limit: 1 }), http.name, "spans");
    },
  };
}

/** The session that a span names, as Phoenix knows sessions. */
const sessionsOf = ({ attributes }: PhoenixSpan): readonly string[] => {
  const session = attributes?.["session.id"];
  return typeof session === "string" && session !== "" ? [session] : [];
};

/** Phoenix answers 404 where its project has none of the sessions that are asked for (an id belongs to the project that used it first), and before it knew such annotations. */
async function whereKnown(ask: () => Promise<readonly Annotation[]>): Promise<readonly Annotation[]> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TuneupError && error.fields["status"] === 404) return [];
    throw error;
  }
}

function spanOf(one: PhoenixSpan): Span | undefined {
  const startedAt = instantFrom(one.start_time);
  if (startedAt === undefined) return undefined;
  const endedAt = instantFrom(one.end_time);
  const status = one.status_code?.toUpperCase();
  return {
    traceId: traceIdOf(one.context.trace_id),
    spanId: spanIdOf(one.context.span_id),
    ...(one.parent_id ? { parentId: spanIdOf(one.parent_id) } : {}),
    name: one.name.slice(0, 1000),
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    status: status === "ERROR" ? "error" : status === "OK" ? "ok" : "unset",
    ...(one.status_message ? { statusMessage: one.status_message.slice(0, 4000) } : {}),
    attributes: attributesFrom([
      // Phoenix keeps the kind in a column of its own.
      ["openinference.span.kind", one.span_kind ?? undefined],
      ...Object.entries(one.attributes ?? {}),
    ]),
    events: (one.events ?? []).map((event): SpanEvent => ({
      name: event.name ?? "",
      at: instantFrom(event.timestamp) ?? startedAt,
      attributes: attributesFrom(Object.entries(event.attributes ?? {})),
    })),
    resource: {},
  };
}

function feedbackOf(
  { annotator_kind: kind, name, result }: Annotation,
  trace: string | null | undefined,
  spanId: string | null | undefined,
): readonly TraceFeedback[] {
  if (trace === undefined || trace === null || result === undefined || result === null) return [];
  const judgement = {
    name,
    value: result.score ?? undefined,
    label: result.label ?? undefined,
    comment: result.explanation,
    by: kind === "HUMAN" ? ("reviewer" as const) : ("evaluator" as const),
  };
  return [judgementOnTrace(judgement, trace, spanId)];
}
