import { spawn } from "node:child_process";
import { z } from "zod";
import { withoutForgeSecrets } from "../../config/environment.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Erased } from "../../ports/trace-store.ts";

export interface ExpiringProcess {
  readonly cwd: string;
  /** Node's arguments, `retention --json` and its flags. */
  readonly command: readonly string[];
  /** Ends it between two transactions; what was removed stays removed. */
  readonly signal: AbortSignal;
}

const answer = z.object({ sessions: z.int().min(0) });
const longestAnswer = 10_000;

/**
 * Removes what is too old in a process of its own, without any forge secret: looking through a large store and overwriting what goes takes a
 * while, and meanwhile this process answers. Its reasons go to standard error. Throws `trace-store-unavailable` when it does not end well.
 */
export async function expireInOwnProcess({ command, cwd, signal }: ExpiringProcess): Promise<Erased> {
  const ended = await new Promise<{ readonly code: number; readonly text: string }>((resolve, reject) => {
    const child = spawn(process.execPath, command, { cwd, env: withoutForgeSecrets(), stdio: ["ignore", "pipe", "inherit"] });
    const stop = (): void => void child.kill();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      if (text.length < longestAnswer) text += piece;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve({ code: code ?? 1, text });
    });
  });
  const { code } = ended;
  const said = code === 0 ? answer.safeParse(parsed(ended.text)) : undefined;
  if (said?.success === true) return said.data;
  throw new TuneupError("trace-store-unavailable", `Sessions that were kept long enough could not all be removed (exit code ${code}).`, {
    remedy: "The reason stands above; `tuneup retention --dry-run` shows what is left.",
    retryable: true,
    fields: { code },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
