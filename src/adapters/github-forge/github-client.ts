import { Octokit } from "@octokit/rest";
import { TuneupError } from "../../domain/errors.ts";
import { failedAnswer, quietWanted } from "../../domain/publishing/rate-limit.ts";
import { isRetryableStatus, retryAfter, type RetryTools } from "../../domain/retry.ts";
import { guardedRequest, type RateWindow, type WriteGuard, type WritePace } from "../../ports/outgoing.ts";
import type { Telemetry } from "../../ports/runtime.ts";

export interface GithubOptions {
  readonly token: string;
  /** REST address: `https://api.github.com`, or `https://<host>/api/v3`. */
  readonly baseUrl?: string;
  readonly retry: RetryTools;
  /** For one request and its answer; half a minute when left out. */
  readonly timeoutMilliseconds?: number;
  /** Stand before every request that writes, in this order. */
  readonly guards?: readonly WriteGuard[];
  /** When GitHub wanted quiet; shared with the other processes of the installation. */
  readonly window?: RateWindow;
  /** Keeps writes apart in time; shared likewise. */
  readonly pace?: WritePace;
  /** Sees every request. */
  readonly telemetry?: Telemetry;
}

/** A client without retries of its own: the forge looks again before it tries again. No request that writes leaves past the guards. */
export function githubClient({
  baseUrl,
  guards = [],
  pace,
  retry,
  telemetry,
  timeoutMilliseconds = 30_000,
  token,
  window,
}: GithubOptions): Octokit {
  const quiet = (): void => undefined;
  const octokit = new Octokit({
    auth: token,
    userAgent: "tuneup",
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
  octokit.hook.before("request", (options) => {
    // A connection that is half open would keep the job for ever.
    options.request = { ...options.request, signal: AbortSignal.timeout(timeoutMilliseconds) };
  });
  octokit.hook.wrap("request", async (request, options) => {
    const { method, url, ...fields } = options;
    return guardedRequest({ method, url, fields }, async () => request(options), {
      guards,
      clock: () => retry.now(),
      ...(window === undefined ? {} : { window }),
      ...(pace === undefined ? {} : { pace }),
      ...(telemetry === undefined ? {} : { telemetry }),
    });
  });
  return octokit;
}

export const isStatus = (error: unknown, status: number): boolean => failedAnswer(error)?.status === status;

/** How long to wait before looking again; `undefined` when looking again cannot help. */
export function waitFor(error: unknown, now: number): number | undefined {
  const failed = failedAnswer(error);
  if (failed === undefined) return error instanceof TuneupError ? undefined : 1000;
  const quiet = quietWanted(failed, now);
  if (quiet !== undefined) return quiet;
  // The network's own failures reach us as status 500 without a response.
  return isRetryableStatus(failed.status) ? (retryAfter(failed.header, now) ?? 1000) : undefined;
}

const permissions: Readonly<Record<number, string>> = {
  401: "The token is wrong or has expired: set GITHUB_TOKEN anew.",
  403: "The token lacks a permission: it needs contents and pull requests, read and write, on this repository (docs/github-token.md).",
  404: "The repository does not exist, or the token may not see it: it needs contents and pull requests, read and write (docs/github-token.md).",
};

/** The error of a request that failed for good. */
export function githubError(error: unknown, what: string, repository: string): TuneupError {
  if (error instanceof TuneupError) return error;
  const failed = failedAnswer(error);
  const fields = { repository, what, ...(failed === undefined ? {} : { status: failed.status }) };
  const limited = failed !== undefined && quietWanted(failed, 0) !== undefined;
  if (failed === undefined || limited || isRetryableStatus(failed.status)) {
    return new TuneupError(
      "forge-unreachable",
      `GitHub could not ${what} for ${repository}${failed === undefined ? "" : ` (${failed.status})`}.`,
      {
        remedy: "Try again later: what was written already is found and adopted.",
        retryable: true,
        fields,
        cause: error,
      },
    );
  }
  if (failed.status === 409 || failed.status === 422) {
    return new TuneupError(
      "forge-conflict",
      `GitHub refused to ${what} for ${repository} (${failed.status}): something there has changed or is not allowed.`,
      {
        remedy: "Run again; if it stays, look at branch protection and rulesets for `tuneup/` branches.",
        retryable: failed.status === 409,
        fields,
        cause: error,
      },
    );
  }
  return new TuneupError("forge-refused", `GitHub refused to ${what} for ${repository} (${failed.status}).`, {
    remedy: permissions[failed.status] ?? "Check the token and its permissions (docs/github-token.md).",
    fields,
    cause: error,
  });
}
