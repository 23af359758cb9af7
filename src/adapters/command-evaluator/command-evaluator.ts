import { type ChildProcess, spawn } from "node:child_process";
import type { Message } from "../../domain/message.ts";
import { cancelled } from "../../domain/retry.ts";
import type { Evaluation, Evaluator } from "../../ports/evaluator.ts";

export interface CommandEvaluatorOptions {
  /** Program and arguments; no shell looks at them. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** The only variable the program is given, as PATH. */
  readonly path: string;
  readonly timeoutSeconds: number;
}

const mostOutput = 64 * 1024;
/** Address space, in KiB: what `ulimit -v` takes. */
const mostMemory = 4 * 1024 * 1024;

/**
 * The operator's program as a judge: the conversation as `{"messages": […]}` on stdin; exit 0 good, 1 bad, 2 cannot tell. It gets no inherited
 * environment, a time limit that ends it with everything it started, bounded memory where the system has `ulimit`, and, on Linux where the
 * kernel allows it, no network. Any other end is "cannot tell", with the reason.
 */
export function commandEvaluator(options: CommandEvaluatorOptions): Evaluator {
  return {
    name: options.command.join(" ").slice(0, 200),
    evaluate: (transcript, signal) => evaluate(transcript, signal, options),
  };
}

function evaluate(transcript: readonly Message[], signal: AbortSignal, options: CommandEvaluatorOptions): Promise<Evaluation> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = confined(options.command);
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { PATH: options.path },
      stdio: ["pipe", "pipe", "ignore"],
      detached: process.platform !== "win32",
    });
    let output = "";
    const end = (): void => killTree(child);
    const timer = setTimeout(() => {
      end();
      resolve({ result: "cannot-tell", why: `the evaluator took longer than ${options.timeoutSeconds} s` });
    }, options.timeoutSeconds * 1000);
    signal.addEventListener("abort", end, { once: true });
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (output.length < mostOutput) output += chunk;
    });
    // A program that decides without reading everything is in its right.
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify({ messages: transcript }));
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ result: "cannot-tell", why: `the evaluator cannot be started (${error.code ?? "unknown"})` });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(cancelled(signal.reason));
      else resolve(evaluationOf(code, output));
    });
  });
}

function evaluationOf(code: number | null, output: string): Evaluation {
  const note = (output.split("\n", 1)[0] ?? "").replace(/[\p{Cc}\p{Cf}]/gu, " ").slice(0, 200);
  if (code === 0) return { result: "passed", note };
  if (code === 1) return { result: "failed", note };
  return {
    result: "cannot-tell",
    why: code === 2 ? note || "the evaluator cannot tell" : `the evaluator ended with code ${code ?? "none"}`,
  };
}

/** Puts limits around a command where the system can: memory through the shell's `ulimit`, the network through an own namespace. */
function confined(command: readonly string[]): readonly string[] {
  if (process.platform !== "linux") return command;
  // Positional parameters carry the command, so nothing in it is ever parsed. `unshare` is tried first and left out where it is not allowed.
  const script = `ulimit -v ${mostMemory} 2>/dev/null; if unshare --user --net true 2>/dev/null; then exec unshare --user --net -- "$@"; else exec "$@"; fi`;
  return ["sh", "-c", script, "evaluator", ...command];
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    // The group of its own: whatever the program started ends with it.
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
