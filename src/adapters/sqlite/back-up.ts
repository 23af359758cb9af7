import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { TuneupError } from "../../domain/errors.ts";

/**
 * Copies a database to a new file, whole and consistent, while others use it (SQLite's online backup). The file appears under its name only
 * when it is complete. Throws `usage` where there is something already, `trace-store-unavailable` where it cannot be copied.
 */
export async function backUpDatabase(source: string, target: string): Promise<{ readonly bytes: number }> {
  if (existsSync(target))
    throw new TuneupError("usage", `There is a file at ${target} already.`, { remedy: "Name a new one; backups are never overwritten." });
  const draft = `${target}.unfinished`;
  try {
    if (!existsSync(source)) throw new Error("there is no store yet");
    const database = new DatabaseSync(source);
    try {
      database.exec("PRAGMA busy_timeout = 15000");
      await backup(database, draft, { rate: 1000 });
    } finally {
      database.close();
    }
    renameSync(draft, target);
    return { bytes: statSync(target).size };
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new TuneupError(
      "trace-store-unavailable",
      `The store at ${source} cannot be copied to ${target}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { remedy: "Check both paths and free space.", retryable: true, fields: { path: source }, cause },
    );
  }
}
