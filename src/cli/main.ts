import { run } from "@stricli/core";
import { version } from "../compose.ts";
import { jsonLog, systemNow } from "../compose/runtime.ts";
import { startTelemetry } from "../compose/telemetry/start-telemetry.ts";
import { processVariables, readEnvironment } from "../config/environment.ts";
import { telemetrySettings } from "../config/telemetry-settings.ts";
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

/** Commands that are one piece of work each; services have a span for each piece. */
const traced: ReadonlySet<string> = new Set(["scan", "survey", "draft", "replay", "verify", "propose", "publish", "run"]);

const variables = processVariables();
const settings = telemetrySettings(variables);
const log = jsonLog((line) => process.stderr.write(line), systemNow);
const telemetry = await startTelemetry(settings, version, log);
const streams: CliContext["process"] = { stdout: process.stdout, stderr: process.stderr };
const context: CliContext = {
  process: streams,
  cwd: process.cwd(),
  environment: readEnvironment(variables),
  variables,
  now: systemNow,
  signal: stop.signal,
  telemetry,
};
const args = process.argv.slice(2);
const [command = ""] = args;
const work = (): Promise<void> => run(app, args, context);
if (traced.has(command)) {
  const parent = settings.parent === undefined ? {} : { parent: settings.parent };
  await telemetry.span({ name: `tuneup ${command}`, ...parent }, async (span) => {
    await work();
    span.note({ "process.exit.code": exitCodeFrom(streams.exitCode) });
  });
} else await work();
process.exitCode = exitCodeFrom(streams.exitCode);
await telemetry.close();
