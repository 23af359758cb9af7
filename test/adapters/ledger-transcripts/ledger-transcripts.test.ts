import { describe, expect, test } from "vitest";
import { ledgerTranscripts } from "../../../src/adapters/ledger-transcripts/ledger-transcripts.ts";
import { expireTexts, expiringTexts, forgetTexts } from "../../../src/adapters/ledger-transcripts/expiring-texts.ts";
import { MemoryLedger } from "../../../src/adapters/memory-ledger/memory-ledger.ts";
import { digest, instant, type Json } from "../../../src/domain/ids.ts";
import { textMessage } from "../../../src/domain/message.ts";

const day = (number: number) => instant(`2026-01-${String(number).padStart(2, "0")}T12:00:00.000Z`);
const conversation = Array.from({ length: 40 }, (_, index) =>
  textMessage(index % 2 === 0 ? "user" : "assistant", `Where is order ORD-${index}?`),
);
const [first, second] = [digest("sha256:01"), digest("sha256:02")];

describe("what models said in batches and for tools", () => {
  test("is found until its time is over, and then it is as if it had never been asked for", async () => {
    const ledger = new MemoryLedger();
    let now = day(1);
    const documents = expiringTexts(ledger, () => now);
    await documents.put("batch-reply/a", "where is my order?");
    await documents.put("arm/a", { outcome: "passed" });
    now = day(4);
    await documents.put("tool/b", "in stock");
    await expireTexts(ledger, day(3));
    expect(await Promise.all(["batch-reply/a", "tool/b", "arm/a"].map((key) => documents.get(key)))).toEqual([
      undefined,
      "in stock",
      { outcome: "passed" },
    ]);
    expect(await ledger.keys("")).toEqual(expect.not.arrayContaining(["batch-reply/a"]));
  });
});

describe("after an erasure", () => {
  test("no conversation and no word of a model is left in the ledger, and what was measured is", async () => {
    const ledger = new MemoryLedger();
    const documents = expiringTexts(ledger, () => day(1));
    await ledgerTranscripts(ledger).keep(first, conversation, day(1));
    for (const key of ["batch-reply/a", "tool/b", "partial/c"]) await documents.put(key, "where is my order?");
    await documents.put("arm/a", { outcome: "passed" });
    await forgetTexts(ledger);
    expect(await ledger.keys("")).toEqual(["arm/a"]);
  });
});

describe("conversations of replays in the ledger", () => {
  test("come back as they were kept, and take a fraction of their length", async () => {
    const ledger = new MemoryLedger();
    await ledgerTranscripts(ledger).keep(first, conversation, day(1));
    expect(await ledgerTranscripts(ledger).find(first)).toEqual(conversation);
    expect(await ledgerTranscripts(ledger).find(second)).toBeUndefined();
    const stored = JSON.stringify(await ledger.get(`transcript/${first}`));
    expect(stored.length * 3).toBeLessThan(JSON.stringify(conversation).length);
    expect(stored).not.toContain("order");
  });

  test("are gone after their time, the others stay, and what was kept again begins anew", async () => {
    const ledger = new MemoryLedger();
    const kept = ledgerTranscripts(ledger);
    await kept.keep(first, conversation, day(1));
    await kept.keep(second, conversation, day(1));
    await kept.keep(second, conversation, day(5));
    expect(await kept.expire(day(3))).toBe(1);
    expect([await kept.find(first), (await kept.find(second))?.length]).toEqual([undefined, 40]);
    expect(await kept.expire(day(3))).toBe(0);
    expect(await kept.expire(day(6))).toBe(1);
    expect(await kept.find(second)).toBeUndefined();
  });

  test("are looked for only among the days that nobody has looked at yet", async () => {
    const ledger = new MemoryLedger();
    const kept = ledgerTranscripts(ledger);
    await kept.keep(first, conversation, day(1));
    await kept.expire(day(3));
    await kept.keep(second, conversation, day(4));
    const looked: string[] = [];
    const watched = {
      get: (key: string) => ledger.get(key),
      put: (key: string, document: Json) => ledger.put(key, document),
      keys: (prefix: string) => (looked.push(prefix), ledger.keys(prefix)),
      remove: (prefix: string) => ledger.remove(prefix),
    };
    expect(await ledgerTranscripts(watched).expire(day(6))).toBe(1);
    expect(looked).toEqual(["transcript-day/2026-01-03/", "transcript-day/2026-01-04/", "transcript-day/2026-01-05/"]);
  });

  test("leave no note of a day behind that is over, and the notes of later days stay", async () => {
    const ledger = new MemoryLedger();
    const kept = ledgerTranscripts(ledger);
    for (const number of [1, 2, 5]) await kept.keep(digest(`sha256:0${number}`), conversation, day(number));
    expect(await kept.expire(day(3))).toBe(2);
    expect(await ledger.keys("transcript-day/")).toEqual(["transcript-day/2026-01-05/sha256:05"]);
    expect(await kept.expire(day(6))).toBe(1);
    expect(await ledger.keys("transcript-day/")).toEqual([]);
  });

  test("that are damaged are as good as none", async () => {
    const ledger = new MemoryLedger();
    for (const damaged of ["text", { zstd: "AAAA" }, { zstd: 7 }, [1], null]) {
      await ledger.put(`transcript/${first}`, damaged);
      expect(await ledgerTranscripts(ledger).find(first)).toBeUndefined();
    }
  });
});
