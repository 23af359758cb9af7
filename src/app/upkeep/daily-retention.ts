import { TuneupError } from "../../domain/errors.ts";
import { type Instant, later } from "../../domain/ids.ts";
import type { AuditLog } from "../../ports/audit-log.ts";
import type { Lease, Leases } from "../../ports/leases.ts";
import type { Log } from "../../ports/runtime.ts";
import type { Erased } from "../../ports/trace-store.ts";

export interface RetentionParts {
  /** Removes what is too old; ends early when the signal aborts. */
  readonly expire: (signal: AbortSignal) => Promise<Erased>;
  readonly leases: Leases;
  readonly audit: AuditLog;
  readonly log: Log;
  readonly now: () => Instant;
  /** Rejects when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Names this process among those that share the data folder. */
  readonly holder: string;
}

const everyMilliseconds = 10 * 60_000;
/** Longer than a round, so that who holds it keeps it; short, so that another takes over soon when it died. */
const leaseMilliseconds = 25 * 60_000;
const dayMilliseconds = 24 * 60 * 60_000;
const leaseName = "retention";

/**
 * Keeps the operator's retention: at the start and once a day by the clock, by one process of all that share the data folder. What failed is
 * tried again ten minutes later.
 */
export class DailyRetention {
  readonly #parts: RetentionParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #lease: Lease | undefined;
  #next: Instant | undefined;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Stops what is under way, and lets another process take over at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    // A lease that cannot be let go of ends by itself.
    if (this.#lease !== undefined) await this.#parts.leases.release(this.#lease).catch(() => undefined);
  }

  /** One look at the clock: removes what is too old when a day has passed; `false` when another process sees to it. Throws what `expire` throws. */
  async once(): Promise<boolean> {
    const { holder, leases, now } = this.#parts;
    const at = now();
    this.#lease = await leases.acquire(leaseName, holder, at, leaseMilliseconds);
    if (this.#lease === undefined) return false;
    if (this.#stopping.signal.aborted || (this.#next !== undefined && at < this.#next)) return true;
    await this.#expire(this.#lease);
    if (!this.#stopping.signal.aborted) this.#next = later(at, dayMilliseconds);
    return true;
  }

  async #expire(lease: Lease): Promise<void> {
    const { audit, expire, log, now } = this.#parts;
    const done = new AbortController();
    const lost = new AbortController();
    const keeping = this.#keep(lease, done.signal, lost);
    try {
      const { sessions } = await expire(AbortSignal.any([this.#stopping.signal, lost.signal]));
      log.info({ sessions }, "removed sessions that were kept long enough");
      if (sessions > 0) await audit.record({ at: now(), action: "retention", actor: "tuneup", details: { sessions } });
    } finally {
      done.abort();
      await keeping;
    }
  }

  /** A first run over a large store may outlast the lease; one that is lost all the same ends the work. */
  async #keep(lease: Lease, done: AbortSignal, lost: AbortController): Promise<void> {
    const { leases, now, sleep } = this.#parts;
    while (!done.aborted && !lost.signal.aborted) {
      await sleep(everyMilliseconds, done).catch(() => undefined);
      if (done.aborted) return;
      if (!(await leases.renew(lease, now(), leaseMilliseconds).catch(() => false))) lost.abort();
    }
  }

  async #loop(): Promise<void> {
    const { log, sleep } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.once();
      } catch (error) {
        const code = error instanceof TuneupError ? error.code : "internal";
        if (!signal.aborted) log.warn({ code }, "old sessions could not be removed; tried again in ten minutes");
      }
      await sleep(everyMilliseconds, signal).catch(() => undefined);
    }
  }
}
