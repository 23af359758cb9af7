import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TuneupError } from "../../domain/errors.ts";

const wait = 25;
const tries = 1200;
/** Publishing takes a second or two; whoever held a lock for so long has died. */
const staleAfter = 60_000;

/** Runs work while no other process does in the same folder. A lock that a killed process left is taken over. `now` is in milliseconds. */
export async function withFolderLock<T>(folder: string, now: () => number, work: () => Promise<T>): Promise<T> {
  const lock = join(folder, ".lock");
  for (let attempt = 0; !take(lock, now); attempt += 1) {
    if (attempt >= tries)
      throw new TuneupError("forge-conflict", `Another process has been publishing in ${folder} for too long.`, {
        remedy: `Try again; if none is running, remove ${lock}.`,
        retryable: true,
        fields: { folder },
      });
    await pause(wait);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function take(lock: string, now: () => number): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    if (isStale(lock, now)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function isStale(lock: string, now: () => number): boolean {
  try {
    return now() - statSync(lock).mtimeMs > staleAfter;
  } catch {
    // Released in the meantime.
    return false;
  }
}
