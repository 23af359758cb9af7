import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Where Node keeps what it compiled: without it every process compiles all sources anew. */
const cache = process.env["NODE_COMPILE_CACHE"];
const compiled: Readonly<Record<string, string>> = cache === undefined ? {} : { NODE_COMPILE_CACHE: cache };

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the real program in a process of its own with only these variables. `watch` sees its talk as it comes. */
export function start(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly variables?: Readonly<Record<string, string>>;
    readonly watch?: (text: string, child: ChildProcess) => void;
  },
): Running {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"] ?? "", ...compiled, ...options.variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    options.watch?.(text, child);
  });
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ out, err, code }))) };
}

export const tuneup = (args: readonly string[], options: Parameters<typeof start>[1]): Promise<Ended> => start(args, options).ended;

/** What `tuneup run --json` prints, as far as tests look at it. */
export interface Report {
  readonly finding: {
    readonly end: string;
    readonly why?: string;
    readonly verdict?: { readonly result: string };
    readonly pull?: { readonly url: string; readonly branch: string; readonly number: number; readonly adopted: boolean };
  };
  readonly evidenceFile: string;
  readonly evidence: { readonly verdicts: unknown; readonly pairs: readonly unknown[] };
}
export const reportOf = (out: string): Report => JSON.parse(out) as Report;

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Waits for something that another process does; four minutes mean that it hangs, however slow the machine. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 6000) throw new Error(`never: ${what}`);
    await pause(40);
  }
}
