import { TuneupError } from "../../domain/errors.ts";
import type { Instant } from "../../domain/ids.ts";
import type { Lease, Leases } from "../../ports/leases.ts";
import type { WriteGuard } from "../../ports/outgoing.ts";

export interface FenceParts {
  readonly leases: Leases;
  /** What only one may do at a time. */
  readonly name: string;
  /** Names this process; no two have the same. */
  readonly holder: string;
  readonly now: () => Instant;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const leaseMilliseconds = 45_000;
const beatMilliseconds = 10_000;
/** Longer than a lease: who waits comes after one that died. */
const tries = 60;
const pauseMilliseconds = 1000;

/**
 * Does work that only one process may do at a time, under a lease. The guard it gets stands before every write: a process that stood still while its
 * lease ended, and somebody else took over, writes nothing any more. Throws `forge-conflict`, to be tried again, when the lease is not to be had or was
 * lost. A process that dies leaves the lease to end by itself, within 45 seconds.
 */
export async function fenced<T>(parts: FenceParts, work: (fence: WriteGuard) => Promise<T>): Promise<T> {
  const lease = await acquire(parts);
  const over = new AbortController();
  const beating = keepAlive(lease, parts, over.signal);
  try {
    return await work({
      async before() {
        if (!(await parts.leases.renew(lease, parts.now(), leaseMilliseconds))) throw lost(parts.name);
      },
    });
  } finally {
    over.abort();
    await beating;
    await parts.leases.release(lease);
  }
}

async function acquire({ holder, leases, name, now, sleep }: FenceParts): Promise<Lease> {
  for (let attempt = 1; ; attempt += 1) {
    const lease = await leases.acquire(name, holder, now(), leaseMilliseconds);
    if (lease !== undefined) return lease;
    if (attempt >= tries)
      throw new TuneupError("forge-conflict", `Another process is at work on ${name}.`, {
        remedy: "It is tried again later; the other one's result is found and adopted.",
        retryable: true,
        fields: { name },
      });
    await sleep(pauseMilliseconds, new AbortController().signal);
  }
}

/** Waiting for a rate limit is no standing still: the lease goes on while this process lives. */
async function keepAlive(lease: Lease, { leases, now, sleep }: FenceParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(beatMilliseconds, signal).catch(() => undefined);
    if (!signal.aborted) await leases.renew(lease, now(), leaseMilliseconds).catch(() => false);
  }
}

const lost = (name: string): TuneupError =>
  new TuneupError("forge-conflict", `This process stood still for too long, and another one has taken over ${name}.`, {
    remedy: "Nothing more is written here; the other one's result is found and adopted.",
    retryable: true,
    fields: { name },
  });
