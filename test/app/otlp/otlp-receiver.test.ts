import { gzipSync, deflateSync, zstdCompressSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { ExportTraceServiceResponseSchema } from "../../../src/adapters/otlp/generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import type { TraceBatch } from "../../../src/domain/span.ts";
import { aReceiver, aRequest, strangeToken, token } from "./receiver-builder.ts";

const protobuf = { "content-type": "application/x-protobuf" };
const recorded = readFileSync(new URL("../../fixtures/otlp/generated.ai-sdk-v6.otlp.pb", import.meta.url));

/** `google.rpc.Status` as protobuf. */
async function statusOf(response: Response): Promise<{ readonly code: number; readonly message: string }> {
  const reader = new BinaryReader(new Uint8Array(await response.arrayBuffer()));
  let [code, message] = [0, ""];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) code = reader.int32();
    else if (field === 2) message = reader.string();
    else reader.skip(type);
  }
  return { code, message };
}

describe("the OTLP receiver", () => {
  test("keeps spans that come as JSON and answers in JSON", async () => {
    await using receiver = await aReceiver();
    const response = await receiver.post("/v1/traces", aRequest(3), { "content-type": "application/json; charset=utf-8" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(await response.text()).toBe("{}");
    const [trace] = await receiver.traces();
    expect(trace?.key).toBe("s-1");
    expect(trace?.spans).toHaveLength(3);
  });

  test("keeps spans that come as protobuf and answers with an empty message", async () => {
    await using receiver = await aReceiver();
    const response = await receiver.post("/v1/traces", recorded, protobuf);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-protobuf");
    expect((await response.arrayBuffer()).byteLength).toBe(0);
    expect((await receiver.traces()).flatMap((trace) => trace.spans).length).toBeGreaterThan(3);
  });

  test("keeps log records under their session", async () => {
    await using receiver = await aReceiver();
    const record = { timeUnixNano: "1768867200000000000", attributes: [{ key: "session.id", value: { stringValue: "s-9" } }] };
    const response = await receiver.post("/v1/logs", JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }));
    expect([response.status, await response.text()]).toEqual([200, "{}"]);
    const [trace] = await receiver.traces();
    expect([trace?.key, trace?.logs.length]).toEqual(["s-9", 1]);
  });

  test.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["deflate", deflateSync],
    ["zstd", zstdCompressSync],
    ["identity", (text: string) => Buffer.from(text)],
  ] as const)("unpacks %s", async (encoding, pack) => {
    await using receiver = await aReceiver();
    const response = await receiver.post("/v1/traces", pack(aRequest(2)), { "content-encoding": encoding });
    expect(response.status).toBe(200);
    expect((await receiver.traces())[0]?.spans).toHaveLength(2);
  });

  test("takes bodies in chunks without a length", async () => {
    await using receiver = await aReceiver();
    const text = aRequest(2);
    const status = await new Promise((resolve, reject) => {
      const sending = httpRequest(
        `${receiver.url}/v1/traces`,
        { method: "POST", headers: { "content-type": "application/json", authorization: `bearer ${token}` } },
        (response) => resolve(response.resume().statusCode),
      );
      sending.on("error", reject);
      for (const half of [text.slice(0, 100), text.slice(100)]) sending.write(half);
      sending.end();
    });
    expect(status).toBe(200);
    expect((await receiver.traces())[0]?.spans).toHaveLength(2);
  });

  test("says in both encodings how many spans it left out, and why", async () => {
    await using receiver = await aReceiver();
    const mixed = aRequest(2).replace("5b8efff798038103d269b633813fc60c", "nonsense");
    const json = (await (await receiver.post("/v1/traces", mixed)).json()) as { partialSuccess: Record<string, string> };
    expect(json.partialSuccess["rejectedSpans"]).toBe("1");
    expect(json.partialSuccess["errorMessage"]).toMatch(/trace id/);
    // A span without any field, beside none that is good: protobuf needs only its framing.
    const response = await receiver.post("/v1/traces", Buffer.from([0x0a, 0x04, 0x12, 0x02, 0x12, 0x00]), protobuf);
    expect(response.status).toBe(200);
    const answer = fromBinary(ExportTraceServiceResponseSchema, new Uint8Array(await response.arrayBuffer()));
    expect(answer.partialSuccess?.rejectedSpans).toBe(1n);
    expect(answer.partialSuccess?.errorMessage).not.toBe("");
    expect((await receiver.traces()).flatMap((trace) => trace.spans)).toHaveLength(1);
  });

  test("sent twice is kept once", async () => {
    await using receiver = await aReceiver();
    for (let times = 0; times < 2; times += 1) expect((await receiver.post("/v1/traces", recorded, protobuf)).status).toBe(200);
    await using once = await aReceiver();
    await once.post("/v1/traces", recorded, protobuf);
    expect(await receiver.traces()).toEqual(await once.traces());
  });

  test("writes many small requests that come together in fewer transactions", async () => {
    const first = Promise.withResolvers<void>();
    let writes = 0;
    await using receiver = await aReceiver({
      store: {
        add: async (_, batch: TraceBatch) => {
          writes += 1;
          if (writes === 1) await first.promise;
          return { added: batch.spans.length, known: 0 };
        },
      },
    });
    const sending = Array.from({ length: 20 }, () => receiver.post("/v1/traces", aRequest()));
    // The first write lasts until requests that were sent after all of them are answered.
    for (let times = 0; times < 20; times += 1) await receiver.post("/v1/traces", "{}");
    first.resolve();
    expect((await Promise.all(sending)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(writes).toBeLessThan(10);
  });

  test("begins with the next large group while the store still writes one, and with a third only after it", async () => {
    const lasting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let writes = 0;
    await using receiver = await aReceiver({
      store: {
        add: async (_, batch: TraceBatch) => {
          writes += 1;
          await lasting[writes - 1]?.promise;
          return { added: batch.spans.length, known: 0 };
        },
      },
    });
    const sending = Array.from({ length: 3 }, () => receiver.post("/v1/traces", aRequest(900)));
    await expect.poll(() => writes).toBe(2);
    // Requests that were sent later are answered meanwhile: a third write would have begun.
    for (let times = 0; times < 20; times += 1) await receiver.post("/v1/traces", "{}");
    expect(writes).toBe(2);
    for (const { resolve } of lasting) resolve();
    expect((await Promise.all(sending)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(writes).toBe(3);
  });

  test("counts for the project what came in, once a second", async () => {
    const receiver = await aReceiver();
    await receiver.post("/v1/traces", aRequest(3));
    await receiver.post("/v1/traces", aRequest(1));
    expect(receiver.received).toEqual([]);
    await receiver.close();
    expect(receiver.received).toEqual([{ project: "support", at: "2026-01-20T00:00:00.000Z", spans: 4, logRecords: 0 }]);
  });

  test("an empty request is fine, and nothing is written for it", async () => {
    await using receiver = await aReceiver({ store: { add: () => Promise.reject(new Error("nothing to add")) } });
    expect((await receiver.post("/v1/traces", "{}")).status).toBe(200);
    expect((await receiver.post("/v1/logs", new Uint8Array(), protobuf)).status).toBe(200);
  });

  test("is healthy until it stops", async () => {
    const receiver = await aReceiver();
    const response = await fetch(`${receiver.url}/healthz`);
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
    await receiver.close();
    await expect(fetch(`${receiver.url}/healthz`)).rejects.toThrow(/fetch failed/);
  });

  test("says who has its port", async () => {
    await using receiver = await aReceiver();
    const again = aReceiver({ port: Number(new URL(receiver.url).port) });
    await expect(again).rejects.toThrow(/cannot receive traces on 127\.0\.0\.1:\d+: another program listens there/);
  });
});

describe("a refused sender reads why", () => {
  const cases: readonly (readonly [
    string,
    { path?: string; method?: string; body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
    number,
    number,
    RegExp,
  ])[] = [
    ["no token", { headers: { authorization: "" } }, 401, 16, /Bearer <token>/],
    ["another scheme", { headers: { authorization: "Basic YTpi" } }, 401, 16, /Bearer <token>/],
    ["a cut token", { headers: { authorization: `Bearer ${token.slice(0, -3)}` } }, 401, 16, /cut or mistyped/],
    ["an unknown token", { headers: { authorization: `Bearer ${strangeToken}` } }, 401, 16, /not valid/],
    ["another path", { path: "/v1/trace" }, 404, 5, /\/v1\/traces/],
    ["metrics", { path: "/v1/metrics" }, 404, 5, /OTEL_METRICS_EXPORTER=none/],
    ["a name of Object's own", { path: "/constructor" }, 404, 5, /\/v1\/traces/],
    ["another method", { method: "PUT" }, 405, 12, /POST/],
    ["plain text", { headers: { "content-type": "text/plain" } }, 415, 3, /application\/x-protobuf/],
    ["an unknown packing", { headers: { "content-encoding": "br" } }, 415, 3, /gzip/],
    ["packed twice", { headers: { "content-encoding": "gzip, gzip" } }, 415, 3, /gzip/],
    ["no JSON", { body: "{" }, 400, 3, /not JSON/],
    ["a list", { body: "[]" }, 400, 3, /not an object/],
    ["no gzip", { headers: { "content-encoding": "gzip" } }, 400, 3, /no whole gzip/],
    ["half a gzip", { body: gzipSync(aRequest(9)).subarray(0, 60), headers: { "content-encoding": "gzip" } }, 400, 3, /no whole gzip/],
    ["no zstd", { headers: { "content-encoding": "zstd" } }, 400, 3, /no whole zstd/],
    ["a body of known length that is too large", { body: "x".repeat(3000) }, 413, 8, /smaller batches/],
    [
      "a body that unpacks too large",
      { body: gzipSync("x".repeat(9000)), headers: { "content-encoding": "gzip" } },
      413,
      8,
      /smaller batches/,
    ],
  ];

  test.each(cases)("%s", async (_, { path = "/v1/traces", method, body = aRequest(), headers }, status, code, message) => {
    await using receiver = await aReceiver({ limits: { largestPacked: 2000, largestBody: 4000 } });
    const response = await fetch(`${receiver.url}${path}`, {
      method: method ?? "POST",
      body,
      headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("allow")).toBe(status === 405 ? "POST" : null);
    expect(response.headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="tuneup"' : null);
    const answer = (await response.json()) as { code: number; message: string };
    expect(answer.code).toBe(code);
    expect(answer.message).toMatch(message);
    expect(answer.message).not.toContain("tup_0");
    expect(await receiver.traces()).toEqual([]);
  });

  test("in protobuf when it speaks protobuf", async () => {
    await using receiver = await aReceiver();
    const response = await receiver.post("/v1/traces", "not protobuf at all", protobuf);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/x-protobuf");
    const status = await statusOf(response);
    expect(status.code).toBe(3);
    expect(status.message).toMatch(/no OTLP export request/);
  });

  test("a page of a browser gets no leave to send", async () => {
    await using receiver = await aReceiver();
    const response = await fetch(`${receiver.url}/v1/traces`, { method: "OPTIONS", headers: { origin: "https://evil.example" } });
    expect(response.status).toBe(405);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("the log tells the operator once a minute, with no token and no content", async () => {
    await using receiver = await aReceiver();
    const send = () => receiver.post("/v1/traces", aRequest(), { authorization: `Bearer ${strangeToken}` });
    await send();
    await send();
    receiver.pass(61_000);
    await send();
    expect(receiver.logged).toEqual([
      { level: "warn", message: "a sender was refused", fields: { status: 401, notToldSince: 0 } },
      { level: "warn", message: "a sender was refused", fields: { status: 401, notToldSince: 1 } },
    ]);
  });
});

describe("a store in trouble", () => {
  const down = new TuneupError("trace-store-unavailable", "disk full", { remedy: "make room", retryable: true });

  test("makes senders keep their traces and try again", async () => {
    await using receiver = await aReceiver({ store: { add: () => Promise.reject(down) } });
    const response = await receiver.post("/v1/traces", aRequest());
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(receiver.logged.find((line) => line.level === "error")?.fields).toMatchObject({ code: "trace-store-unavailable" });
    expect(receiver.received).toEqual([]);
  });

  test("a 200 comes only after the store has it", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using receiver = await aReceiver({
      store: { add: async (_, batch: TraceBatch) => promise.then(() => ({ added: batch.spans.length, known: 0 })) },
    });
    let answered = false;
    const sending = receiver.post("/v1/traces", aRequest()).then((response) => {
      answered = true;
      return response.status;
    });
    // Two more requests, read after it, are answered meanwhile.
    for (let times = 0; times < 2; times += 1) await receiver.post("/v1/traces", "{}");
    expect(answered).toBe(false);
    resolve();
    expect(await sending).toBe(200);
  });

  test("a token that was ended while its body was on the way stores nothing", async () => {
    await using receiver = await aReceiver();
    const text = aRequest();
    const status = await new Promise((resolve, reject) => {
      const sending = httpRequest(
        `${receiver.url}/v1/traces`,
        { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${token}`, expect: "100-continue" } },
        (response) => resolve(response.resume().statusCode),
      );
      sending.on("error", reject);
      // The receiver lets the body come only after it has read the token.
      sending.on("continue", () => {
        receiver.endToken();
        sending.end(text);
      });
    });
    expect(status).toBe(401);
    expect(await receiver.traces()).toEqual([]);
  });
});
