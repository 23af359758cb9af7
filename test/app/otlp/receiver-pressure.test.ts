import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import type { TraceStore } from "../../../src/ports/trace-store.ts";
import { aReceiver, aRequest, token } from "./receiver-builder.ts";

/** Everything that a connection answers until it ends. */
function talk(url: string, ...words: readonly string[]): Promise<string> {
  const { port } = new URL(url);
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(Number(port), "127.0.0.1", () => words.forEach((word) => socket.write(word)));
    socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
  });
}

const head = (length: number): string =>
  `POST /v1/traces HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

/** A store whose writes wait until they are let go. */
function aHeldStore(): { readonly store: Partial<TraceStore>; readonly letGo: () => void; readonly waiting: Promise<void> } {
  const gate = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const add: TraceStore["add"] = async (_, batch) => {
    waiting.resolve();
    await gate.promise;
    return { added: batch.spans.length, known: 0 };
  };
  return { store: { add }, letGo: gate.resolve, waiting: waiting.promise };
}

describe("under pressure the receiver", () => {
  test("asks a project that sends more than its share to wait, and takes its traces afterwards", async () => {
    const text = aRequest(10);
    await using receiver = await aReceiver({ limits: { bytesPerSecond: text.length / 4, burst: text.length / 2 } });
    expect((await receiver.post("/v1/traces", text)).status).toBe(200);
    const refused = await receiver.post("/v1/traces", text);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(((await refused.json()) as { code: number }).code).toBe(8);
    receiver.pass(2_001);
    expect((await receiver.post("/v1/traces", text)).status).toBe(200);
  });

  test.each([
    ["requests", { requestsInFlight: 1 }],
    ["bytes", { bytesInFlight: 6000, largestBody: 6000 }],
  ])("asks everybody to wait while too many %s are under way, and forgets none of them", async (_, limits) => {
    const { store, letGo, waiting } = aHeldStore();
    await using receiver = await aReceiver({ store, limits });
    const first = receiver.post("/v1/traces", aRequest(15));
    await waiting;
    const refused = await receiver.post("/v1/traces", aRequest(15));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    letGo();
    expect((await first).status).toBe(200);
    expect((await receiver.post("/v1/traces", aRequest(15))).status).toBe(200);
  });

  test("cuts off who is slow with the headers or with the body", async () => {
    await using receiver = await aReceiver({ limits: { headersTime: 40, requestTime: 80 } });
    expect(await talk(receiver.url, "POST /v1/traces HTTP/1.1\r\nhost:")).toMatch(/^HTTP\/1\.1 408 /);
    expect(await talk(receiver.url, head(1000), "{")).toMatch(/^HTTP\/1\.1 408 /);
    expect(await receiver.traces()).toEqual([]);
  });

  test("answers a sender that was refused, and cuts it off when it goes on sending", async () => {
    await using receiver = await aReceiver({ limits: { largestPacked: 1000, lingerTime: 100 } });
    const heard = await talk(receiver.url, head(1_000_000), "x".repeat(5000));
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
    expect(heard).toContain("Send smaller batches");
  });

  test("ends a chunked body at the limit, though it never said how long it is", async () => {
    await using receiver = await aReceiver({ limits: { largestPacked: 1000, lingerTime: 100 } });
    const chunked = head(0).replace("content-length: 0", "transfer-encoding: chunked");
    expect(await talk(receiver.url, chunked, `7d0\r\n${"x".repeat(2000)}\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("a stop", () => {
  test("answers what is under way and takes nothing new", async () => {
    const { store, letGo, waiting } = aHeldStore();
    const receiver = await aReceiver({ store, limits: { stopTime: 5_000 } });
    const first = receiver.post("/v1/traces", aRequest());
    await waiting;
    const closing = receiver.close();
    await expect(receiver.post("/v1/traces", aRequest())).rejects.toThrow(/fetch failed/);
    letGo();
    const response = await first;
    expect([response.status, response.headers.get("connection")]).toEqual([200, "close"]);
    await closing;
  });

  test("does not wait for ever for a sender that never ends", async () => {
    const receiver = await aReceiver({ limits: { stopTime: 30 } });
    const heard = talk(receiver.url, head(1000), "{");
    await receiver.post("/v1/traces", "{}");
    await receiver.close();
    expect(await heard).toBe("");
  });
});
