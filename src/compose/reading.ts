import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutForgeSecrets } from "../config/environment.ts";
import { z } from "zod";
import { type ErrorCode, TuneupError } from "../domain/errors.ts";

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
    if (existsSync(file)) return handedOver<T>(JSON.parse(readFileSync(file, "utf8")));
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

/** An error that the reading process handed over instead of a report. */
const failure = z.object({
  failed: z.object({
    code: z.custom<ErrorCode>((value) => typeof value === "string"),
    message: z.string(),
    remedy: z.string(),
    retryable: z.boolean(),
  }),
});

/** The report of a reading process. Throws the error that it handed over instead, for who asked may be told. */
function handedOver<T>(content: unknown): T {
  const error = failure.safeParse(content);
  if (!error.success) return content as T;
  const { code, message, remedy, retryable } = error.data.failed;
  throw new TuneupError(code, message, { remedy, retryable });
}

/** What the reading process calls: hands over what `work` brings, or the error that it ended with. Bugs and Ctrl-C are thrown on. */
export async function handOver(file: string, work: () => Promise<unknown>): Promise<void> {
  const write = (content: unknown): void => writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  try {
    write(await work());
  } catch (error) {
    if (!(error instanceof TuneupError) || error.code === "cancelled") throw error;
    const { code, message, remedy, retryable } = error;
    write({ failed: { code, message, remedy, retryable } });
  }
}

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
