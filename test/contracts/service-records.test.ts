import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { filesOf } from "../../src/compose/state.ts";
import { instant } from "../../src/domain/ids.ts";
import { serviceRecordsContract } from "./service-records.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-service-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshFolder = (): string => join(folder, String((count += 1)));

serviceRecordsContract("the records in SQLite", async () => {
  const data = freshFolder();
  return [filesOf(data).records(), filesOf(data).records()];
});

test("the audit log cannot be changed, not even by someone who opens the file", async () => {
  const data = freshFolder();
  const records = filesOf(data).records();
  await records.audit.record({ at: instant("2026-01-01T00:00:00.000Z"), action: "command", actor: "ada", details: {} });
  const database = new DatabaseSync(join(data, "ledger.db"));
  expect(() => database.exec("UPDATE audit SET actor = 'eve'")).toThrow(/append-only/);
  expect(() => database.exec("DELETE FROM audit")).toThrow(/append-only/);
  database.close();
  await records.close();
});
