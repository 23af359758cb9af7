import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { ExportLogsServiceResponseSchema } from "../../../src/adapters/otlp/generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts";
import { ExportTraceServiceResponseSchema } from "../../../src/adapters/otlp/generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts";
import { SqliteTraceStore } from "../../../src/adapters/sqlite/sqlite-trace-store.ts";
import { redactingStore } from "../../../src/compose/redacting-store.ts";
import { type Random, seededRandom } from "../../../src/domain/random.ts";
import { mutated, otlpPayloads, pick } from "../../builders/mutated-bytes.ts";
import { aRedactor } from "../../adapters/redaction/redactor-builder.ts";
import { aReceiver } from "./receiver-builder.ts";

/** How long senders send nonsense: `FUZZ_SECONDS=600` for a long look. */
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 8);
const seed = Number(process.env["FUZZ_SEED"] ?? 11);
const senders = 4;

interface Sent {
  readonly signal: "traces" | "logs";
  readonly encoding: "json" | "protobuf";
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Random bytes, deep nesting, huge numbers, or a recorded payload with changes; packed now and then, and the package changed as well. */
function nonsense(random: Random): Sent {
  const { bytes, encoding } = pick(random, otlpPayloads);
  const kind = random();
  const plain =
    kind < 0.1
      ? Buffer.from(Array.from({ length: Math.floor(random() * 4000) }, () => Math.floor(random() * 256)))
      : kind < 0.15
        ? Buffer.from(`{"resourceSpans":${pick(random, ["[", '[{"scopeSpans":', '{"a":']).repeat(1 + Math.floor(random() * 20_000))}`)
        : kind < 0.18
          ? Buffer.alloc(Math.floor(random() * 200_000), pick(random, [0x0a, 0x12, 0x4a, 0xff]))
          : mutated(bytes, random);
  const packing = pick(random, ["none", "none", "gzip", "zstd"] as const);
  const packed = packing === "none" ? plain : packing === "gzip" ? gzipSync(plain) : zstdCompressSync(plain);
  return {
    signal: random() < 0.8 ? "traces" : "logs",
    encoding,
    body: new Uint8Array(packing !== "none" && random() < 0.3 ? mutated(packed, random) : packed),
    headers: {
      "content-type": encoding === "json" ? "application/json" : "application/x-protobuf",
      ...(packing === "none" ? {} : { "content-encoding": packing }),
    },
  };
}

/** Whether an answer is what OTLP/HTTP says: a response message of the signal, or a `google.rpc.Status`, in the encoding of the request. */
function isConformant({ encoding, signal }: Sent, status: number, type: string | null, body: Uint8Array): boolean {
  if (![200, 400, 413, 415].includes(status)) return false;
  if (type?.startsWith(encoding === "json" ? "application/json" : "application/x-protobuf") !== true) return false;
  if (encoding === "json") {
    const said = JSON.parse(Buffer.from(body).toString("utf8")) as Readonly<Record<string, unknown>>;
    return status === 200
      ? Object.keys(said).every((key) => key === "partialSuccess")
      : typeof said["code"] === "number" && typeof said["message"] === "string";
  }
  if (status === 200) {
    fromBinary(signal === "traces" ? ExportTraceServiceResponseSchema : ExportLogsServiceResponseSchema, body);
    return true;
  }
  const reader = new BinaryReader(body);
  reader.tag();
  reader.int32();
  return reader.tag()[0] === 2 && reader.string() !== "";
}

test(
  "whatever senders send is answered as OTLP says, never with an error of ours, and costs no memory",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tuneup-fuzz-"));
    const store = redactingStore(SqliteTraceStore.open(join(folder, "traces.db")), aRedactor());
    const wide = { bytesPerSecond: 1e12, burst: 1e12 };
    await using receiver = await aReceiver({ store: { add: (project, batch) => store.add(project, batch) }, limits: wide });
    const statuses = new Map<number, number>();
    const before = process.memoryUsage().rss;
    let peak = before;
    const end = performance.now() + seconds * 1000;
    const sendNonsense = async (random: Random): Promise<void> => {
      while (performance.now() < end) {
        const sent = nonsense(random);
        const answer = await receiver.post(`/v1/${sent.signal}`, sent.body, sent.headers);
        const body = new Uint8Array(await answer.arrayBuffer());
        if (!isConformant(sent, answer.status, answer.headers.get("content-type"), body))
          throw new Error(
            `answered ${answer.status} ${Buffer.from(body).toString("latin1").slice(0, 300)} to ${Buffer.from(sent.body).toString("base64").slice(0, 2000)}`,
          );
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        peak = Math.max(peak, process.memoryUsage().rss);
      }
    };
    await Promise.all(Array.from({ length: senders }, (_, sender) => sendNonsense(seededRandom(seed, `sender ${sender}`))));
    await store.close();
    rmSync(folder, { recursive: true, force: true });
    const growth = Math.round((peak - before) / 1e6);
    process.stderr.write(`${seconds} s: ${JSON.stringify(Object.fromEntries(statuses))}, memory +${growth} MB\n`);
    expect(statuses.get(200)).toBeGreaterThan(50);
    expect(statuses.get(400)).toBeGreaterThan(50);
    expect(receiver.logged.filter(({ level }) => level === "error")).toEqual([]);
    // Bodies under way may take 128 MiB; the rest is the engine's own slack.
    expect(growth).toBeLessThan(600);
  },
  (seconds + 60) * 1000,
);
