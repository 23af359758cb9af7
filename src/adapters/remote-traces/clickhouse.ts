import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import { evaluationEvent, evaluationOf } from "../../domain/evaluation.ts";
import { type Attributes, instant, type Instant, type Json } from "../../domain/ids.ts";
import type { LogRecord, Span, TraceBatch } from "../../domain/span.ts";
import { anyJson, attributesFrom } from "./attributes.ts";
import type { HttpReading } from "./http-reading.ts";
import { parseAnswer } from "./parse-answer.ts";
import type { StoreAddress, StoreSource, Window } from "./store-source.ts";

const map = z.record(z.string(), anyJson);
const time = z.string().regex(/^\d{1,20}$/);

const spanRow = z.object({
  time,
  TraceId: z.string(),
  SpanId: z.string(),
  ParentSpanId: z.string(),
  SpanName: z.string(),
  ScopeName: z.string(),
  Duration: z.string(),
  StatusCode: z.string(),
  StatusMessage: z.string(),
  ResourceAttributes: map,
  SpanAttributes: map,
  eventTimes: z.array(time),
  eventNames: z.array(z.string()),
  eventAttributes: z.array(map),
});
type SpanRow = z.infer<typeof spanRow>;

const logRow = z.object({
  time,
  TraceId: z.string(),
  SpanId: z.string(),
  Body: z.string(),
  ScopeName: z.string(),
  ResourceAttributes: map,
  LogAttributes: map,
  eventName: z.string(),
});
type LogRow = z.infer<typeof logRow>;

const column = z.object({ table: z.string(), name: z.string(), type: z.string() });
const columnsSql =
  "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN ('otel_traces', 'otel_logs')";

type Parameters = Readonly<Record<string, string | number>>;

interface Tables {
  readonly logs: boolean;
  readonly eventName: boolean;
}

/** Nothing is written, a query ends within a minute, and 64-bit numbers come as text. */
const settings = { readonly: 2, max_execution_time: 60, wait_end_of_query: 1, output_format_json_quote_64bit_integers: 1 } as const;

/** Asks the database; `parameters` go beside the query, never into it. */
class Queries {
  readonly #http: HttpReading;
  readonly #address: StoreAddress;
  #tables: Promise<Tables> | undefined;

  constructor(http: HttpReading, address: StoreAddress) {
    this.#http = http;
    this.#address = address;
  }

  async ask<T>(row: z.ZodType<T>, sql: string, parameters: Parameters, what: string): Promise<readonly T[]> {
    const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`param_${name}`, value]));
    const content = await this.#http.post("/", `${sql} FORMAT JSON`, { database: databaseOf(this.#address), ...settings, ...given });
    return parseAnswer(z.object({ data: z.array(row) }), content, this.#http.name, what).data;
  }

  /** What the database has of the Collector's tables; looked up once, again after a failure. */
  tables(): Promise<Tables> {
    this.#tables ??= this.#look().catch((error: unknown) => {
      this.#tables = undefined;
      throw error;
    });
    return this.#tables;
  }

  async #look(): Promise<Tables> {
    const found = await this.ask(column, columnsSql, {}, "columns");
    const attributes = found.find((one) => one.table === "otel_traces" && one.name === "SpanAttributes");
    if (attributes === undefined) throw noTable(this.#http.name, databaseOf(this.#address));
    if (!attributes.type.startsWith("Map(")) throw otherColumns(this.#http.name);
    return {
      logs: found.some((one) => one.table === "otel_logs"),
      eventName: found.some((one) => one.table === "otel_logs" && one.name === "EventName"),
    };
  }
}

/** ClickHouse with the tables of the Collector's exporter: `otel_traces` and `otel_logs` (opentelemetry-collector-contrib, exporter/clickhouseexporter). */
export function clickhouseSource(http: HttpReading, address: StoreAddress): StoreSource {
  const queries = new Queries(http, address);
  const limit = address.pageSize;
  return {
    name: http.name,
    limits: [
      "The Collector's exporter stores every attribute as text: counts and scores are read back as numbers, the rest stays text.",
      "ClickHouse has no clusters of failures; `traces.clusterBy` groups by the labels of `gen_ai.evaluation.result` log records.",
    ],
    lists: [
      {
        name: "spans",
        async page(window, cursor) {
          await queries.tables();
          const sql = spansSql(service(address), cursor !== undefined);
          const rows = await queries.ask(spanRow, sql, parametersOf(window, cursor, address), "spans");
          return { batch: spansOf(rows.slice(0, limit)), items: Math.min(rows.length, limit), ...nextOf(rows, limit) };
        },
      },
      {
        name: "log records",
        async page(window, cursor) {
          const tables = await queries.tables();
          if (!tables.logs) return { batch: { spans: [] }, items: 0 };
          const offset = Number(cursor ?? "0");
          const parameters = { ...parametersOf(window, undefined, address), limit: limit + 1, offset };
          const rows = await queries.ask(logRow, logsSql(tables, service(address)), parameters, "log records");
          const page = rows.slice(0, limit);
          return { batch: logsOf(page), items: page.length, ...(rows.length > limit ? { next: String(offset + limit) } : {}) };
        },
      },
    ],
    async check() {
      await queries.tables();
    },
  };
}

const databaseOf = ({ project }: StoreAddress): string => project?.split("/")[0] ?? "default";
/** `traces.project` is `database` or `database/service`. */
const service = ({ project }: StoreAddress): string | undefined => project?.split("/")[1];

function parametersOf(window: Window, cursor: string | undefined, address: StoreAddress): Parameters {
  const [at = "", trace = "", span = ""] = cursor?.split(" ") ?? [];
  const named = service(address);
  return {
    from: Date.parse(window.from),
    to: Date.parse(window.to),
    limit: address.pageSize + 1,
    ...(named === undefined ? {} : { service: named }),
    ...(cursor === undefined ? {} : { at, trace, span }),
  };
}

const within = (named: string | undefined): string =>
  `Timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})${named === undefined ? "" : " AND ServiceName = {service:String}"}`;

function spansSql(named: string | undefined, later: boolean): string {
  const after = later ? " AND (toUnixTimestamp64Nano(Timestamp), TraceId, SpanId) > ({at:Int64}, {trace:String}, {span:String})" : "";
  return [
    "SELECT toString(toUnixTimestamp64Nano(Timestamp)) AS time, TraceId, SpanId, ParentSpanId, SpanName, ScopeName, toString(Duration) AS Duration,",
    "StatusCode, StatusMessage, ResourceAttributes, SpanAttributes,",
    "arrayMap(t -> toString(toUnixTimestamp64Nano(t)), `Events.Timestamp`) AS eventTimes, `Events.Name` AS eventNames, `Events.Attributes` AS eventAttributes",
    `FROM otel_traces WHERE ${within(named)}${after}`,
    "ORDER BY toUnixTimestamp64Nano(Timestamp), TraceId, SpanId LIMIT {limit:UInt32}",
  ].join(" ");
}

function logsSql({ eventName }: Tables, named: string | undefined): string {
  const name = eventName ? "if(EventName = '', LogAttributes['event.name'], EventName)" : "LogAttributes['event.name']";
  return [
    `SELECT toString(toUnixTimestamp64Nano(Timestamp)) AS time, TraceId, SpanId, Body, ScopeName, ResourceAttributes, LogAttributes, ${name} AS eventName`,
    `FROM otel_logs WHERE ${within(named)} AND (TraceId != '' OR LogAttributes['session.id'] != '' OR LogAttributes['gen_ai.conversation.id'] != '')`,
    "ORDER BY Timestamp, TraceId, SpanId, cityHash64(Body, LogAttributes) LIMIT {limit:UInt32} OFFSET {offset:UInt64}",
  ].join(" ");
}

/** One row more than a page is asked for: whether it came says whether there is a next page. */
function nextOf(rows: readonly SpanRow[], limit: number): { readonly next?: string } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return last === undefined ? {} : { next: `${last.time} ${last.TraceId} ${last.SpanId}` };
}

const isId = (id: string, digits: number): boolean => id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id);
const instantAt = (nanoseconds: bigint): Instant => instant(new Date(Number(nanoseconds / 1_000_000n)).toISOString());

function spansOf(rows: readonly SpanRow[]): TraceBatch {
  return {
    spans: rows.flatMap((row): readonly Span[] => {
      if (!isId(row.TraceId, 32) || !isId(row.SpanId, 16)) return [];
      const started = BigInt(row.time);
      const status = row.StatusCode.toLowerCase();
      return [
        {
          traceId: row.TraceId,
          spanId: row.SpanId,
          ...(isId(row.ParentSpanId, 16) ? { parentId: row.ParentSpanId } : {}),
          name: row.SpanName.slice(0, 1000),
          startedAt: instantAt(started),
          endedAt: instantAt(started + BigInt(row.Duration)),
          status: status.endsWith("error") ? "error" : status.endsWith("ok") ? "ok" : "unset",
          ...(row.StatusMessage === "" ? {} : { statusMessage: row.StatusMessage.slice(0, 4000) }),
          ...(row.ScopeName === "" ? {} : { scope: row.ScopeName }),
          attributes: attributesIn(row.SpanAttributes),
          events: row.eventNames.map((name, index) => ({
            name,
            at: instantAt(BigInt(row.eventTimes[index] ?? row.time)),
            attributes: attributesIn(row.eventAttributes[index] ?? {}),
          })),
          resource: attributesIn(row.ResourceAttributes),
        },
      ];
    }),
  };
}

function logsOf(rows: readonly LogRow[]): TraceBatch {
  const logs: LogRecord[] = [];
  const feedback: TraceBatch["feedback"] & object = rows.flatMap((row) => {
    const attributes = attributesIn(row.LogAttributes);
    const hasTrace = isId(row.TraceId, 32);
    const judged = hasTrace && row.eventName === evaluationEvent ? evaluationOf(attributes, row.SpanId) : undefined;
    if (judged !== undefined) return [{ traceId: row.TraceId, feedback: judged }];
    logs.push({
      ...(hasTrace ? { traceId: row.TraceId } : {}),
      ...(hasTrace && isId(row.SpanId, 16) ? { spanId: row.SpanId } : {}),
      at: instantAt(BigInt(row.time)),
      name: row.eventName.slice(0, 1000),
      ...(row.Body === "" ? {} : { body: bodyOf(row.Body) }),
      ...(row.ScopeName === "" ? {} : { scope: row.ScopeName }),
      attributes,
      resource: attributesIn(row.ResourceAttributes),
    });
    return [];
  });
  return { spans: [], logs, feedback };
}

/** The exporter writes structured bodies as JSON texts. */
function bodyOf(text: string): Json {
  if (!/^[{[]/.test(text)) return text;
  try {
    return anyJson.parse(JSON.parse(text));
  } catch {
    return text;
  }
}

const numbers = /(?:_tokens|\.score\.value|\.score\.min|\.score\.max|\.temperature|\.top_p|\.top_k|token_count\.\w+)$/;

/** Attributes with the numbers back that the readers of dialects count with; nested objects of JSON columns under dotted names. */
function attributesIn(values: Readonly<Record<string, Json>>): Attributes {
  return attributesFrom(
    flat(values, "", 0).map(([key, value]) => {
      const isNumber = typeof value === "string" && numbers.test(key) && /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(value);
      return [key, isNumber ? Number(value) : value] as const;
    }),
  );
}

function flat(values: Readonly<Record<string, Json>>, before: string, depth: number): readonly (readonly [string, Json])[] {
  return Object.entries(values).flatMap(([key, value]): readonly (readonly [string, Json])[] =>
    isFields(value) && depth < 12 ? flat(value, `${before}${key}.`, depth + 1) : [[`${before}${key}`, value]],
  );
}

const isFields = (value: Json): value is Readonly<Record<string, Json>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const otherColumns = (name: string): TuneupError =>
  new TuneupError("config-invalid", `${name} keeps attributes in JSON columns, which are not read.`, {
    remedy: "Leave out `json: true` in the Collector's ClickHouse exporter.",
  });

const noTable = (name: string, database: string): TuneupError =>
  new TuneupError("config-invalid", `${name} has no table otel_traces in its database "${database}".`, {
    remedy: "Name the Collector's database in `traces.project`; its exporter makes the tables with `create_schema: true`.",
  });
