import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryTraceStore } from "../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { backUpDatabase } from "../../src/adapters/sqlite/back-up.ts";
import { SqliteTraceStore } from "../../src/adapters/sqlite/sqlite-trace-store.ts";
import { instant, projectId, sessionId } from "../../src/domain/ids.ts";
import { aSpan, traceStoreContract } from "./trace-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-traces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `traces-${(count += 1)}.db`);
const project = projectId("support");

/** Every compressed value of a store, as its rows hold it. */
function zstdFramesOf(path: string): readonly Buffer[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const frames = tables.flatMap(({ name }) =>
    database
      .prepare(`SELECT * FROM ${String(name)}`)
      .all()
      .flatMap((row) => Object.values(row).filter((value) => value instanceof Uint8Array && value.length > 60)),
  );
  database.close();
  return frames.map((frame) => Buffer.from(frame as Uint8Array));
}

traceStoreContract("the memory trace store", async () => new MemoryTraceStore());
traceStoreContract("the SQLite trace store", async () => SqliteTraceStore.open(freshPath()));

describe("the SQLite trace store", () => {
  test("stores a conversation once, however often it is repeated", async () => {
    const path = freshPath();
    const store = SqliteTraceStore.open(path);
    const messages = Array.from({ length: 90 }, (_, index) => ({
      role: "user",
      content: `message ${index}: ${Math.sin(index)} ${"words and more words ".repeat(20)}`,
    }));
    let received = 0;
    for (let length = 1; length <= messages.length; length += 1) {
      const text = JSON.stringify(messages.slice(0, length));
      received += text.length;
      await store.add(project, { spans: [aSpan({ attributes: { "session.id": "s", "gen_ai.input.messages": text } })] });
    }
    await store.close();
    // The empty tables alone are 0.04 of so little.
    expect(readFileSync(path).length).toBeLessThan(received * 0.08);
  });

  test("remembers after it was closed, and two handles see each other's writes", async () => {
    const path = freshPath();
    const [one, other] = [SqliteTraceStore.open(path), SqliteTraceStore.open(path)];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? one : other).add(project, { spans: [aSpan({ attributes: { "session.id": "s" } })] }),
      ),
    );
    expect((await other.session(project, sessionId("s")))?.spans).toHaveLength(20);
    await one.close();
    await other.close();
    const again = SqliteTraceStore.open(path);
    expect((await again.session(project, sessionId("s")))?.spans).toHaveLength(20);
    await again.close();
  });

  test("keeps a session that came span by span nearly as small as one that came at once, in order and whole", async () => {
    const spans = Array.from({ length: 400 }, (_, index) =>
      aSpan({
        startedAt: instant(new Date(Date.UTC(2026, 0, 1) + index).toISOString()),
        attributes: {
          "session.id": "s",
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": `tool-${index % 7}`,
          "gen_ai.tool.call.result": `${index} ${Math.sin(index)} results of a look at the orders of a customer`,
        },
      }),
    );
    const sizeOf = async (batches: readonly (typeof spans)[]): Promise<number> => {
      const path = freshPath();
      const [store, other] = [SqliteTraceStore.open(path), SqliteTraceStore.open(path)];
      for (const [index, batch] of batches.entries()) await (index % 50 < 40 ? store : other).add(project, { spans: batch });
      expect((await other.session(project, sessionId("s")))?.spans).toEqual(spans);
      await store.close();
      await other.close();
      const database = new DatabaseSync(path, { readOnly: true });
      const bytes = Number(database.prepare("SELECT sum(length(content)) AS bytes FROM blocks").get()?.["bytes"]);
      database.close();
      return bytes;
    };
    expect(await sizeOf(spans.map((span) => [span]))).toBeLessThan(1.5 * (await sizeOf([spans])));
  });

  test("leaves nothing of an erased session in any page of the file or its log", async () => {
    const path = freshPath();
    const [store, other] = [SqliteTraceStore.open(path), SqliteTraceStore.open(path)];
    const spans = (session: string): readonly ReturnType<typeof aSpan>[] =>
      Array.from({ length: 30 }, (_, index) =>
        aSpan({
          trace: session === "erased-key" ? "8" : "9",
          attributes: {
            "session.id": session,
            "user.id": `user-of-${session}`,
            text: `${session} ${index} ${Math.sin(index)} `.repeat(40),
          },
        }),
      );
    await store.add(project, { spans: spans("erased-key") });
    await other.add(project, { spans: spans("kept-key") });
    const held = await other.session(project, sessionId("erased-key"));
    expect(held?.spans).toHaveLength(30);
    const stored = (): Buffer => Buffer.concat([path, `${path}-wal`].filter((file) => existsSync(file)).map((file) => readFileSync(file)));
    expect(stored().includes("erased-key")).toBe(true);
    const frames = zstdFramesOf(path);
    await store.erase(project, { user: "user-of-erased-key" });
    const left = stored();
    expect(left.includes("erased-key")).toBe(false);
    expect(left.includes("kept-key")).toBe(true);
    const kept = zstdFramesOf(path);
    const gone = frames.filter((frame) => !kept.some((one) => one.equals(frame)));
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.filter((frame) => left.includes(frame.subarray(0, 60)) && left.includes(frame.subarray(-20)))).toEqual([]);
    await store.close();
    await other.close();
  });

  test("forgets what is too old, telling sessions later", async () => {
    const store = SqliteTraceStore.open(freshPath());
    const ended = (day: number): { readonly startedAt: ReturnType<typeof instant> } => ({
      startedAt: instant(`2026-01-${String(day).padStart(2, "0")}T00:00:00.000Z`),
    });
    const span = (trace: string, session: string, day: number, more: Parameters<typeof aSpan>[0] = {}): ReturnType<typeof aSpan> =>
      aSpan({ trace, ...ended(day), ...more, attributes: { "session.id": session, ...more.attributes } });
    await store.add(project, {
      spans: [
        span("1", "old", 1),
        span("2", "old and good", 1, { attributes: { "agent.outcome": "Success" } }),
        span("3", "old and failed", 10, { attributes: { "agent.outcome": "failed" } }),
        span("4", "old, a tool failed", 10, { status: "error", attributes: { "gen_ai.operation.name": "execute_tool" } }),
        span("5", "old, with feedback", 10),
        ...Array.from({ length: 20 }, () => span("6", "old and long", 10)),
        span("7", "too old, though failed", 1, { attributes: { "agent.outcome": "failed" } }),
        span("8", "new", 20),
        span("9", "old, liked", 10),
      ],
      feedback: [
        { traceId: "5".repeat(32), feedback: { name: "score", by: "user" } },
        { traceId: "9".repeat(32), feedback: { name: "rating", label: "Thumbs up", by: "user" } },
      ],
    });
    const limits = { before: ended(15).startedAt, tellingBefore: ended(5).startedAt };
    expect(await store.expire(limits, { dryRun: true })).toEqual({ sessions: 4 });
    expect(await store.expire(limits, { dryRun: false })).toEqual({ sessions: 4 });
    expect(await store.expire(limits, { dryRun: false })).toEqual({ sessions: 0 });
    const left: string[] = [];
    for await (const trace of store.read({ project })) left.push(trace.key);
    expect(left).toEqual(["old and failed", "old and long", "old, a tool failed", "old, with feedback", "new"]);
    await store.close();
  });

  test("is copied whole while it is written to; a copy never overwrites a file", async () => {
    const path = freshPath();
    const store = SqliteTraceStore.open(path);
    await store.add(project, { spans: [aSpan({ attributes: { "session.id": "s" } })] });
    const copying = backUpDatabase(path, `${path}.copy`);
    await store.add(project, { spans: [aSpan({ attributes: { "session.id": "s" } })] });
    expect((await copying).bytes).toBeGreaterThan(4096);
    await store.close();
    const copy = SqliteTraceStore.open(`${path}.copy`);
    expect((await copy.session(project, sessionId("s")))?.spans.length).toBeGreaterThanOrEqual(1);
    await copy.close();
    await expect(backUpDatabase(path, `${path}.copy`)).rejects.toThrow(/a file at .* already/);
    await expect(backUpDatabase(`${path}.none`, `${path}.copy2`)).rejects.toThrow(/there is no store yet/);
  });

  test("adds all of a batch or nothing", async () => {
    const store = SqliteTraceStore.open(freshPath());
    const bad = { ...aSpan(), attributes: { big: 1n } } as unknown as ReturnType<typeof aSpan>;
    await expect(store.add(project, { spans: [aSpan({ attributes: { "session.id": "s" } }), bad] })).rejects.toThrow(/cannot be written/);
    expect(await store.session(project, sessionId("s"))).toBeUndefined();
    await store.close();
  });

  test("says which file cannot be opened and what helps; a damaged file is called damaged", () => {
    expect(() => SqliteTraceStore.open("/dev/null/traces.db")).toThrow(/trace store at \/dev\/null\/traces\.db cannot be opened/);
    const path = freshPath();
    writeFileSync(path, "this is no database, and it is long enough to be looked at as one ".repeat(200));
    expect(() => SqliteTraceStore.open(path)).toThrow(/is damaged/);
  });
});

describe("killed at a random moment while it writes", () => {
  test("the store holds every batch that was acknowledged, whole", async () => {
    const path = freshPath();
    const writer = fileURLToPath(new URL("../doubles/trace-writer.ts", import.meta.url));
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", writer, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let acknowledged = 0;
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        acknowledged += chunk.toString().split("\n").length - 1;
        if (acknowledged >= 15) child.kill("SIGKILL");
      });
      child.on("close", () => resolve());
    });
    const store = SqliteTraceStore.open(path);
    const spans = (await store.session(project, sessionId("s")))?.spans.length ?? 0;
    await store.close();
    expect(spans).toBeGreaterThanOrEqual(acknowledged * 3);
    expect(spans % 3).toBe(0);
  });
});
