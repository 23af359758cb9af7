import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

const busy = 5;
const mostTries = 200;
const pauseMilliseconds = 20;

/**
 * Opens or creates a database file that several processes may use: write-ahead log, every commit on disk when it returns, writers waiting for
 * each other for `busyMilliseconds`. Throws what SQLite throws.
 */
export function openDatabase(path: string, busyMilliseconds: number): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = ${busyMilliseconds}; PRAGMA synchronous = FULL;`);
  useWriteAheadLog(database);
  return database;
}

/** SQLite's busy timeout does not cover this change: two processes that make the file at the same moment would fail each other here. */
function useWriteAheadLog(database: DatabaseSync): void {
  for (let tries = 1; ; tries += 1) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
      if (code !== busy || tries === mostTries) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMilliseconds);
    }
  }
}
