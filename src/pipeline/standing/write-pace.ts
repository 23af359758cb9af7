import { TuneupError } from "../../domain/errors.ts";
import type { Instant } from "../../domain/ids.ts";
import type { Leases } from "../../ports/leases.ts";
import type { WritePace } from "../../ports/outgoing.ts";

export interface PaceParts {
  readonly leases: Leases;
  readonly now: () => Instant;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A name that nobody else has, anew at each call. */
  readonly newName: () => string;
}

/** https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests */
const leastPause = 1000;
/** Longer than any request may take; a process that died in the middle of one keeps others waiting so long. */
const longestWrite = 40_000;
const look = 200;
/** Who waits longer comes back later: the queue waits better than a process does. */
const longestWait = 60_000;

/**
 * One write after the other for each account, over all processes that share the leases, and at least a second between the end of one and the next: GitHub
 * asks for both. Throws `forge-unreachable`, to be tried again, for whoever has waited for a minute.
 */
export function leasedWritePace({ leases, newName, now, sleep }: PaceParts): WritePace {
  return {
    async turn(account) {
      const name = `write ${account.toLowerCase()}`;
      const holder = newName();
      for (let waited = 0; waited <= longestWait; waited += look) {
        const lease = await leases.acquire(name, holder, now(), longestWrite);
        if (lease !== undefined)
          return async (sent) => (sent ? void (await leases.renew(lease, now(), leastPause)) : leases.release(lease));
        await sleep(look, new AbortController().signal);
      }
      throw new TuneupError("forge-unreachable", `Too much is being written for ${account} at once.`, {
        remedy: "The work goes on by itself afterwards.",
        retryable: true,
        fields: { account, afterMilliseconds: longestWait },
      });
    },
  };
}
