import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import type { TraceBatch } from "../../domain/span.ts";
import type { HttpReading } from "./http-reading.ts";
import { parseAnswer } from "./parse-answer.ts";
import { projectNamed, type StoreAddress, type StoreSource, type Window } from "./store-source.ts";
import { nextPiece } from "./time-pieces.ts";

const answer = z.object({ result: z.object({ resourceSpans: z.array(z.looseObject({})) }) });
const services = z.object({ services: z.array(z.string()) });

/** Decodes the bytes of an OTLP JSON export request. */
export type DecodeSpans = (bytes: Uint8Array) => { readonly batch: TraceBatch };

/** A search gives at most so many traces, and says nothing of the others: one that gives as many is cut in two. */
const mostTraces = 100;
const smallestMilliseconds = 1;

/** Jaeger: traces of one service through api_v3, which answers in OTLP JSON (jaegertracing/jaeger). */
export function jaegerSource(http: HttpReading, address: StoreAddress, decode: DecodeSpans): StoreSource {
  const service = projectNamed(address, "Jaeger", "The agent's service name.");
  const depth = Math.max(2, Math.min(address.pageSize, mostTraces));
  const look = async (): Promise<void> => {
    const { services: known } = parseAnswer(services, await http.get("/api/v3/services"), http.name, "services");
    if (known.includes(service)) return;
    throw new TuneupError("config-invalid", `${http.name} knows no service "${service}".`, {
      remedy: known.length === 0 ? "It knows none at all yet." : `Known: ${known.slice(0, 20).join(", ")}.`,
    });
  };
  const search = async ({ from, to }: Window): Promise<TraceBatch> => {
    const query = { "query.serviceName": service, "query.startTimeMin": from, "query.startTimeMax": to, "query.searchDepth": depth };
    const content = await nothingFoundAs404(() => http.get("/api/v3/traces", query));
    if (content === undefined) return { spans: [] };
    const { result } = parseAnswer(answer, content, http.name, "traces");
    return decode(Buffer.from(JSON.stringify(result), "utf8")).batch;
  };
  return {
    name: http.name,
    limits: [
      "Jaeger holds spans only: no scores, annotations or clusters; outcomes come from span attributes and rules.",
      `A search gives ${depth} traces at most, so busy times are read in ever smaller pieces.`,
      "Messages that a dialect writes into log records are not in Jaeger.",
    ],
    lists: [
      {
        name: "traces",
        async page(window, cursor) {
          // A search without findings is answered with 404, and so is a wrong address: the services tell them apart.
          if (cursor === undefined) await look();
          return nextPiece(window, cursor, {
            most: depth,
            smallest: smallestMilliseconds,
            tooDense: () => tooDense(depth),
            async search(piece) {
              const batch = await search(piece);
              return { found: new Set(batch.spans.map((span) => span.traceId)).size, take: async () => batch };
            },
          });
        },
      },
    ],
    check: look,
  };
}

const tooDense = (depth: number): TuneupError =>
  new TuneupError("trace-store-unavailable", `Jaeger has ${depth} traces or more within one millisecond; some would be missing.`, {
    remedy: "Raise `traces.pageSize` (at most 100 are asked for at once), or read these traces by `tuneup ingest`.",
  });

/** api_v3 answers 404 with `{"error": …}` when it has found nothing; `undefined` then. */
async function nothingFoundAs404(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TuneupError && error.fields["status"] === 404) return undefined;
    throw error;
  }
}
