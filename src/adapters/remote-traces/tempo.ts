import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import type { Attributes, Json } from "../../domain/ids.ts";
import { cutAttributes } from "../../domain/receiving/cut-attributes.ts";
import type { Span, TraceBatch } from "../../domain/span.ts";
import type { HttpReading } from "./http-reading.ts";
import type { DecodeSpans } from "./jaeger.ts";
import { parseAnswer } from "./parse-answer.ts";
import type { StoreAddress, StoreSource, Window } from "./store-source.ts";
import { nextPiece } from "./time-pieces.ts";

/** The newest search answers leave an empty list out. */
const found = z
  .object({
    traces: z.array(z.object({ traceID: z.string().regex(/^[0-9a-fA-F]{1,32}$/) })).nullish(),
    metrics: z.looseObject({}).exactOptional(),
  })
  .refine((answer) => answer.traces !== undefined || answer.metrics !== undefined, "neither traces nor metrics");
const spans = z.array(z.looseObject({}));
const second = z.object({
  trace: z.union([z.object({ resourceSpans: spans }), z.object({ batches: spans })]).nullish(),
  status: z.string().exactOptional(),
});
const first = z.union([z.object({ batches: spans }), z.object({ resourceSpans: spans })]);

/** What instrumentations of language models write; attributes of which every span of theirs has one. */
const telling = [
  "gen_ai.operation.name",
  "gen_ai.request.model",
  "gen_ai.system",
  "openinference.span.kind",
  "traceloop.span.kind",
  "llm.request.type",
  "ai.operationId",
  "agent.outcome",
];

const mostTraces = 200;
const tracesTogether = 4;
/** Tempo searches by whole seconds, and by default a week at most (`query_frontend.search.max_duration`). */
const secondMilliseconds = 1000;
const dayMilliseconds = 86_400_000;

/** Tempo's default (`max_attribute_bytes`): the length of an attribute's value in bytes from which on it is cut. */
const attributeBytes = 2048;

/**
 * Grafana Tempo (grafana/tempo, docs/sources/tempo/api_docs): traces with spans of language models are searched by TraceQL, piece by piece of the time
 * window, and each is read whole by its id. `traces.project` is `service` or `tenant/service`.
 */
export function tempoSource(http: HttpReading, address: StoreAddress, decode: DecodeSpans): StoreSource {
  const most = Math.max(2, Math.min(address.pageSize, mostTraces));
  const q = queryFor(serviceOf(address.project));
  const search = async ({ from, to }: Window): Promise<readonly string[]> => {
    const seconds = { start: Math.floor(Date.parse(from) / secondMilliseconds), end: Math.ceil(Date.parse(to) / secondMilliseconds) };
    const answer = parseAnswer(found, await http.get("/api/search", { q, ...seconds, limit: most, spss: 1 }), http.name, "search");
    return [...new Set((answer.traces ?? []).map(({ traceID }) => traceID.toLowerCase().padStart(32, "0")))];
  };
  return {
    name: http.name,
    limits: [
      `Tempo cuts attributes to ${attributeBytes} bytes unless \`max_attribute_bytes\` says otherwise: prompts and messages are cut. Sessions with such attributes are marked as truncated, and are not replayed.`,
      "Tempo holds spans only: no scores, annotations or clusters, and no messages that a dialect writes into log records.",
      `A search gives ${most} traces at most and no further page, so busy times are read in ever smaller pieces.`,
    ],
    lists: [
      {
        name: "traces",
        page: (window, cursor) =>
          nextPiece(window, cursor, {
            most,
            smallest: secondMilliseconds,
            longest: dayMilliseconds,
            tooDense: () => tooDense(http.name, most),
            async search(piece) {
              const ids = await search(piece);
              return { found: ids.length, take: () => readTraces(http, ids, decode) };
            },
          }),
      },
    ],
    async check() {
      parseAnswer(found, await http.get("/api/search", { q, limit: 1, spss: 1 }), http.name, "search");
    },
  };
}

/** Headers that `traces.project` asks for: the tenant, where it names one. */
export function tempoHeaders(project: string | undefined): Readonly<Record<string, string>> {
  const slash = project?.indexOf("/") ?? -1;
  return project === undefined || slash < 1 ? {} : { "x-scope-orgid": project.slice(0, slash) };
}

/** Behind the first slash, where there is one, so that a service with a slash in its name is written `/its/name`. */
const serviceOf = (project: string | undefined): string | undefined => {
  const service = project?.slice(project.indexOf("/") + 1);
  return service === "" ? undefined : service;
};

/** TraceQL quotes texts as JSON does. */
function queryFor(service: string | undefined): string {
  const written = telling.map((attribute) => `span.${attribute} != nil`).join(" || ");
  return service === undefined ? `{ ${written} }` : `{ resource.service.name = ${JSON.stringify(service)} && (${written}) }`;
}

async function readTraces(http: HttpReading, ids: readonly string[], decode: DecodeSpans): Promise<TraceBatch> {
  const read: Span[] = [];
  for (let from = 0; from < ids.length; from += tracesTogether) {
    const some = await Promise.all(ids.slice(from, from + tracesTogether).map((id) => readTrace(http, id, decode)));
    read.push(...some.flat());
  }
  return { spans: read };
}

/** Tempo before 2.6 has only the first version of this; both answer 404 where they do not know the trace. */
async function readTrace(http: HttpReading, id: string, decode: DecodeSpans): Promise<readonly Span[]> {
  const answer = await http.get(`/api/v2/traces/${id}`).then(
    (content) => parseAnswer(second, content, http.name, "trace"),
    async (error: unknown) => {
      if (!(error instanceof TuneupError) || error.fields["status"] !== 404) throw error;
      return { trace: parseAnswer(first, await http.get(`/api/traces/${id}`), http.name, "trace") };
    },
  );
  if ("status" in answer && answer.status !== undefined && !/^(?:COMPLETE|0)$/i.test(answer.status))
    throw inPart(http.name, id, answer.status);
  const { batch } = decode(Buffer.from(JSON.stringify(answer.trace ?? {}), "utf8"));
  if (batch.spans.length === 0) throw withoutSpans(http.name, id);
  return batch.spans.map((span) => marked(span));
}

/** The span with the names of what was cut, for the length alone does not show later that it was. */
function marked(span: Span): Span {
  const cut = [
    ...namesOfCut(span.attributes),
    ...span.events.flatMap((event) => namesOfCut(event.attributes).map((name) => `${event.name} ${name}`)),
  ];
  return cut.length === 0 ? span : { ...span, attributes: { ...span.attributes, [cutAttributes]: cut.slice(0, 100) } };
}

const namesOfCut = (attributes: Attributes): readonly string[] =>
  Object.entries(attributes).flatMap(([name, value]) => (hasLimitLength(value) ? [name] : []));

/** Tempo cuts bytes: where it went through a character, what is left of that came as replacement characters. */
function hasLimitLength(value: Json): boolean {
  if (typeof value !== "string" || value.length < attributeBytes / 4) return false;
  const whole = value.replace(/\ufffd{1,3}$/, "");
  const bytes = Buffer.byteLength(whole, "utf8");
  return whole.length === value.length ? bytes === attributeBytes : bytes >= attributeBytes - 3 && bytes < attributeBytes;
}

const tooDense = (name: string, most: number): TuneupError =>
  new TuneupError("trace-store-unavailable", `${name} has ${most} traces or more within one second; some would be missing.`, {
    remedy: `Raise \`traces.pageSize\` (at most ${mostTraces} are asked for at once), name the service in \`traces.project\`, or read these traces by \`tuneup ingest\`.`,
  });

const inPart = (name: string, id: string, status: string): TuneupError =>
  new TuneupError("trace-store-unavailable", `${name} gives trace ${id} in part only (${status.slice(0, 20)}).`, {
    remedy:
      "Raise `max_bytes_per_trace` in Tempo, or choose `traces.days` so that the trace is not among them: a part would look like a session that broke off.",
    fields: { store: name, trace: id },
  });

const withoutSpans = (name: string, id: string): TuneupError =>
  new TuneupError("trace-store-unavailable", `${name} found trace ${id} and gives no span of it.`, {
    remedy: "Run the same again; if it stays, look at the store.",
    retryable: true,
    fields: { store: name, trace: id },
  });
