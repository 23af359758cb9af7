import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { SqliteTables } from "../../src/adapters/sql-ledger/sqlite-tables.ts";
import { openDatabase } from "../../src/adapters/sqlite/open-database.ts";
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

  test("what is overwritten or removed is gone from the file, not only forgotten", async () => {
    const data = freshFolder();
    const ledger = filesOf(data).ledger();
    const words = "what somebody said of their order ";
    for (const key of ["a", "b", "c"]) await ledger.put(key, `${key} ${words.repeat(key === "a" ? 400 : 3)}`);
    await ledger.put("a", null);
    await ledger.remove("b");
    await ledger.put("c", "short");
    await ledger.close();
    expect(readFileSync(join(data, "ledger.db")).includes(words)).toBe(false);
  });

  test("says why a write failed also where SQLite ended the transaction itself", async () => {
    const tables = SqliteTables.open({
      path: join(freshFolder(), "tables.db"),
      open: (path) => openDatabase(path, 1000),
      schema: {
        what: "The tables",
        versions: "versions",
        migrations: [
          "CREATE TABLE full (a); CREATE TRIGGER no_more BEFORE INSERT ON full BEGIN SELECT RAISE(ROLLBACK, 'no room left'); END;",
        ],
      },
    });
    await expect(tables.together([{ sql: "INSERT INTO full VALUES (?)", values: [1] }])).rejects.toThrow(
      "cannot be read or written: no room left",
    );
    await tables.close();
  });

  test("says which path it cannot open and what helps", () => {
    expect(() => filesOf("/dev/null").ledger()).toThrow(/ledger at \/dev\/null\/ledger.db cannot be opened/);
  });
});
