import { type Instant, later } from "../ids.ts";
import type { KnownPull, PullEnding } from "./standing.ts";

/** How long what nobody looks at stays; set by the operator under `limits`. 0 means for ever. */
export interface Lifetimes {
  /** Days without a person's sign after which a pull request is closed. */
  readonly expireDays: number;
  /** Scans in a row, each at least a day after the one before and with newer sessions, that must not find the failure. */
  readonly vanishedScans: number;
  /** Days after the last session of the failure from which the evidence is called old. */
  readonly evidenceDays: number;
}

export const defaultLifetimes: Lifetimes = { expireDays: 60, vanishedScans: 3, evidenceDays: 30 };

/** Where a person gave a sign of life within so many days, Tuneup ends nothing, whatever the reason. */
const quietDays = 14;

/** Milliseconds of a day. */
export const day = 24 * 60 * 60 * 1000;

export interface LifeFacts {
  readonly lifetimes: Lifetimes;
  readonly now: Instant;
  /** When a person last said, reviewed or did something there; when it was opened where nobody did. */
  readonly lastSign: Instant;
  /** Scans in a row that did not find its failure. */
  readonly missedScans: number;
}

/** Pull requests that are looked at at all: not those that a person has taken over, stopped, or sent into the merge queue. */
export const mayEnd = ({ edited, life, queued, stopped }: KnownPull): boolean =>
  life === "open" && edited !== true && stopped !== true && queued !== true;

/** So many days before it is closed, a pull request that nobody looks at is pointed out on the dashboard. */
const remindedDays = 7;

/** When a pull request will be closed because nobody looks at it, where that is near; `undefined` otherwise. */
export function expiryOf({ lastSign, lifetimes, now }: Pick<LifeFacts, "lastSign" | "lifetimes" | "now">): Instant | undefined {
  if (lifetimes.expireDays <= 0) return undefined;
  const expiresAt = later(lastSign, Math.max(lifetimes.expireDays, quietDays) * day);
  return Date.parse(expiresAt) - Date.parse(now) <= remindedDays * day ? expiresAt : undefined;
}

/** Why Tuneup ends one of its own pull requests that nobody has asked it to keep; `undefined` where it stays. */
export function endingOf(pull: KnownPull, { lastSign, lifetimes, missedScans, now }: LifeFacts): PullEnding | undefined {
  const quiet = (Date.parse(now) - Date.parse(lastSign)) / day;
  if (!mayEnd(pull) || quiet < quietDays) return undefined;
  if (lifetimes.vanishedScans > 0 && missedScans >= lifetimes.vanishedScans) return "vanished";
  return lifetimes.expireDays > 0 && quiet >= lifetimes.expireDays ? "expired" : undefined;
}
