import { setTimeout as pause } from "node:timers/promises";
import type { Instant } from "../domain/ids.ts";
import { instant } from "../domain/ids.ts";
import type { RetryTools } from "../domain/retry.ts";
import type { Log, Progress, Runtime, Telemetry } from "../ports/runtime.ts";

export const realRetryTools: RetryTools = {
  sleep: async (milliseconds, signal) => {
    await pause(milliseconds, undefined, { signal });
  },
  random: () => Math.random(),
  now: () => Date.now(),
};

export const systemNow = (): Instant => instant(new Date().toISOString());

const silent = (): void => undefined;
export const silentLog: Log = { debug: silent, info: silent, warn: silent, error: silent };

/** Nobody watches: work runs as it is. */
export const noTelemetry: Telemetry = {
  span: (_start, work) => work({ note: silent }),
  stage: silent,
  here: () => undefined,
  close: async () => undefined,
};

/** One JSON object a line on the given stream: time, level, message, fields. */
export function jsonLog(write: (line: string) => void, now: () => Instant): Log {
  const at = (level: string) => (fields: object, message: string) =>
    write(`${JSON.stringify({ time: now(), level, message, ...fields })}\n`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export function makeRuntime(parts: {
  readonly signal: AbortSignal;
  readonly progress?: (progress: Progress) => void;
  readonly log?: Log;
  readonly now?: () => Instant;
}): Runtime {
  return { now: parts.now ?? systemNow, signal: parts.signal, log: parts.log ?? silentLog, progress: parts.progress ?? silent };
}
