import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { SqliteTraceStore } from "../../../src/adapters/sqlite/sqlite-trace-store.ts";
import { ThreadedTraceStore } from "../../../src/adapters/sqlite/threaded-trace-store.ts";
import { projectId, sessionId } from "../../../src/domain/ids.ts";
import { aSpan } from "../../contracts/trace-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-threaded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const freshPath = (): string => join(folder, `traces-${(count += 1)}.db`);
const project = projectId("support");
const spanOf = (session: string): ReturnType<typeof aSpan> => aSpan({ attributes: { "session.id": session } });

test("what was added before the store closes is on disk, though nobody waited for it", async () => {
  const path = freshPath();
  const store = ThreadedTraceStore.open(path);
  const added = ["one", "two", "three"].map((session) => store.add(project, { spans: [spanOf(session)] }));
  await store.close();
  await Promise.all(added);
  const again = SqliteTraceStore.open(path);
  for (const session of ["one", "two", "three"]) expect((await again.session(project, sessionId(session)))?.spans).toHaveLength(1);
  await again.close();
});

test("an error of the writing thread arrives with its remedy, and the next batch is written", async () => {
  const path = freshPath();
  const store = ThreadedTraceStore.open(path);
  await store.add(project, { spans: [spanOf("before")] });
  const other = new DatabaseSync(path);
  other.exec("ALTER TABLE day_tallies RENAME TO elsewhere; ALTER TABLE sessions RENAME TO away");
  await expect(store.add(project, { spans: [spanOf("lost")] })).rejects.toMatchObject({
    code: "trace-store-unavailable",
    retryable: true,
    remedy: expect.stringContaining("free space"),
    fields: { path },
  });
  other.exec("ALTER TABLE elsewhere RENAME TO day_tallies; ALTER TABLE away RENAME TO sessions");
  other.close();
  expect(await store.add(project, { spans: [spanOf("after")] })).toEqual({ added: 1, known: 0 });
  await store.close();
});

test("when the writing thread dies, senders are told to send again, and the next batch begins another", async () => {
  const path = freshPath();
  const store = ThreadedTraceStore.open(path);
  const remove = (): void => {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  };
  remove();
  writeFileSync(path, "this is no database any more, and long enough to be read as one".repeat(20));
  await expect(store.add(project, { spans: [spanOf("lost")] })).rejects.toMatchObject({
    code: "trace-store-unavailable",
    retryable: true,
    message: expect.stringContaining("failed"),
  });
  remove();
  expect(await store.add(project, { spans: [spanOf("after")] })).toEqual({ added: 1, known: 0 });
  await store.close();
});
