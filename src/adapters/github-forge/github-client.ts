import { Octokit } from "@octokit/rest";
import { TuneupError } from "../../domain/errors.ts";
import { textsOfRequest } from "../../domain/publishing/outgoing-write.ts";
import { isRetryableStatus, retryAfter, type RetryTools } from "../../domain/retry.ts";
import type { WriteGuard } from "../../ports/outgoing.ts";

export interface GithubOptions {
  readonly token: string;
  /** REST address: `https://api.github.com`, or `https://<host>/api/v3`. */
  readonly baseUrl?: string;
  readonly retry: RetryTools;
  /** For one request and its answer; half a minute when left out. */
  readonly timeoutMilliseconds?: number;
  /** Stand before every request that writes, in this order. */
  readonly guards?: readonly WriteGuard[];
}

/** A client without retries of its own: the forge looks again before it tries again. No request that writes leaves past the guards. */
export function githubClient({ baseUrl, guards = [], timeoutMilliseconds = 30_000, token }: GithubOptions): Octokit {
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
    const write = textsOfRequest({ method, url, fields });
    if (write === undefined) return request(options);
    for (const guard of guards) await guard.before(write);
    let outcome: "written" | "failed" = "failed";
    try {
      const response = await request(options);
      outcome = "written";
      return response;
    } finally {
      for (const guard of guards) await guard.after?.(write, outcome);
    }
  });
  return octokit;
}

interface FailedRequest {
  readonly status: number;
  readonly header: (name: string) => string | null;
}

/** The HTTP failure in an error, if it is one. */
export function failedRequest(error: unknown): FailedRequest | undefined {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return undefined;
  const response = "response" in error && typeof error.response === "object" && error.response !== null ? error.response : {};
  const headers: Readonly<Record<string, unknown>> =
    "headers" in response && typeof response.headers === "object" && response.headers !== null ? { ...response.headers } : {};
  return { status: error.status, header: (name) => headerText(headers[name]) };
}

const headerText = (value: unknown): string | null => (typeof value === "string" || typeof value === "number" ? String(value) : null);

export const isStatus = (error: unknown, status: number): boolean => failedRequest(error)?.status === status;

/** Rate limits come as 403 or 429, with a telling header or GitHub's own words. */
function isLimited(error: unknown, failed: FailedRequest): boolean {
  if (failed.status === 429) return true;
  if (failed.status !== 403) return false;
  const says = error instanceof Error && /\brate limit\b/i.test(error.message);
  return says || failed.header("retry-after") !== null || failed.header("x-ratelimit-remaining") === "0";
}

/** How long to wait before looking again; `undefined` when looking again cannot help. */
export function waitFor(error: unknown, now: number): number | undefined {
  const failed = failedRequest(error);
  if (failed === undefined) return error instanceof TuneupError ? undefined : 1000;
  if (isLimited(error, failed)) {
    // The hour's reset says nothing about a limit of another kind, which asks for a minute.
    const spent = failed.header("x-ratelimit-remaining") === "0";
    const reset = spent ? Number(failed.header("x-ratelimit-reset") ?? Number.NaN) * 1000 - now : Number.NaN;
    return retryAfter(failed.header, now) ?? (Number.isFinite(reset) ? Math.max(1000, reset) : 60_000);
  }
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
  const failed = failedRequest(error);
  const fields = { repository, what, ...(failed === undefined ? {} : { status: failed.status }) };
  if (failed === undefined || isRetryableStatus(failed.status) || isLimited(error, failed)) {
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
