import { TuneupError } from "../../domain/errors.ts";
import { failedAnswer, quietWanted } from "../../domain/publishing/rate-limit.ts";
import { type Instant, later } from "../../domain/ids.ts";
import type { ClaimedDelivery, Delivery, Inbox } from "../../ports/inbox.ts";
import type { Log } from "../../ports/runtime.ts";

export interface InboxWorkerParts {
  readonly inbox: Inbox;
  /** Works on one delivery; may be called again for the same one. */
  readonly handle: (delivery: Delivery) => Promise<void>;
  readonly now: () => Instant;
  readonly log: Log;
  /** Rejects when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Longer than any handler may take, so that two workers never work on one delivery. */
const leaseMilliseconds = 45_000;
const longestHandling = 30_000;
const pollMilliseconds = 5000;
const atOnce = 4;
/** After each failure; then the delivery is kept as failed, for `tuneup jobs`. */
const pauses = [2000, 10_000, 60_000, 300_000, 1_800_000] as const;

/** Works on what the inbox holds: at most four at once, each tried again a few times, none lost. */
export class InboxWorker {
  readonly #parts: InboxWorkerParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  /** Something came in while nobody was waiting. */
  #woken = false;

  constructor(parts: InboxWorkerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Something has come in: do not wait for the next look. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Works until nothing is due. */
  async drain(): Promise<void> {
    await Promise.all(Array.from({ length: atOnce }, () => this.#workThrough()));
  }

  /** Takes nothing new, lets what is in flight end, and resolves. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake?.();
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#woken = false;
      try {
        await this.drain();
      } catch (error) {
        // The database may be away for a while; what is in it is safe.
        this.#parts.log.error({ code: codeOf(error) }, "the inbox cannot be read; trying again");
      }
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    if (this.#stopping.signal.aborted || this.#woken) return;
    const awake = Promise.withResolvers<void>();
    const pause = new AbortController();
    this.#wake = awake.resolve;
    await Promise.race([awake.promise, this.#parts.sleep(pollMilliseconds, pause.signal).catch(() => undefined)]);
    pause.abort();
    this.#wake = undefined;
  }

  async #workThrough(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const claim = await this.#parts.inbox.claim(this.#parts.now(), leaseMilliseconds);
      if (claim === undefined) return;
      await this.#work(claim);
    }
  }

  async #work(claim: ClaimedDelivery): Promise<void> {
    const { handle, inbox, log, now } = this.#parts;
    const fields = { delivery: claim.id, event: claim.event, attempt: claim.attempt };
    try {
      await this.#withinTime(handle(claim));
      await inbox.finish(claim);
    } catch (error) {
      const pause = pauses[claim.attempt - 1];
      const reason = reasonOf(error);
      log.warn(
        { ...fields, code: codeOf(error) },
        pause === undefined ? "a delivery failed for good" : "a delivery failed; it is tried again",
      );
      await inbox.fail(claim, reason, pause === undefined ? undefined : later(now(), Math.max(pause, wishOf(error, Date.parse(now())))));
    }
  }

  async #withinTime(work: Promise<void>): Promise<void> {
    const over = new AbortController();
    const late = this.#parts.sleep(longestHandling, over.signal).then(
      () => {
        throw new TuneupError("internal", "Handling the delivery took too long.", { remedy: "It is tried again.", retryable: true });
      },
      () => undefined,
    );
    try {
      await Promise.race([work, late.then(() => work)]);
    } finally {
      over.abort();
    }
  }
}

/** The errors inside an error: Probot gathers those of all handlers in one. */
const innermost = (error: unknown): unknown =>
  error instanceof AggregateError ? innermost((error as { readonly errors: readonly unknown[] }).errors[0]) : error;

function statusOf(error: unknown): number | undefined {
  const inner = innermost(error);
  return typeof inner === "object" && inner !== null && "status" in inner && typeof inner.status === "number" ? inner.status : undefined;
}

function codeOf(error: unknown): string {
  const inner = innermost(error);
  if (inner instanceof TuneupError) return inner.code;
  const status = statusOf(inner);
  return status === undefined ? "internal" : `http-${status}`;
}

/** Our own words: messages of others may quote what was sent. */
function reasonOf(error: unknown): string {
  const inner = innermost(error);
  if (inner instanceof TuneupError) return `${inner.message} ${inner.remedy}`.slice(0, 500);
  const status = statusOf(inner);
  return status === undefined ? "An unexpected error; the log names its kind." : `GitHub answered ${status}.`;
}

/** How long a rate limit asks to wait, in milliseconds. */
function wishOf(error: unknown, now: number): number {
  const inner = innermost(error);
  if (inner instanceof TuneupError) return Number(inner.fields["afterMilliseconds"] ?? 0);
  const failed = failedAnswer(inner);
  return failed === undefined ? 0 : (quietWanted(failed, now) ?? 0);
}
