import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeOtlp } from "../src/adapters/otlp/decode-otlp.ts";
import { ClickhouseTraceStore } from "../src/adapters/clickhouse/clickhouse-trace-store.ts";
import type { ClickhouseDatabase } from "../src/adapters/clickhouse/clickhouse-database.ts";
import { SqliteTraceStore } from "../src/adapters/sqlite/sqlite-trace-store.ts";
import { instant, projectId, sessionId } from "../src/domain/ids.ts";
import { seededRandom } from "../src/domain/random.ts";
import type { Span } from "../src/domain/span.ts";
import type { TraceStore } from "../src/ports/trace-store.ts";
import { type EmbeddedEngine, openChdb } from "../test/doubles/chdb.ts";
import { exportedSpans, requestsOf } from "./ingest/exported-spans.ts";
import { recordedSessions } from "./ingest/recorded-sessions.ts";
import { type Bench, type ContextFigure, type Figure, round } from "./report.ts";

const project = projectId("bench");
const batch = 10_000;
const days = 30;
const query = { project, from: "2026-01-01", to: "2026-01-31" };

interface Timed {
  readonly overview: number;
  readonly overviewWorst: number;
  /** Milliseconds of processor time, whoever else uses the machine. */
  readonly overviewProcessor: number;
  readonly session: number;
  readonly spansPerSecond: number;
}

/** Sessions of a model call, a tool call and the agent's frame, spread over a month and as much before it. */
function* month(count: number): Iterable<Span> {
  const random = seededRandom(11, "month");
  const tools = ["find_order", "refund_order", "get_policy", "search", "escalate"];
  for (let index = 0; index < count; index += 1) {
    const began = Date.UTC(2026, 0, 1) + Math.floor((random() * 2 - 1) * days * 86_400_000);
    const isBad = random() < 0.2;
    const traceId = (index + 1).toString(16).padStart(32, "0");
    const at = (offset: number): Pick<Span, "startedAt" | "endedAt"> => ({
      startedAt: instant(new Date(began + offset).toISOString()),
      endedAt: instant(new Date(began + offset + 500).toISOString()),
    });
    const own = { "session.id": `session-${index}`, "user.id": `user-${index % 5000}` };
    const span = (number: number, attributes: Span["attributes"], status: Span["status"] = "unset"): Span => ({
      traceId,
      spanId: (index * 4 + number + 1).toString(16).padStart(16, "0"),
      name: "step",
      ...at(number * 600),
      status,
      attributes: { ...own, ...attributes },
      events: [],
      resource: { "service.name": "support" },
    });
    yield span(0, { "gen_ai.operation.name": "invoke_agent", "agent.outcome": isBad ? "failed" : "success" });
    yield span(1, {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": `model-${Math.floor(random() * 6)}`,
      "gen_ai.usage.input_tokens": Math.floor(random() * 4000),
      "gen_ai.usage.output_tokens": Math.floor(random() * 300),
      "gen_ai.input.messages": `[{"role":"user","parts":[{"type":"text","content":"Where is my order ${index}?"}]}]`,
    });
    yield span(
      2,
      { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tools[index % tools.length] ?? "" },
      isBad ? "error" : "unset",
    );
  }
}

async function timed(store: TraceStore, count: number): Promise<Timed> {
  let spans: Span[] = [];
  let inAdd = 0;
  const flush = async (): Promise<void> => {
    const from = performance.now();
    await store.add(project, { spans });
    inAdd += performance.now() - from;
    spans = [];
  };
  for (const span of month(count)) {
    spans.push(span);
    if (spans.length >= batch) await flush();
  }
  if (spans.length > 0) await flush();
  const overviews: number[] = [];
  let processor = process.cpuUsage();
  for (let run = 0; run < 12; run += 1) {
    if (run === 1) processor = process.cpuUsage();
    const from = performance.now();
    const { days: found } = await store.overview(query);
    // The first run reads the files and compiles the statement.
    if (run > 0) overviews.push(performance.now() - from);
    if (found.length !== days) throw new Error(`${found.length} days instead of ${days}`);
  }
  const { system, user } = process.cpuUsage(processor);
  const sessions: number[] = [];
  const random = seededRandom(12, "sessions");
  for (let run = 0; run < 40; run += 1) {
    const id = sessionId(`session-${Math.floor(random() * count)}`);
    const from = performance.now();
    if ((await store.session(project, id))?.spans.length !== 3) throw new Error(`${id} is not whole`);
    sessions.push(performance.now() - from);
  }
  return {
    overview: median(overviews),
    overviewWorst: round(Math.max(...overviews)),
    overviewProcessor: Math.round((system + user) / 1000 / overviews.length),
    session: median(sessions),
    spansPerSecond: Math.round((count * 3 * 1000) / inAdd),
  };
}

const median = (times: readonly number[]): number =>
  round(times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0);

/** Bytes on disk of each byte received, for real sessions that send their whole history with every call. */
async function clickhouseRatio(database: ClickhouseDatabase): Promise<number> {
  const store = new ClickhouseTraceStore(database);
  let bytes = 0;
  for (const request of requestsOf(
    recordedSessions().sessions.flatMap((session) => exportedSpans(session, { copy: 0 })),
    500,
  )) {
    bytes += request.length;
    await store.add(project, decodeOtlp(request, { encoding: "protobuf", signal: "traces" }).batch);
  }
  for (const table of ["otel_traces", "tuneup_index"]) await database.tell("merging", `OPTIMIZE TABLE ${table} FINAL`);
  const [row] = await database.ask(
    "sizes",
    "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase()",
  );
  return round(Number(row?.["bytes"]) / bytes);
}

function opened(say: (line: string) => void): EmbeddedEngine | undefined {
  try {
    return openChdb();
  } catch {
    say("ClickHouse's engine is not installed (npm test installs it): its figures are left out");
    return undefined;
  }
}

export const store: Bench = {
  name: "store",
  description: "the trace stores: a month of a project at a glance, a session by its id, adding; SQLite and ClickHouse's own engine",
  async run({ full, say }) {
    const count = full ? 400_000 : 100_000;
    const folder = mkdtempSync(join(tmpdir(), "tuneup-store-bench-"));
    const engine = opened(say);
    const figures: Figure[] = [];
    const context: ContextFigure[] = [];
    const note = (name: string, { overview, overviewProcessor, overviewWorst, session, spansPerSecond }: Timed): void => {
      say(
        `${name}: overview ${overview} ms (worst ${overviewWorst}, ${overviewProcessor} of a processor), session by id ${session} ms, ${spansPerSecond} spans/s added`,
      );
      figures.push({
        name: `overview-ms-${name}`,
        value: overview,
        bar: "<= 200",
        holds: overview <= 200,
        setting: { sessions: count, spans: count * 3, worst: overviewWorst, processorMilliseconds: overviewProcessor, runs: 11 },
      });
      context.push({ name: `session-by-id-ms-${name}`, value: session }, { name: `spans-per-second-added-${name}`, value: spansPerSecond });
    };
    try {
      const sqlite = SqliteTraceStore.open(join(folder, "traces.db"));
      note("sqlite", await timed(sqlite, count));
      await sqlite.close();
      if (engine !== undefined) {
        note("clickhouse", await timed(new ClickhouseTraceStore(await engine.freshDatabase()), count));
        const ratio = await clickhouseRatio(await engine.freshDatabase());
        say(`clickhouse: ${ratio} bytes stored for each byte received, whole history in every call`);
        context.push({ name: "stored-bytes-ratio-clickhouse", value: ratio });
      }
      return { figures, context };
    } finally {
      await engine?.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
