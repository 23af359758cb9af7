import { run } from "@stricli/core";
import { systemNow } from "../compose/runtime.ts";
import { processVariables, readEnvironment } from "../config/environment.ts";
import { app } from "./app.ts";
import type { CliContext } from "./context.ts";
import { exitCode } from "./exit-code.ts";

/** Maps the parser's own exit codes (negative or its own numbers) onto ours. */
function exitCodeFrom(code: number | string | null | undefined): number {
  const value = Number(code ?? 0);
  if (Number.isNaN(value)) return exitCode.unexpected;
  return value < 0 ? exitCode.usage : value;
}

const stop = new AbortController();
let interrupts = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupts += 1;
    if (interrupts > 1) process.exit(exitCode.cancelled);
    process.stderr.write("\nStopping: finishing what is in flight, keeping what was measured. Once more to stop at once.\n");
    stop.abort();
  });
}
// A reader that went away (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCode.success);
  throw error;
});

const variables = processVariables();
const streams: CliContext["process"] = { stdout: process.stdout, stderr: process.stderr };
const context: CliContext = {
  process: streams,
  cwd: process.cwd(),
  environment: readEnvironment(variables),
  variables,
  now: systemNow,
  signal: stop.signal,
};
await run(app, process.argv.slice(2), context);
process.exitCode = exitCodeFrom(streams.exitCode);
