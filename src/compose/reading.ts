import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { withoutForgeSecrets } from "../config/environment.ts";
import { carried } from "../config/telemetry-settings.ts";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { z } from "zod";
import type { Progress } from "../ports/runtime.ts";
import { type ErrorCode, TuneupError } from "../domain/errors.ts";

export interface ReadingProcess {
  readonly data: string;
  readonly cwd: string;
  /** Node's arguments, the command and its flags; `--hand-over <file>` is added. */
  readonly command: readonly string[];
  /** Passed on as SIGINT: the reader finishes what is in flight and keeps what was measured. */
  readonly signal: AbortSignal;
  /** Sees the reader's progress as it goes. */
  readonly watch?: (progress: Progress) => void;
  /** The span that the reading process goes on from, as W3C `traceparent`. */
  readonly traceparent?: string;
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
    const watched = reading.watch === undefined ? [] : ["--watched"];
    const code = await runReader([...reading.command, "--hand-over", file, ...watched], reading);
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

/** The file descriptor on which a reading process tells its progress, one JSON object a line. */
export const progressChannel = 3;

/** What the reading process calls for each step of its progress; whoever started it may be gone. */
export function tellProgress(progress: Progress): void {
  try {
    writeSync(progressChannel, `${JSON.stringify(progress)}\n`);
  } catch {
    // Nobody listens any more; the job goes on.
  }
}

const progressLine = z.object({
  stage: z.string().max(100),
  state: z.enum(["started", "running", "finished", "skipped", "failed"]),
  done: z.number().exactOptional(),
  total: z.number().exactOptional(),
  unit: z.string().max(100).exactOptional(),
  note: z.string().max(2000).exactOptional(),
});

/** A line that is no progress is left out: progress is a help, and nothing depends on it. */
function tell(line: string, watch: (progress: Progress) => void): void {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return;
  }
  const progress = progressLine.safeParse(content);
  if (progress.success) watch(progress.data);
}

function runReader(command: readonly string[], reading: ReadingProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, {
      cwd: reading.cwd,
      env: { ...withoutForgeSecrets(), ...carried(reading.traceparent) },
      stdio: ["ignore", "ignore", "inherit", reading.watch === undefined ? "ignore" : "pipe"],
    });
    const { watch } = reading;
    const channel = child.stdio[progressChannel];
    if (watch !== undefined && channel instanceof Readable) createInterface({ input: channel }).on("line", (line) => tell(line, watch));
    const pass = (): void => void child.kill("SIGINT");
    reading.signal.addEventListener("abort", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      reading.signal.removeEventListener("abort", pass);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}
