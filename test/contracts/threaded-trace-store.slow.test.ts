import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { ThreadedTraceStore } from "../../src/adapters/sqlite/threaded-trace-store.ts";
import { traceStoreContract } from "./trace-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-threaded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

traceStoreContract("the SQLite trace store with a writing thread", async () =>
  ThreadedTraceStore.open(join(folder, `traces-${(count += 1)}.db`)),
);
