import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { SqliteLedger } from "../../src/adapters/sqlite/sqlite-ledger.ts";
import { ledgerContract } from "./ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-ledger-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `ledger-${(count += 1)}.db`);

ledgerContract("the memory ledger", async () => new MemoryLedger());
ledgerContract("the SQLite ledger", async () => SqliteLedger.open(freshPath()));

describe("the SQLite ledger", () => {
  test("remembers after it was closed and opened again", async () => {
    const path = freshPath();
    const first = SqliteLedger.open(path);
    await first.put("key", "value");
    await first.close();
    const second = SqliteLedger.open(path);
    expect(await second.get("key")).toBe("value");
    await second.close();
  });

  test("says which path it cannot open and what helps", () => {
    expect(() => SqliteLedger.open("/dev/null/ledger.db")).toThrow(/ledger at \/dev\/null\/ledger.db cannot be opened/);
  });
});
