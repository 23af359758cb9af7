import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutForgeSecrets } from "../config/environment.ts";
import { TuneupError } from "../domain/errors.ts";

export interface ReadingProcess {
  readonly data: string;
  readonly cwd: string;
  /** Node's arguments, the command and its flags; `--hand-over <file>` is added. */
  readonly command: readonly string[];
  /** Passed on as SIGINT: the reader finishes what is in flight and keeps what was measured. */
  readonly signal: AbortSignal;
}

/**
 * Runs the reading half of a job in a process without any forge secret and returns the report that it hands over. Its progress goes to
 * this process's stderr. Where it ends without a report, its exit code becomes ours and its own message has been shown already.
 */
export async function readInOwnProcess<T>(reading: ReadingProcess): Promise<T> {
  const folder = join(reading.data, "reports");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${randomBytes(8).toString("hex")}.json`);
  try {
    const code = await runReader([...reading.command, "--hand-over", file], reading);
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T;
    throw new ReaderEnded(code);
  } finally {
    rmSync(file, { force: true });
  }
}

/** The reading process ended without a report; it has told the user why. */
export class ReaderEnded extends TuneupError {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(exitCode === 130 ? "cancelled" : "internal", `The reading process ended with code ${exitCode}.`, {
      remedy: "Its message stands above.",
      retryable: true,
    });
    this.exitCode = exitCode;
  }
}

/** What the reading process calls to hand over. */
export const readerOutput = (file: string, report: unknown): void => writeFileSync(file, JSON.stringify(report), { mode: 0o600 });

function runReader(command: readonly string[], reading: ReadingProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, {
      cwd: reading.cwd,
      env: withoutForgeSecrets(),
      stdio: ["ignore", "ignore", "inherit"],
    });
    const pass = (): void => void child.kill("SIGINT");
    reading.signal.addEventListener("abort", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      reading.signal.removeEventListener("abort", pass);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}
