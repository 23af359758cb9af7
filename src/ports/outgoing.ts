import { TuneupError } from "../domain/errors.ts";
import { type ForgeRequest, repositoryOfRequest, textsOfRequest } from "../domain/publishing/outgoing-write.ts";
import { failedAnswer, quietWanted } from "../domain/publishing/rate-limit.ts";
import type { Telemetry } from "./runtime.ts";

/** Where an outgoing text will stand, which decides what it may hold. */
export type OutgoingPlace = "title" | "body" | "comment" | "check" | "commit-message" | "label" | "branch" | "added-lines";

export interface OutgoingText {
  readonly place: OutgoingPlace;
  readonly text: string;
}

/** One request that writes to a forge, as it is about to leave. */
export interface OutgoingWrite {
  /** What it makes or changes: `pull-request`, `comment`, `check`, `commit`, `branch` … */
  readonly what: string;
  /** `owner/name`; empty where the request names none. */
  readonly repository: string;
  readonly texts: readonly OutgoingText[];
}

/**
 * Stands before every request that writes to a forge. `before` throws to keep the request from leaving; `after` is told what left and was
 * answered, and never throws for a reason of its own.
 */
export interface WriteGuard {
  before(write: OutgoingWrite): Promise<void>;
  after?(write: OutgoingWrite, outcome: "written" | "failed"): Promise<void>;
}

/** Places in a text that look like credentials; never the credential itself. */
export type ScanSecrets = (text: string) => Promise<readonly { readonly line: number; readonly rule: string }[]>;

/**
 * When a forge said that it wants no requests of an account's installation. Shared by all processes of an installation, because the limit is. Times are
 * milliseconds since 1970.
 */
export interface RateWindow {
  /** Until when nothing may be asked about this account's repositories; `undefined` when anything may. */
  until(account: string): Promise<number | undefined>;
  /** The forge has asked for quiet. A shorter wish than a known one changes nothing. */
  close(account: string, until: number): Promise<void>;
}

/** Keeps the writes for one account apart in time, over all processes of an installation. */
export interface WritePace {
  /** Resolves when it is this write's turn. What it resolves to is called once when the write is over, with whether anything was sent. */
  turn(account: string): Promise<(sent: boolean) => Promise<void>>;
}

/** What every request of a forge's client passes. */
export interface RequestKeepers {
  /** Stand before every request that writes, in this order. */
  readonly guards?: readonly WriteGuard[];
  readonly window?: RateWindow;
  /** Writes wait here for their turn, before the guards are asked. */
  readonly pace?: WritePace;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Sees every request that leaves: its method, its address as a template and how it was answered. */
  readonly telemetry?: Pick<Telemetry, "span">;
}

/**
 * Sends a request of a forge's client, or throws without sending it: while the forge wants quiet for this account (`forge-unreachable`, to be tried again
 * after `fields.afterMilliseconds`), or when a guard refuses what would be written. Clients of all kinds send nothing but through here.
 */
export async function guardedRequest<T>(request: ForgeRequest, send: () => Promise<T>, keepers: RequestKeepers): Promise<T> {
  const account = repositoryOfRequest(request).split("/")[0] ?? "";
  await keepQuiet(account, keepers);
  const write = textsOfRequest(request);
  if (write === undefined) return answered(request, send, keepers);
  const over = account === "" ? undefined : await keepers.pace?.turn(account);
  let left = false;
  try {
    // Who had to wait looks again: quiet may be wanted since.
    if (over !== undefined) await keepQuiet(account, keepers);
    for (const guard of keepers.guards ?? []) await guard.before(write);
    left = true;
    return await written(write, () => answered(request, send, keepers), keepers);
  } finally {
    await over?.(left);
  }
}

async function written<T>(write: OutgoingWrite, send: () => Promise<T>, { guards = [] }: RequestKeepers): Promise<T> {
  let outcome: "written" | "failed" = "failed";
  try {
    const answer = await send();
    outcome = "written";
    return answer;
  } finally {
    for (const guard of guards) await guard.after?.(write, outcome);
  }
}

async function answered<T>(request: ForgeRequest, send: () => Promise<T>, keepers: RequestKeepers): Promise<T> {
  try {
    return await watched(request, send, keepers);
  } catch (error) {
    await remember(error, repositoryOfRequest(request).split("/")[0] ?? "", keepers);
    throw error;
  }
}

/** A client's span after the conventions for HTTP: https://opentelemetry.io/docs/specs/semconv/http/http-spans/. */
function watched<T>({ method, url, fields }: ForgeRequest, send: () => Promise<T>, { telemetry }: RequestKeepers): Promise<T> {
  if (telemetry === undefined) return send();
  // A whole address comes from a link to the next page: it is no template, and each is different.
  const template = url.startsWith("/") ? url : "";
  const repository = repositoryOfRequest({ method, url, fields });
  const facts = {
    "http.request.method": method,
    ...(template === "" ? {} : { "url.template": template }),
    ...(repository === "" ? {} : { "tuneup.repository": repository }),
  };
  return telemetry.span({ name: `${method} ${template}`.trim(), kind: "client", facts }, send);
}

async function keepQuiet(account: string, { clock, window }: RequestKeepers): Promise<void> {
  if (window === undefined || account === "") return;
  const left = ((await window.until(account)) ?? 0) - clock();
  if (left <= 0) return;
  throw new TuneupError("forge-unreachable", `GitHub wants no requests about ${account} for ${Math.ceil(left / 1000)} seconds.`, {
    remedy: "The work goes on by itself afterwards.",
    retryable: true,
    fields: { account, afterMilliseconds: Math.ceil(left) },
  });
}

async function remember(error: unknown, account: string, { clock, window }: RequestKeepers): Promise<void> {
  const failed = failedAnswer(error);
  const quiet = failed === undefined ? undefined : quietWanted(failed, clock());
  if (quiet !== undefined && window !== undefined && account !== "") await window.close(account, clock() + quiet);
}
