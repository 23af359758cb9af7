import { run } from "@stricli/core";
import { app } from "../../src/cli/app.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { exitCode } from "../../src/cli/exit-code.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { instant } from "../../src/domain/ids.ts";

/** One command in this process, in a folder, on 2026-01-20, with no variable but PATH; a service ends with the signal. */
export async function tuneupIn(
  cwd: string,
  args: readonly string[],
  signal = new AbortController().signal,
): Promise<{ readonly out: string; readonly err: string; readonly code: number }> {
  let [out, err] = ["", ""];
  const streams: CliContext["process"] = {
    stdout: { write: (text) => void (out += text) },
    stderr: { write: (text) => void (err += text) },
  };
  const variables = { PATH: process.env["PATH"] ?? "" };
  await run(app, args, {
    process: streams,
    cwd,
    environment: readEnvironment(variables),
    variables,
    now: () => instant("2026-01-20T00:00:00.000Z"),
    signal,
  });
  const code = Number(streams.exitCode ?? 0);
  return { out, err, code: code < 0 ? exitCode.usage : code };
}
