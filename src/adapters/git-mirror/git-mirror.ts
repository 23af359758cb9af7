import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { promisify } from "node:util";
import { TuneupError } from "../../domain/errors.ts";

export interface MirrorRequest {
  /** The bare repository's folder; made when it is not there. */
  readonly folder: string;
  /** `https://…/owner/name.git`; never with credentials in it. */
  readonly url: string;
  /** 40 hex digits. */
  readonly commit: string;
  readonly token: string;
  /** PATH of the child process. */
  readonly path: string;
  readonly signal: AbortSignal;
}

const run = promisify(execFile);

/**
 * Brings one commit of a remote repository into a bare repository, one level deep. The token travels in the child's environment, so that
 * no process list and no file shows it. Throws `repository-unreadable`; a broken network is retryable.
 */
export async function fetchCommit(request: MirrorRequest): Promise<void> {
  const basic = Buffer.from(`x-access-token:${request.token}`).toString("base64");
  const environment = {
    PATH: request.path,
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
  const git = (args: readonly string[]) =>
    run("git", ["-C", request.folder, ...args], { env: environment, signal: request.signal, timeout: 300_000 });
  try {
    if (!existsSync(`${request.folder}/HEAD`)) {
      mkdirSync(request.folder, { recursive: true });
      await git(["init", "--bare", "--quiet"]);
    }
    const known = await git(["cat-file", "-e", `${request.commit}^{commit}`]).then(
      () => true,
      () => false,
    );
    if (!known) await git(["fetch", "--quiet", "--depth", "1", "--no-tags", request.url, request.commit]);
    await git(["update-ref", "HEAD", request.commit]).catch(() => git(["update-ref", "refs/heads/main", request.commit]));
  } catch (cause) {
    throw new TuneupError("repository-unreadable", `Commit ${request.commit.slice(0, 12)} of ${request.url} cannot be fetched.`, {
      remedy: "Check that the App is installed on the repository with read access to its contents, and that this machine reaches it.",
      retryable: true,
      fields: { url: request.url, commit: request.commit },
      cause,
    });
  }
}
