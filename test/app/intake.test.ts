import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { filesOf, type ServiceRecords } from "../../src/compose/state.ts";
import { InboxWorker } from "../../src/app/intake/inbox-worker.ts";
import { checkCredentials, startWebhookServer, webhookPath, type WebhookServer } from "../../src/app/webhook-server.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { instant } from "../../src/domain/ids.ts";
import type { Delivery } from "../../src/ports/inbox.ts";

const secret = "a-secret-of-more-than-16-characters";
const previous = "the-secret-before-the-last-rotation";
const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "tuneup-intake-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
let server: WebhookServer;
let records: ServiceRecords;
let kept: Delivery[];
let broken: boolean;
const now = () => instant("2026-01-01T00:00:00.000Z");

beforeEach(async () => {
  kept = [];
  broken = false;
  records = filesOf(join(folder, String((count += 1)))).records();
  server = await startWebhookServer({
    credentials: checkCredentials({ id: "7", privateKey, webhookSecret: secret, previousWebhookSecret: previous }),
    queue: new MemoryJobQueue(),
    documents: new MemoryLedger(),
    clock: () => 0,
    log: quiet,
    port: 0,
    host: "127.0.0.1",
    async accept(delivery) {
      if (broken) throw new TuneupError("trace-store-unavailable", "The disk is full.", { remedy: "", retryable: true });
      if ((await records.inbox.receive(delivery, now())) === "new") kept.push(delivery);
    },
    problems: async () => (broken ? ["the records cannot be written"] : []),
    limits: { largestDelivery: 100_000, bytesAtOnce: 150_000, headersMilliseconds: 300, requestMilliseconds: 600, checkMilliseconds: 10 },
  });
});
afterEach(async () => {
  await server.close();
  await records.close();
});

const comment = (id = 555): string =>
  JSON.stringify({
    action: "created",
    installation: { id: 99 },
    repository: { id: 1, name: "support-agent", full_name: "acme/support-agent", owner: { login: "acme" } },
    issue: { number: 12 },
    comment: { id, body: "/tuneup run", created_at: "2026-01-01T00:00:00Z", user: { login: "ada", type: "User" } },
  });
const sign = (text: string | Buffer, key = secret, hash = "sha256"): string =>
  `${hash}=${createHmac(hash, key).update(text).digest("hex")}`;

async function deliver(text: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const response = await fetch(`${server.url}${webhookPath}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": "issue_comment",
      "x-github-delivery": "guid-1",
      "x-hub-signature-256": sign(text),
      ...headers,
    },
    body: text,
  });
  await response.text();
  return response.status;
}

describe("a delivery", () => {
  test("is kept before it is answered", async () => {
    expect(await deliver(comment())).toBe(200);
    expect(kept).toMatchObject([{ id: "guid-1", event: "issue_comment", naturalKey: "issue_comment.created/1/555", body: comment() }]);
  });

  test("signed with the secret before the last rotation is accepted too", async () => {
    expect(await deliver(comment(), { "x-hub-signature-256": sign(comment(), previous) })).toBe(200);
    expect(kept).toHaveLength(1);
  });

  test.each<[string, Readonly<Record<string, string>>, number]>([
    ["without a signature", { "x-hub-signature-256": "" }, 400],
    ["with another's signature", { "x-hub-signature-256": sign(comment(), "somebody else's secret") }, 400],
    ["with a signature of another body", { "x-hub-signature-256": sign(`${comment()} `) }, 400],
    ["with a SHA-1 signature only", { "x-hub-signature-256": "", "x-hub-signature": sign(comment(), secret, "sha1") }, 400],
    ["with a SHA-1 signature in the other's place", { "x-hub-signature-256": sign(comment(), secret, "sha1") }, 400],
    ["signed with Probot's default secret", { "x-hub-signature-256": sign(comment(), "development") }, 400],
    ["without an id", { "x-github-delivery": "" }, 400],
    ["without an event", { "x-github-event": "" }, 400],
    ["as a form", { "content-type": "application/x-www-form-urlencoded" }, 415],
  ])("%s is refused and leaves nothing behind", async (_what, headers, status) => {
    expect(await deliver(comment(), headers)).toBe(status);
    expect(kept).toEqual([]);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["of another shape", '{"action":7}'],
  ])("whose body is %s is refused", async (_what, text) => {
    expect(await deliver(text)).toBe(400);
  });

  test("of an event that nobody waits for is answered and forgotten", async () => {
    expect(await deliver(comment(), { "x-github-event": "star" })).toBe(200);
    expect(await deliver(JSON.stringify({ action: "deleted" }))).toBe(200);
    expect(kept).toEqual([]);
  });

  test("that cannot be kept is answered so that it is sent again, and the service lives on", async () => {
    broken = true;
    expect(await deliver(comment())).toBe(503);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    broken = false;
    expect(await deliver(comment())).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(kept).toHaveLength(1);
  });

  test("sent fifty times at once is kept once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => deliver(comment(), { "x-github-delivery": index < 40 ? "guid-1" : `guid-${index}` })),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(kept).toHaveLength(1);
  });
});

/** Speaks HTTP by hand, and resolves with what came back when the connection ended. */
function speak(...parts: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => {
      for (const part of parts) socket.write(part);
    });
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}
const head = (...more: readonly string[]): string =>
  [
    `POST ${webhookPath} HTTP/1.1`,
    "host: x",
    "content-type: application/json",
    "x-github-event: issue_comment",
    "x-github-delivery: guid-1",
    `x-hub-signature-256: ${sign("x")}`,
    ...more,
    "",
    "",
  ].join("\r\n");

describe("who wants to wear the service out", () => {
  test("by a body beyond the limit is turned away before it is read", async () => {
    expect(await speak(head("content-length: 200000000"), "x".repeat(1000))).toContain("HTTP/1.1 413");
  });

  test("by a body without a length is turned away at the limit", async () => {
    const chunk = `ea60\r\n${"x".repeat(60_000)}\r\n`;
    expect(await speak(head("transfer-encoding: chunked"), chunk, chunk, chunk)).toContain("HTTP/1.1 413");
  });

  test("by a body that never ends gets a timeout", async () => {
    expect(await speak(head("content-length: 1000"), "x")).toContain("HTTP/1.1 408");
  });

  test("by headers that never end gets a timeout", async () => {
    expect(await speak(`POST ${webhookPath} HTTP/1.1\r\nhost: x\r\n`)).toContain("HTTP/1.1 408");
  });

  test("by many bodies at once is told to come later, and health checks are still answered", async () => {
    const slow = Array.from({ length: 4 }, () => speak(head("content-length: 60001"), "x".repeat(60_000)));
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    const answers = await Promise.all(slow);
    expect(answers.filter((answer) => answer.includes("HTTP/1.1 503")).length).toBeGreaterThanOrEqual(2);
  });

  test("with a secret that is weak does not get the service to start", () => {
    expect(() => checkCredentials({ id: "7", privateKey, webhookSecret: secret, previousWebhookSecret: "short" })).toThrow(
      /WEBHOOK_SECRET_PREVIOUS/,
    );
  });
});

describe("what the inbox holds", () => {
  const worker = (handle: (delivery: Delivery) => Promise<void>, clock = now): InboxWorker =>
    new InboxWorker({ inbox: records.inbox, handle, now: clock, log: quiet, sleep: (_milliseconds, signal) => aborted(signal) });
  const aborted = (signal: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));

  test("is worked on after the answer, once, although the service died between", async () => {
    await deliver(comment());
    const handled: string[] = [];
    // A new worker, as after a restart.
    const after = worker(async ({ id }) => void handled.push(id));
    await after.drain();
    await after.drain();
    expect(handled).toEqual(["guid-1"]);
  });

  test("is tried again after a failure, then kept as failed with a reason of ours", async () => {
    await deliver(comment());
    let time = Date.parse("2026-01-01T00:00:00.000Z");
    let tries = 0;
    const failing = worker(
      async () => {
        tries += 1;
        throw Object.assign(new Error("secret words of a session"), { status: 502 });
      },
      () => instant(new Date(time).toISOString()),
    );
    for (let round = 0; round < 10; round += 1) {
      await failing.drain();
      time += 3_600_000;
    }
    expect(tries).toBe(6);
    expect(await records.inbox.list(["failed"], 10)).toMatchObject([{ id: "guid-1", attempts: 6, reason: "GitHub answered 502." }]);
  });

  test("waits as long as a rate limit asks", async () => {
    await deliver(comment());
    let time = Date.parse("2026-01-01T00:00:00.000Z");
    const tries: number[] = [];
    const limited = worker(
      async () => {
        tries.push(time);
        throw Object.assign(new Error("slow down"), { status: 403, response: { headers: { "retry-after": "900" } } });
      },
      () => instant(new Date(time).toISOString()),
    );
    await limited.drain();
    for (time += 60_000; tries.length < 2; time += 60_000) await limited.drain();
    expect(((tries[1] ?? 0) - (tries[0] ?? 0)) / 1000).toBeGreaterThanOrEqual(900);
  });

  test("is taken up at once when it comes in, and let go of when the service stops", async () => {
    const handled = Promise.withResolvers<string>();
    const running = worker(async ({ id }) => handled.resolve(id));
    running.start();
    await deliver(comment());
    running.wake();
    expect(await handled.promise).toBe("guid-1");
    await running.stop();
    expect(await records.inbox.counts()).toMatchObject({ waiting: 0 });
  });
});
