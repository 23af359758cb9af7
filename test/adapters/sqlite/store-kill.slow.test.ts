import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { SqliteTraceStore } from "../../../src/adapters/sqlite/sqlite-trace-store.ts";
import { projectId, sessionId } from "../../../src/domain/ids.ts";
import { seededRandom } from "../../../src/domain/random.ts";

/** How often writers are killed: `KILLS=100 npx vitest run --project slow test/adapters/sqlite`. */
const kills = Number(process.env["KILLS"] ?? 6);
const folder = mkdtempSync(join(tmpdir(), "tuneup-store-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const writer = fileURLToPath(new URL("../../doubles/trace-writer.ts", import.meta.url));

/** Two writers on one file: one is killed after so many acknowledgements, the other a little later. */
async function writeUntilKilled(path: string, patience: number): Promise<readonly number[]> {
  const run = (firstBatch: number, most: number): Promise<number> =>
    new Promise((resolve) => {
      const child: ChildProcess = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", writer, path, String(firstBatch)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let acknowledged = 0;
      child.stdout?.on("data", (chunk: Buffer) => {
        acknowledged += chunk.toString().split("\n").length - 1;
        if (acknowledged >= most) child.kill("SIGKILL");
      });
      child.on("close", () => resolve(acknowledged));
    });
  return Promise.all([run(0, patience), run(1_000_000, patience + 7)]);
}

test(
  `killed ${kills} times with two writers, the store is sound and holds every acknowledged batch, whole`,
  { timeout: 20_000 + kills * 2500 },
  async () => {
    const random = seededRandom(9, "store-kill");
    for (let round = 0; round < kills; round += 1) {
      const path = join(folder, `killed-${round}.db`);
      const acknowledged = await writeUntilKilled(path, 1 + Math.floor(random() * 40));
      const store = SqliteTraceStore.open(path);
      const spans = (await store.session(projectId("support"), sessionId("s")))?.spans ?? [];
      expect(spans.length).toBeGreaterThanOrEqual(3 * acknowledged.reduce((sum, count) => sum + count, 0));
      expect(spans.length % 3).toBe(0);
      expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
      await store.close();
      const database = new DatabaseSync(path);
      expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      database.close();
    }
  },
);
