import { clickhouseSource } from "../../../src/adapters/remote-traces/clickhouse.ts";
import { decodeOtlp } from "../../../src/adapters/otlp/decode-otlp.ts";
import { jaegerSource } from "../../../src/adapters/remote-traces/jaeger.ts";
import { langsmithSource } from "../../../src/adapters/remote-traces/langsmith.ts";
import { mlflowSource } from "../../../src/adapters/remote-traces/mlflow.ts";
import { tempoSource } from "../../../src/adapters/remote-traces/tempo.ts";
import { phoenixSource } from "../../../src/adapters/remote-traces/phoenix.ts";
import { host, type ShownSpan, spanHex, type StoreStandIn, timeAt, traceHex } from "../../contracts/remote-traces.ts";

const nanoseconds = (minute: number): string => `${Date.parse(timeAt(minute))}000000`;
const pageIn = (cursor: unknown): number => Number((typeof cursor === "string" ? cursor : "page-0").replace("page-", ""));
const bodyOf = (body: string): Readonly<Record<string, unknown>> => JSON.parse(body) as Record<string, unknown>;

/** Phoenix as its schemas/openapi.json describes it (Arize-ai/phoenix). */
export const phoenixStandIn: StoreStandIn = {
  name: "Phoenix",
  pages: true,
  open: (http) => phoenixSource(http, { url: host, pageSize: 50, project: "support" }),
  pageOf: (url) => (url.pathname === "/v1/projects/support/spans" ? pageIn(url.searchParams.get("cursor")) : undefined),
  answer: (spans, next) => ({
    data: spans.map((one) => ({
      id: "U3Bhbjox",
      name: "ChatCompletion",
      context: { trace_id: traceHex(one.trace), span_id: spanHex(one.span) },
      span_kind: "LLM",
      parent_id: one.parent === undefined ? null : spanHex(one.parent),
      start_time: timeAt(one.minute),
      end_time: timeAt(one.minute + 1),
      status_code: "OK",
      status_message: "",
      attributes: {
        "session.id": one.session,
        "llm.model_name": "model-x",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "Hello",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Good day",
      },
      events: [],
    })),
    next_cursor: next === undefined ? null : `page-${next}`,
  }),
  rest: () => ({ data: [], next_cursor: null }),
};

const uuid = (digit: string): string => `${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(12)}`;

/** LangSmith's v2 runs (langchain-ai/langsmith-sdk, js/src/_openapi_client/resources/runs). Ids that are UUIDs in LangSmith are hex here, as the suite asks. */
export const langsmithStandIn: StoreStandIn = {
  name: "LangSmith",
  pages: true,
  open: (http) => langsmithSource(http, { url: host, pageSize: 50, project: uuid("9") }),
  pageOf: (url, body) => (url.pathname === "/api/v2/runs/query" ? pageIn(bodyOf(body)["cursor"]) : undefined),
  answer: (spans, next) => ({
    items: spans.map((one) => ({
      id: spanHex(one.span),
      trace_id: uuid(one.trace),
      name: "ChatOpenAI",
      run_type: "llm",
      status: "SUCCESS",
      start_time: timeAt(one.minute),
      end_time: timeAt(one.minute + 1),
      inputs: { messages: [{ role: "user", content: "Hello" }] },
      outputs: { choices: [{ message: { role: "assistant", content: "Good day" } }] },
      extra: { metadata: { ls_provider: "openai", ls_model_name: "model-x", thread_id: one.session } },
      parent_run_ids: one.parent === undefined ? [] : [spanHex("f"), spanHex(one.parent)],
      thread_id: one.session,
      prompt_tokens: 3,
      completion_tokens: 2,
    })),
    next_cursor: next === undefined ? "" : `page-${next}`,
  }),
  rest: () => [],
};

const mlflowTraces = (spans: readonly ShownSpan[]): object[] =>
  [...new Set(spans.map((one) => one.trace))].map((trace) => ({
    trace_id: `tr-${traceHex(trace)}`,
    trace_metadata: { "mlflow.trace.session": spans.find((one) => one.trace === trace)?.session },
    tags: {},
    assessments: [],
  }));

/** What the last search of traces found, for `batchGet` gives their spans. */
let mlflowShown: readonly ShownSpan[] = [];

/** MLflow's REST API 3.0 (mlflow/mlflow, mlflow/protos/service.proto). */
export const mlflowStandIn: StoreStandIn = {
  name: "MLflow",
  pages: true,
  open: (http) => mlflowSource(http, { url: host, pageSize: 50, project: "7" }),
  pageOf: (url, body) => (url.pathname === "/api/3.0/mlflow/traces/search" ? pageIn(bodyOf(body)["page_token"]) : undefined),
  answer(spans, next) {
    mlflowShown = spans;
    return { traces: mlflowTraces(spans), ...(next === undefined ? {} : { next_page_token: `page-${next}` }) };
  },
  rest: () => ({
    traces: mlflowTraces(mlflowShown).map((info, index) => ({
      trace_info: info,
      spans: mlflowShown
        .filter((one) => one.trace === [...new Set(mlflowShown.map((shown) => shown.trace))][index])
        .map((one) => ({
          trace_id: traceHex(one.trace),
          span_id: spanHex(one.span),
          parent_span_id: one.parent === undefined ? "" : spanHex(one.parent),
          name: "chat",
          start_time_unix_nano: nanoseconds(one.minute),
          end_time_unix_nano: nanoseconds(one.minute + 1),
          status: { code: "STATUS_CODE_OK", message: "" },
          attributes: [
            { key: "mlflow.spanType", value: { string_value: '"CHAT_MODEL"' } },
            { key: "mlflow.spanInputs", value: { string_value: '{"messages":[{"role":"user","content":"Hello"}]}' } },
            { key: "mlflow.spanOutputs", value: { string_value: '{"choices":[{"message":{"role":"assistant","content":"Good day"}}]}' } },
          ],
          events: [],
        })),
    })),
  }),
};

/** Jaeger's api_v3 (jaegertracing/jaeger, internal/proto/api_v3): OTLP JSON, all traces merged into one list. */
export const jaegerStandIn: StoreStandIn = {
  name: "Jaeger",
  pages: false,
  open: (http) =>
    jaegerSource(http, { url: host, pageSize: 100, project: "support-agent" }, (bytes) =>
      decodeOtlp(bytes, { encoding: "json", signal: "traces" }),
    ),
  pageOf: (url) => (url.pathname === "/api/v3/traces" ? 0 : undefined),
  answer: (spans) => ({
    result: {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "support-agent" } }] },
          scopeSpans: [
            {
              scope: { name: "agent" },
              spans: spans.map((one) => ({
                traceId: traceHex(one.trace),
                spanId: spanHex(one.span),
                ...(one.parent === undefined ? {} : { parentSpanId: spanHex(one.parent) }),
                name: "chat model-x",
                kind: 3,
                startTimeUnixNano: nanoseconds(one.minute),
                endTimeUnixNano: nanoseconds(one.minute + 1),
                attributes: [{ key: "session.id", value: { stringValue: one.session } }],
                status: {},
              })),
            },
          ],
        },
      ],
    },
  }),
  rest: () => ({ services: ["support-agent"] }),
};

let shownByTempo: readonly ShownSpan[] = [];
const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

/** Tempo's search and trace by id (grafana/tempo, docs/sources/tempo/api_docs/_index.md): OTLP JSON with ids in base64 and names for enums. */
export const tempoStandIn: StoreStandIn = {
  name: "Tempo",
  pages: false,
  open: (http) =>
    tempoSource(http, { url: host, pageSize: 100, project: "support-agent" }, (bytes) =>
      decodeOtlp(bytes, { encoding: "json", signal: "traces" }),
    ),
  pageOf: (url) => (url.pathname === "/api/search" ? 0 : undefined),
  answer(spans) {
    shownByTempo = spans;
    return {
      traces: [...new Set(spans.map((one) => one.trace))].map((trace) => ({
        traceID: traceHex(trace),
        rootServiceName: "support-agent",
        rootTraceName: "chat model-x",
        startTimeUnixNano: nanoseconds(0),
        durationMs: 60_000,
        spanSets: [{ spans: [], matched: 1 }],
      })),
      metrics: { inspectedBytes: "3811736", totalBlocks: 3 },
    };
  },
  rest: (url) => ({
    trace: {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "support-agent" } }] },
          scopeSpans: [
            {
              scope: { name: "agent" },
              spans: shownByTempo
                .filter((one) => url.pathname === `/api/v2/traces/${traceHex(one.trace)}`)
                .map((one) => ({
                  traceId: base64(traceHex(one.trace)),
                  spanId: base64(spanHex(one.span)),
                  ...(one.parent === undefined ? {} : { parentSpanId: base64(spanHex(one.parent)) }),
                  name: "chat model-x",
                  kind: "SPAN_KIND_CLIENT",
                  startTimeUnixNano: nanoseconds(one.minute),
                  endTimeUnixNano: nanoseconds(one.minute + 1),
                  attributes: [
                    { key: "session.id", value: { stringValue: one.session } },
                    { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
                  ],
                  status: { code: "STATUS_CODE_OK" },
                })),
            },
          ],
        },
      ],
    },
    metrics: {},
    status: "COMPLETE",
    message: "",
  }),
};

/** ClickHouse's HTTP interface in `FORMAT JSON`. The queries themselves, and their pages, run on the real engine in clickhouse.slow.test.ts. */
export const clickhouseStandIn: StoreStandIn = {
  name: "ClickHouse",
  pages: false,
  open: (http) => clickhouseSource(http, { url: host, pageSize: 50 }),
  pageOf: (_url, body) => (body.includes("FROM otel_traces") ? 0 : undefined),
  answer: (spans) => ({
    data: spans.map((one) => ({
      time: nanoseconds(one.minute),
      TraceId: traceHex(one.trace),
      SpanId: spanHex(one.span),
      ParentSpanId: one.parent === undefined ? "" : spanHex(one.parent),
      SpanName: "chat",
      ScopeName: "agent",
      Duration: "1000000",
      StatusCode: "Unset",
      StatusMessage: "",
      ResourceAttributes: {},
      SpanAttributes: { "session.id": one.session },
      eventTimes: [],
      eventNames: [],
      eventAttributes: [],
    })),
  }),
  rest: () => ({ data: [{ table: "otel_traces", name: "SpanAttributes", type: "Map(LowCardinality(String), String)" }] }),
};
