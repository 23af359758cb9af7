import type { CommandContext } from "@stricli/core";
import type { Environment } from "../config/environment.ts";
import type { Instant } from "../domain/ids.ts";
import type { Progress, Telemetry } from "../ports/runtime.ts";

/** Where a command writes: results to `stdout`, talk to `stderr`. */
export interface Output {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command knows of the world. Tests give a fake one. */
export interface CliContext extends CommandContext {
  readonly process: { readonly stdout: Output; readonly stderr: Output; exitCode?: number | string | null };
  readonly cwd: string;
  readonly environment: Environment;
  /** All variables, for keys that the operator file names. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly now: () => Instant;
  /** Aborted by the first Ctrl-C: commands finish what is in flight, keep what was measured, and end. */
  readonly signal: AbortSignal;
  /** Sees the progress of a job besides the terminal. */
  readonly watch?: (progress: Progress) => void;
  /** Traces of Tuneup itself, where the environment asks for them. */
  readonly telemetry?: Telemetry;
}
