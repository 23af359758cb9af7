import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { withoutForgeSecrets } from "../config/environment.ts";
import type { Log } from "../ports/runtime.ts";
import { withProjects } from "./projects.ts";
import { systemNow } from "./runtime.ts";
import type { StatePlace } from "./state.ts";

export { otlpCodec } from "../adapters/otlp/otlp-codec.ts";

export interface ReceivingProcess {
  readonly place: StatePlace;
  readonly cwd: string;
  /** Node's arguments, `receive` and its flags. */
  readonly command: readonly string[];
  readonly log: Log;
  /** Ends the receiver: it answers what is under way first. */
  readonly signal: AbortSignal;
}

/** How often a service without a trace project looks whether there is one now. */
const lookEvery = 5_000;
const [firstPause, longestPause] = [1_000, 30_000];
/** Longer than the receiver itself waits for requests under way. */
const patience = 15_000;

/**
 * Receives traces in a process of its own: it reads what agents said, so it is started without any forge secret, and large bodies hold up no
 * webhook. Starts it once there is a trace project, and again whenever it dies. Resolves after `signal`, when it has ended.
 */
export async function keepReceiving(receiving: ReceivingProcess): Promise<void> {
  const { log, signal } = receiving;
  let wait = firstPause;
  while (!signal.aborted) {
    if (!(await untilProject(receiving))) return;
    const { code, lasted } = await runReceiver(receiving);
    if (signal.aborted) return;
    // One that ran for a while had started well.
    if (lasted > longestPause) wait = firstPause;
    log.error({ code, startsAgainInSeconds: wait / 1000 }, "the receiver ended; its reason stands above");
    await sleep(wait, signal);
    wait = Math.min(longestPause, wait * 2);
  }
}

/** Resolves with true once there is a trace project, with false after `signal`; the directory stays open meanwhile. */
async function untilProject({ log, place, signal }: ReceivingProcess): Promise<boolean> {
  while (!signal.aborted) {
    try {
      return await withProjects(place, async (projects) => {
        while (!signal.aborted) {
          if ((await projects.list(systemNow())).length > 0) return true;
          await sleep(lookEvery, signal);
        }
        return false;
      });
    } catch (error) {
      log.error({ problem: error instanceof Error ? error.message : "unknown" }, "the trace projects cannot be read");
      await sleep(lookEvery, signal);
    }
  }
  return false;
}

const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  pause(milliseconds, undefined, { signal }).catch(() => undefined);

function runReceiver({ command, cwd, signal }: ReceivingProcess): Promise<{ readonly code: number; readonly lasted: number }> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    // The open pipe is its lifeline: when this process dies, whatever way, the receiver reads the end of it and stops.
    const child = spawn(process.execPath, command, { cwd, env: withoutForgeSecrets(), stdio: ["pipe", "ignore", "inherit"] });
    const stop = (): void => {
      child.stdin.end();
      setTimeout(() => child.kill("SIGKILL"), patience).unref();
    };
    signal.addEventListener("abort", stop, { once: true });
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve({ code: code ?? 1, lasted: performance.now() - started });
    });
  });
}
