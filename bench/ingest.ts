import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { decodeOtlp } from "../src/adapters/otlp/decode-otlp.ts";
import { otlpCodec } from "../src/adapters/otlp/otlp-codec.ts";
import { makeRedactor } from "../src/adapters/redaction/batch-redactor.ts";
import { secretScanner } from "../src/adapters/secretlint-scanner/secret-ranges.ts";
import { ThreadedTraceStore } from "../src/adapters/sqlite/threaded-trace-store.ts";
import { startOtlpReceiver } from "../src/app/otlp/otlp-receiver.ts";
import { redactingStore } from "../src/compose/redacting-store.ts";
import { instant, projectId, sessionId } from "../src/domain/ids.ts";
import { makeProjectToken } from "../src/domain/receiving/project-token.ts";
import { seededRandom } from "../src/domain/random.ts";
import type { Log } from "../src/ports/runtime.ts";
import type { TraceStore } from "../src/ports/trace-store.ts";
import { type Beside, clickhouseBeside, rowPerSpan, type Workload } from "./ingest/beside.ts";
import { exportedSpans, type ExportedSpan, requestsOf } from "./ingest/exported-spans.ts";
import { type RecordedSession, recordedSessions } from "./ingest/recorded-sessions.ts";
import { type Bench, type ContextFigure, type Figure, round } from "./report.ts";

const project = projectId("bench");
const windowCharacters = 2900;
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Measured {
  readonly spansPerSecond: number;
  /** By the processor time of this process without its senders: what other programs of the machine take does not count. */
  readonly spansPerProcessorSecond: number;
  readonly megabytesPerSecond: number;
  readonly storedRatio: number;
  /** What the process had at most above what it had before. */
  readonly growthMegabytes: number;
  /** How much more of it in the second half than in the first: nothing where memory is flat. */
  readonly laterMegabytes: number;
}

function workload(spans: readonly ExportedSpan[], perRequest: number): Workload {
  const requests = requestsOf(spans, perRequest);
  return { requests, spans: spans.length, bytes: requests.reduce((sum, one) => sum + one.length, 0) };
}

/** Copies of the sessions until there are so many spans, a few sessions at a time between each other, as they would come. */
function copies(sessions: readonly RecordedSession[], count: number, window: number): readonly ExportedSpan[] {
  const spans: ExportedSpan[] = [];
  for (let copy = 1; spans.length < count; copy += 1)
    for (const session of sessions) {
      if (spans.length >= count) break;
      spans.push(...exportedSpans(session, { copy, window }));
    }
  return spans;
}

const fresh = (folder: string, name: string): string => {
  const path = join(folder, `${name}.db`);
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  return path;
};

const open = (path: string, isRedacted: boolean): TraceStore => {
  const store = ThreadedTraceStore.open(path);
  return isRedacted
    ? redactingStore(store, makeRedactor({ scanner: secretScanner, keyOf: () => new Uint8Array(32), settings: {} }))
    : store;
};

/** Sends a workload over HTTP to a receiver of this process, as `tuneup receive` has it; the senders are a thread of their own. */
async function receive(
  folder: string,
  work: Workload,
  warmUp: Workload,
  how: { readonly isRedacted: boolean; readonly senders: number },
): Promise<Measured> {
  const path = fresh(folder, "received");
  const store = open(path, how.isRedacted);
  const receiver = await startOtlpReceiver({
    store,
    projects: { projectOf: () => Promise.resolve(project), noteReceived: () => Promise.resolve() },
    codec: otlpCodec,
    log: silent,
    now: () => instant("2026-01-20T00:00:00.000Z"),
    port: 0,
    host: "127.0.0.1",
    limits: { bytesPerSecond: 1e12, burst: 1e12 },
  });
  const before = process.memoryUsage().rss;
  const sizes: number[] = [];
  const watch = setInterval(() => sizes.push(process.memoryUsage().rss), 50);
  try {
    // A receiver runs for months: its first second, in which the engine compiles, is not measured.
    await sendAll(receiver.url, warmUp, how.senders);
    const spent = process.cpuUsage();
    const sent = await sendAll(receiver.url, work, how.senders);
    const { system, user } = process.cpuUsage(spent);
    const { milliseconds } = sent;
    await receiver.close();
    await store.close();
    return {
      spansPerSecond: Math.round((work.spans / milliseconds) * 1000),
      spansPerProcessorSecond: Math.round((work.spans / ((user + system) / 1000 - sent.ofProcessor)) * 1000),
      megabytesPerSecond: round(work.bytes / milliseconds / 1000),
      storedRatio: round(statSync(path).size / (work.bytes + warmUp.bytes)),
      growthMegabytes: Math.round((Math.max(before, ...sizes) - before) / 1e6),
      laterMegabytes: Math.round(
        (Math.max(before, ...sizes.slice(sizes.length / 2)) - Math.max(before, ...sizes.slice(0, sizes.length / 2))) / 1e6,
      ),
    };
  } finally {
    clearInterval(watch);
  }
}

/** How long sending took, and how much of a processor the sender itself, in milliseconds. */
interface Sent {
  readonly milliseconds: number;
  readonly ofProcessor: number;
}

function sendAll(url: string, work: Workload, senders: number): Promise<Sent> {
  const took = new Float64Array(new SharedArrayBuffer(16));
  const token = makeProjectToken(new Uint8Array(32));
  const worker = new Worker(new URL("./ingest/sender.ts", import.meta.url), {
    workerData: { url, senders, token, took, bodies: work.requests },
  });
  return new Promise((resolve, reject) => {
    worker.on("exit", () => resolve({ milliseconds: took[0] ?? Number.NaN, ofProcessor: took[1] ?? Number.NaN }));
    worker.on("error", reject);
  });
}

/** Times of reading sessions by their id, in milliseconds, among so many spans. */
async function sessionTimes(
  folder: string,
  sessions: readonly RecordedSession[],
  count: number,
): Promise<{ p50: number; p95: number; spans: number }> {
  const store = open(fresh(folder, "many"), false);
  const ids: string[] = [];
  let spans = 0;
  for (let copy = 1; spans < count; copy += 1) {
    // Request by request: a million spans at once would not fit into memory.
    const batch = sessions.flatMap((session) => exportedSpans(session, { copy, window: windowCharacters }));
    for (const request of requestsOf(batch, 1000))
      await store.add(project, decodeOtlp(request, { encoding: "protobuf", signal: "traces" }).batch);
    ids.push(...sessions.map(({ id }) => `${id} ${copy}`));
    spans += batch.length;
  }
  const random = seededRandom(5, "session-by-id");
  const times: number[] = [];
  for (let read = 0; read < 600; read += 1) {
    const id = ids[Math.floor(random() * ids.length)] ?? "";
    const from = performance.now();
    const trace = await store.session(project, sessionId(id));
    times.push(performance.now() - from);
    if (trace === undefined) throw new Error("a session is missing");
  }
  await store.close();
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number): number => round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return { p50: at(0.5), p95: at(0.95), spans };
}

const atLeast = (name: string, measured: Measured, least: number, beside: Figure["beside"], setting: Figure["setting"]): Figure => ({
  name,
  value: measured.spansPerSecond,
  bar: `>= ${least}`,
  holds: measured.spansPerSecond >= least,
  ...(beside === undefined ? {} : { beside }),
  setting: { spansPerProcessorSecond: measured.spansPerProcessorSecond, megabytesPerSecond: measured.megabytesPerSecond, ...setting },
});

export const ingest: Bench = {
  name: "ingest",
  description:
    "real sessions over HTTP into the embedded store: speed with and without redaction, stored bytes, reading a session by its id",
  async run({ full, say }) {
    const folder = mkdtempSync(join(tmpdir(), "tuneup-ingest-"));
    try {
      const { sessions, source } = recordedSessions();
      const history = workload(
        sessions.flatMap((session) => exportedSpans(session, { copy: 0 })),
        100,
      );
      const small = workload(copies(sessions, full ? 100_000 : 30_000, windowCharacters), 500);
      say(
        `${source}: ${sessions.length} sessions; whole history ${history.spans} spans of ${perSpan(history)} bytes, small ${small.spans} of ${perSpan(small)}`,
      );
      const again = (window?: number): readonly ExportedSpan[] =>
        sessions.flatMap((session) => exportedSpans(session, { copy: -1, ...(window === undefined ? {} : { window }) }));
      const warmUps = { history: workload(again(), 100), small: workload(again(windowCharacters), 500) };
      const runs = new Map<string, Measured>();
      for (const [of, work] of [
        ["history", history],
        ["small", small],
      ] as const)
        for (const isRedacted of [false, true])
          for (const senders of [1, 8]) {
            const name = `${of}${isRedacted ? "-redacted" : ""}-${senders}`;
            const measured = await receive(folder, work, warmUps[of], { isRedacted, senders });
            runs.set(name, measured);
            say(
              `${name}: ${measured.spansPerSecond} spans/s, ${measured.spansPerProcessorSecond} a second of its processors, ${measured.megabytesPerSecond} MB/s, stored ${measured.storedRatio}, memory +${measured.growthMegabytes} MB, of it ${measured.laterMegabytes} in the second half`,
            );
          }
      const rows = { history: rowPerSpan(fresh(folder, "rows"), history), small: rowPerSpan(fresh(folder, "rows"), small) };
      const clickhouse = await clickhouseBeside({ history, small }, say);
      const found = await sessionTimes(folder, sessions, full ? 1_000_000 : 100_000);
      return { figures: figuresOf(runs, { history, small }, { rows, clickhouse, found, source }), context: contextOf(runs) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const perSpan = (work: Workload): number => Math.round(work.bytes / work.spans);
const none: Measured = {
  spansPerSecond: 0,
  spansPerProcessorSecond: 0,
  megabytesPerSecond: 0,
  storedRatio: 1,
  growthMegabytes: 0,
  laterMegabytes: 0,
};

function figuresOf(
  runs: ReadonlyMap<string, Measured>,
  works: { readonly history: Workload; readonly small: Workload },
  other: {
    readonly rows: Readonly<Record<"history" | "small", Beside>>;
    readonly clickhouse: Readonly<Record<"history" | "small", Beside>> | undefined;
    readonly found: Awaited<ReturnType<typeof sessionTimes>>;
    readonly source: string;
  },
): readonly Figure[] {
  const setting = { bytesPerSpan: perSpan(works.small), spans: works.small.spans, senders: 8, source: other.source };
  const stored = (runs.get("history-redacted-8") ?? none).storedRatio;
  return [
    atLeast("spans-per-second-redacted", runs.get("small-redacted-8") ?? none, 10_000, undefined, setting),
    atLeast(
      "spans-per-second",
      runs.get("small-8") ?? none,
      25_000,
      {
        "row-per-span-without-http": other.rows.small.spansPerSecond,
        ...(other.clickhouse === undefined ? {} : { "chdb-without-http": other.clickhouse.small.spansPerSecond }),
      },
      setting,
    ),
    {
      name: "stored-bytes-ratio",
      value: stored,
      bar: "<= 0.05",
      holds: stored <= 0.05,
      beside: {
        "row-per-span": other.rows.history.storedRatio,
        ...(other.clickhouse === undefined ? {} : { chdb: other.clickhouse.history.storedRatio }),
      },
      setting: { bytesPerSpan: perSpan(works.history), spans: works.history.spans, source: other.source },
    },
    {
      name: "session-by-id-ms",
      value: other.found.p50,
      bar: "<= 5",
      holds: other.found.p50 <= 5,
      setting: { p95: other.found.p95, spans: other.found.spans },
    },
  ];
}

const contextOf = (runs: ReadonlyMap<string, Measured>): readonly ContextFigure[] =>
  [...runs].map(([name, measured]) => ({
    name: `spans-per-second-${name}`,
    value: measured.spansPerSecond,
    setting: {
      spansPerProcessorSecond: measured.spansPerProcessorSecond,
      megabytesPerSecond: measured.megabytesPerSecond,
      storedBytesRatio: measured.storedRatio,
      memoryGrowthMegabytes: measured.growthMegabytes,
      memoryGrowthSecondHalfMegabytes: measured.laterMegabytes,
    },
  }));
