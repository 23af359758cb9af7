import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import { instant } from "../../domain/ids.ts";
import type { Span, SpanEvent, TraceBatch } from "../../domain/span.ts";
import { anyJson, asText, attributesFrom, fieldsIn, instantFromNanoseconds } from "./attributes.ts";
import { spanIdOf, traceIdOf } from "./foreign-ids.ts";
import type { HttpReading } from "./http-reading.ts";
import { judgementOnTrace } from "./judgement.ts";
import { mlflowIssues } from "./mlflow-issues.ts";
import { parseAnswer } from "./parse-answer.ts";
import { projectNamed, type StoreAddress, type StoreSource, type Window } from "./store-source.ts";

const text = z.string().nullish();
const nanoseconds = z.union([z.string(), z.number()]);
const pairs = z.union([z.record(z.string(), anyJson), z.array(z.object({ key: z.string(), value: anyJson.optional() }))]).nullish();

const assessment = z.object({
  assessment_name: text,
  name: text,
  feedback: z.object({ value: anyJson.optional() }).nullish(),
  issue: z.object({ issue_id: text }).nullish(),
  rationale: text,
  span_id: text,
  source: z.object({ source_type: text }).nullish(),
});

const info = z.object({
  trace_id: z.string().min(1),
  trace_metadata: z.record(z.string(), anyJson).nullish(),
  tags: z.record(z.string(), anyJson).nullish(),
  assessments: z.array(assessment).nullish(),
});
type Info = z.infer<typeof info>;

// MLflow leaves empty lists out, so nothing at all means no traces; an answer with other things in it and no list is none of MLflow's.
const found = z
  .looseObject({ traces: z.array(info).optional(), next_page_token: text })
  .refine((answer) => answer.traces !== undefined || Object.keys(answer).every((key) => key === "next_page_token"), { path: ["traces"] });

const span = z.object({
  trace_id: z.string().optional(),
  span_id: z.string().min(1),
  parent_span_id: text,
  name: text,
  start_time_unix_nano: nanoseconds,
  end_time_unix_nano: nanoseconds.nullish(),
  status: z.object({ code: z.union([z.string(), z.number()]).nullish(), message: text }).nullish(),
  attributes: pairs,
  events: z.array(z.object({ name: text, time_unix_nano: nanoseconds.nullish(), attributes: pairs })).nullish(),
});
type MlflowSpan = z.infer<typeof span>;

const whole = z.object({ traces: z.array(z.object({ trace_info: info, spans: z.array(span).nullish() })).optional() });

/** MLflow answers `batchGet` for at most ten traces. */
const mostTraces = 10;

/** MLflow: traces of an experiment with their spans and assessments, and its Issues (mlflow/mlflow, REST API 3.0). */
export function mlflowSource(http: HttpReading, address: StoreAddress): StoreSource {
  const experiment = projectNamed(address, "MLflow", "The experiment's id, a number.");
  const search = async ({ from, to }: Window, token: string | undefined, size: number): Promise<z.infer<typeof found>> => {
    const content = await http.post("/api/3.0/mlflow/traces/search", {
      locations: [{ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: experiment } }],
      filter: `timestamp_ms >= ${Date.parse(from)} AND timestamp_ms < ${Date.parse(to)}`,
      max_results: size,
      order_by: ["timestamp_ms ASC"],
      ...(token === undefined ? {} : { page_token: token }),
    });
    return parseAnswer(found, content, http.name, "traces");
  };
  return {
    name: http.name,
    limits: [
      "MLflow gives spans for ten traces a request, so large windows take many requests.",
      "Expectations are not read: they say what should have been answered, not how it went.",
    ],
    lists: [
      {
        name: "traces",
        async page(window, token) {
          const { next_page_token: next, traces = [] } = await search(window, token, Math.min(address.pageSize, 100));
          return { batch: await batchOf(http, traces), items: traces.length, ...(next ? { next } : {}) };
        },
      },
    ],
    clusters: (window) =>
      mlflowIssues(http, experiment, async () => {
        const members = new Map<string, string[]>();
        let token: string | undefined;
        do {
          const { next_page_token: next, traces = [] } = await search(window, token, 100);
          for (const one of traces)
            for (const issue of issuesOn(one)) members.set(issue, [...(members.get(issue) ?? []), hexOf(one.trace_id)]);
          token = next && next !== token && traces.length > 0 ? next : undefined;
        } while (token !== undefined);
        return members;
      }),
    async check() {
      const at = instant(new Date(0).toISOString());
      await search({ from: at, to: at }, undefined, 1);
    },
  };
}

async function batchOf(http: HttpReading, infos: readonly Info[]): Promise<TraceBatch> {
  const spans: Span[] = [];
  for (let start = 0; start < infos.length; start += mostTraces) {
    const some = infos.slice(start, start + mostTraces);
    const content = await http.get("/api/3.0/mlflow/traces/batchGet", { trace_ids: some.map((one) => one.trace_id) });
    const { traces = [] } = parseAnswer(whole, content, http.name, "spans");
    const answered = new Set(traces.map((trace) => trace.trace_info.trace_id));
    if (some.some((one) => !answered.has(one.trace_id))) throw incomplete(http.name);
    spans.push(...traces.flatMap((trace) => (trace.spans ?? []).flatMap((one) => spanOf(one, trace.trace_info) ?? [])));
  }
  return {
    spans,
    feedback: infos.flatMap((one) =>
      (one.assessments ?? []).flatMap(({ assessment_name: long, feedback, name, rationale, source, span_id: on }) => {
        const called = long ?? name;
        if (feedback === undefined || feedback === null || called === undefined || called === null) return [];
        const by = source?.source_type === "HUMAN" ? ("reviewer" as const) : ("evaluator" as const);
        return [judgementOnTrace({ name: called, value: feedback.value, comment: rationale, by }, hexOf(one.trace_id), on)];
      }),
    ),
  };
}

const incomplete = (name: string): TuneupError =>
  new TuneupError("trace-store-unavailable", `${name} lists traces whose spans it does not give.`, {
    remedy: "Run the same again: traces may have been deleted meanwhile. Spans kept in an artifact store outside MLflow cannot be read.",
    retryable: true,
    fields: { store: name },
  });

/** An issue's assessment bears the issue's id as its name. */
const issuesOn = (one: Info): readonly string[] =>
  (one.assessments ?? []).flatMap(({ assessment_name: long, issue, name }) =>
    issue === undefined || issue === null ? [] : (issue.issue_id ?? long ?? name ?? []),
  );

/** MLflow writes `tr-` before the OpenTelemetry trace id. */
const hexOf = (id: string): string => id.replace(/^tr-/, "");

type Pairs = z.infer<typeof pairs>;

function entriesOf(given: Pairs): readonly (readonly [string, Span["attributes"][string] | undefined])[] {
  if (given === undefined || given === null) return [];
  // OTLP's list of pairs with typed values, or a plain object: both are served.
  return Array.isArray(given) ? given.map(({ key, value }) => [key, plain(value)] as const) : Object.entries(given);
}

function plain(value: Span["attributes"][string] | undefined): Span["attributes"][string] | undefined {
  const fields = fieldsIn(value);
  const [kind, ...more] = Object.keys(fields);
  return kind !== undefined && more.length === 0 && /^(string|int|double|bool)_?value$/i.test(kind) ? fields[kind] : value;
}

function spanOf(one: MlflowSpan, of: Info): Span | undefined {
  const startedAt = instantFromNanoseconds(one.start_time_unix_nano);
  if (startedAt === undefined) return undefined;
  const endedAt = instantFromNanoseconds(one.end_time_unix_nano ?? undefined);
  const code = String(one.status?.code ?? "").toUpperCase();
  return {
    traceId: traceIdOf(hexOf(of.trace_id)),
    spanId: spanIdOf(one.span_id),
    ...(one.parent_span_id ? { parentId: spanIdOf(one.parent_span_id) } : {}),
    name: (one.name ?? "").slice(0, 1000),
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    status: /ERROR$|^2$/.test(code) ? "error" : /OK$|^1$/.test(code) ? "ok" : "unset",
    ...(one.status?.message ? { statusMessage: one.status.message.slice(0, 4000) } : {}),
    attributes: attributesFrom([
      ...entriesOf(one.attributes).map(([key, value]) => [key, unquoted(key, value)] as const),
      ["mlflow.trace.session", asText(of.trace_metadata?.["mlflow.trace.session"])],
      ["mlflow.trace.user", asText(of.trace_metadata?.["mlflow.trace.user"])],
    ]),
    events: (one.events ?? []).map((event): SpanEvent => ({
      name: event.name ?? "",
      at: instantFromNanoseconds(event.time_unix_nano ?? undefined) ?? startedAt,
      attributes: attributesFrom(entriesOf(event.attributes)),
    })),
    resource: {},
  };
}

/** MLflow's own attributes are JSON texts, a plain word in quotation marks included. */
function unquoted(key: string, value: Span["attributes"][string] | undefined): Span["attributes"][string] | undefined {
  return key.startsWith("mlflow.") && typeof value === "string" && /^"[^"\\]*"$/.test(value) ? value.slice(1, -1) : value;
}
