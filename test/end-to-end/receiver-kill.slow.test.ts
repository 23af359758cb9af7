import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openTraceStore } from "../../src/compose.ts";
import { projectId } from "../../src/domain/ids.ts";
import { seededRandom } from "../../src/domain/random.ts";
import { start, tuneup } from "./cli-process.ts";

/** How often the receiver is killed: `KILLS=100 npx vitest run --project slow test/end-to-end/receiver-kill.slow.test.ts`. */
const kills = Number(process.env["KILLS"] ?? 5);
const senders = 6;
const spansOfRequest = 4;
const longestLife = 300;

const root = mkdtempSync(join(tmpdir(), "tuneup-kill-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const project = projectId("support");

/** One request whose spans carry its number in their trace id and theirs in their span id. */
function requestOf(number: number): string {
  const traceId = (number + 1).toString(16).padStart(32, "0");
  const spans = Array.from({ length: spansOfRequest }, (_, index) => ({
    traceId,
    spanId: (index + 1).toString(16).padStart(16, "0"),
    name: "gen_ai.chat",
    startTimeUnixNano: "1768867200000000000",
    attributes: [{ key: "session.id", value: { stringValue: `s-${number % 50}` } }],
  }));
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

/** Sends until the receiver is gone; notes each request that was acknowledged. */
async function sendUntilKilled(url: string, token: string, next: () => number, acknowledged: Set<number>): Promise<void> {
  for (;;) {
    const number = next();
    try {
      const response = await fetch(`${url}/v1/traces`, {
        method: "POST",
        body: requestOf(number),
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      });
      if (response.status === 200) acknowledged.add(number);
      await response.arrayBuffer();
    } catch {
      return;
    }
  }
}

/** One life of a receiver under load, ended by `kill -9` so many milliseconds after it began to listen. */
async function oneLife(cwd: string, life: number, send: (url: string) => Promise<unknown>): Promise<void> {
  const listening = Promise.withResolvers<string>();
  const { child, ended } = start(["receive", "--port", "0"], {
    cwd,
    watch: (text) => {
      const url = /"receiving traces","url":"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) listening.resolve(url);
    },
  });
  void ended.then(({ err }) => listening.reject(new Error(err)));
  const url = await listening.promise;
  const timer = setTimeout(() => child.kill("SIGKILL"), life);
  await send(url);
  clearTimeout(timer);
  child.kill("SIGKILL");
  await ended;
}

/** How many spans of each request the store holds. Opening it is the first half of the test. */
async function heldSpans(cwd: string): Promise<ReadonlyMap<number, number>> {
  const store = openTraceStore(join(cwd, ".tuneup"));
  const held = new Map<number, number>();
  for await (const { spans } of store.read({ project })) {
    for (const { traceId } of spans) {
      const number = Number.parseInt(traceId, 16) - 1;
      held.set(number, (held.get(number) ?? 0) + 1);
    }
  }
  await store.close();
  return held;
}

describe("a receiver killed at random moments under load", () => {
  test(`loses no acknowledged span and keeps no half of a request, ${kills} times`, { timeout: 30_000 + kills * 6_000 }, async () => {
    const random = seededRandom(7);
    const cwd = mkdtempSync(join(root, "r"));
    const { token } = JSON.parse((await tuneup(["project", "create", "support", "--json"], { cwd })).out) as { token: string };
    const acknowledged = new Set<number>();
    let sent = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      await oneLife(cwd, 20 + random() * longestLife, (url) =>
        Promise.all(Array.from({ length: senders }, () => sendUntilKilled(url, token, () => (sent += 1), acknowledged))),
      );
      const held = await heldSpans(cwd);
      expect([...acknowledged].filter((number) => held.get(number) !== spansOfRequest)).toEqual([]);
      expect([...held].filter(([, spans]) => spans !== spansOfRequest)).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(kills * 5);
    if (process.env["KILLS"] !== undefined)
      process.stdout.write(`${kills} kills: ${sent} requests sent, ${acknowledged.size} acknowledged, none lost\n`);
  });
});
