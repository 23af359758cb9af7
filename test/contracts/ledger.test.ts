import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { filesOf } from "../../src/compose/state.ts";
import { ledgerContract } from "./ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-ledger-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshFolder = (): string => join(folder, String((count += 1)));

ledgerContract("the memory ledger", async () => new MemoryLedger());
ledgerContract("the SQLite ledger", async () => filesOf(freshFolder()).ledger());

describe("the SQLite ledger", () => {
  test("remembers after it was closed and opened again", async () => {
    const data = freshFolder();
    const first = filesOf(data).ledger();
    await first.put("key", "value");
    await first.close();
    const second = filesOf(data).ledger();
    expect(await second.get("key")).toBe("value");
    await second.close();
  });

  test("says which path it cannot open and what helps", () => {
    expect(() => filesOf("/dev/null").ledger()).toThrow(/ledger at \/dev\/null\/ledger.db cannot be opened/);
  });
});
