import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { ledgerRateWindow } from "../../src/pipeline/standing/rate-window.ts";
import { guardedRequest, type RequestKeepers } from "../../src/ports/outgoing.ts";

const limited = (status: number, headers: Readonly<Record<string, string>>): Error =>
  Object.assign(new Error("slow down"), { status, response: { headers } });
const request = (owner: string) => ({ method: "GET", url: "/repos/{owner}/{repo}", fields: { owner, repo: "a" } });

describe("when GitHub wants quiet", () => {
  test.each<[string, Error, number]>([
    ["by retry-after", limited(403, { "retry-after": "900" }), 900],
    ["by a plain 429", limited(429, {}), 60],
    ["until the primary limit starts anew", limited(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2400" }), 2400],
  ])("%s, nothing is asked about this account before, by any process, and others are asked as always", async (_how, error, seconds) => {
    const ledger = new MemoryLedger();
    let now = 0;
    let sent = 0;
    const keepers = (): RequestKeepers => ({ window: ledgerRateWindow(ledger), clock: () => now });
    const send = async (): Promise<string> => ((sent += 1), "answer");
    await expect(guardedRequest(request("acme"), () => Promise.reject(error), keepers())).rejects.toBe(error);
    now = seconds * 1000 - 1;
    await expect(guardedRequest(request("Acme"), send, keepers())).rejects.toMatchObject({
      code: "forge-unreachable",
      retryable: true,
      fields: { afterMilliseconds: 1 },
    });
    expect(sent).toBe(0);
    expect(await guardedRequest(request("other"), send, keepers())).toBe("answer");
    now = seconds * 1000;
    expect(await guardedRequest(request("acme"), send, keepers())).toBe("answer");
  });

  test("a refused permission and a server's error are no limit", async () => {
    const ledger = new MemoryLedger();
    const keepers: RequestKeepers = { window: ledgerRateWindow(ledger), clock: () => 0 };
    for (const error of [limited(403, {}), limited(502, { "retry-after": "5" }), new Error("no answer")])
      await expect(guardedRequest(request("acme"), () => Promise.reject(error), keepers)).rejects.toBe(error);
    expect(await guardedRequest(request("acme"), async () => "answer", keepers)).toBe("answer");
  });
});
