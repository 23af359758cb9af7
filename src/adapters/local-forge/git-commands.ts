import { execFile } from "node:child_process";
import { devNull } from "node:os";
import { TuneupError } from "../../domain/errors.ts";

/** Runs git in one repository, for plumbing that touches neither work tree, nor index, nor HEAD, and runs no hook. */
export interface Git {
  /** Standard output without its last line end. Throws `forge-refused` with git's own words. */
  run(args: readonly string[], options?: { readonly input?: string; readonly index?: string }): Promise<string>;
  /** Whether the command ends with 0. */
  holds(args: readonly string[]): Promise<boolean>;
}

/** The committer of all of Tuneup's local commits. */
export const botName = "tuneup[bot]";
export const botEmail = "tuneup[bot]@users.noreply.github.com";

const mostOutput = 64 * 1024 * 1024;

export function openGit(path: string, variables: { readonly path: string; readonly now: string }): Git {
  const run: Git["run"] = (args, options = {}) =>
    new Promise((resolve, reject) => {
      const environment = {
        PATH: variables.path,
        GIT_TERMINAL_PROMPT: "0",
        GIT_AUTHOR_NAME: botName,
        GIT_AUTHOR_EMAIL: botEmail,
        GIT_COMMITTER_NAME: botName,
        GIT_COMMITTER_EMAIL: botEmail,
        GIT_AUTHOR_DATE: variables.now,
        GIT_COMMITTER_DATE: variables.now,
        ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
      };
      const child = execFile(
        "git",
        ["-C", path, "-c", `core.hooksPath=${devNull}`, "-c", "commit.gpgSign=false", "-c", "core.autocrlf=false", ...args],
        { env: environment, maxBuffer: mostOutput },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout.replace(/\n$/, ""));
          else reject(gitError(path, args[0] ?? "", stderr, error));
        },
      );
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(options.input ?? "");
    });
  return {
    run,
    holds: (args) =>
      run(args).then(
        () => true,
        () => false,
      ),
  };
}

function gitError(path: string, command: string, stderr: string, cause: Error): TuneupError {
  const missing = "code" in cause && cause.code === "ENOENT";
  const why = missing ? "git was not found" : stderr.trim().split("\n").slice(0, 3).join(" ").slice(0, 300);
  return new TuneupError("forge-refused", `git ${command} failed in ${path}: ${why}.`, {
    remedy: missing ? "Install git." : "Check that the repository is in order (`git fsck`) and may be written.",
    fields: { path, command },
    cause,
  });
}
