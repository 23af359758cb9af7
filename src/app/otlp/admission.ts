import type { ProjectId } from "../../domain/ids.ts";
import type { ReceiverLimits } from "./receiver-limits.ts";

/** Why a sender must wait, as HTTP says it: 429 for its own rate, 503 for everybody's. */
export interface Wait {
  readonly status: 429 | 503;
  /** Whole seconds, at least 1. */
  readonly retryAfter: number;
  readonly why: string;
}

/** A request that was let in. */
export interface Ticket {
  /** Asks for room for more unpacked bytes. Whoever gets a `Wait` keeps nothing beyond what was granted before. */
  reserve(bytes: number): Wait | undefined;
  /** Gives all of it back; to be called once, whatever happened. */
  release(): void;
}

interface Bucket {
  /** Bytes that may be taken now; below zero after a body larger than what was left. */
  level: number;
  at: number;
}

type Limits = Pick<ReceiverLimits, "bytesInFlight" | "requestsInFlight" | "bytesPerSecond" | "burst">;

/**
 * Back-pressure: bounds the requests and unpacked bytes that wait for an answer, and each project's bytes per second. A body's size is known
 * only after it came, so a project that has anything left may send one body and then waits until it has paid for it.
 */
export class Admission {
  readonly #limits: Limits;
  readonly #clock: () => number;
  readonly #buckets = new Map<ProjectId, Bucket>();
  #bytes = 0;
  #requests = 0;

  /** `clock` tells milliseconds. */
  constructor(limits: Limits, clock: () => number) {
    this.#limits = limits;
    this.#clock = clock;
  }

  enter(project: ProjectId): Ticket | Wait {
    if (this.#requests >= this.#limits.requestsInFlight) return busy("too many requests wait for an answer");
    if (this.#bytes >= this.#limits.bytesInFlight) return busy("too many bytes wait to be written");
    const bucket = this.#bucketOf(project);
    if (bucket.level <= 0) {
      return {
        status: 429,
        retryAfter: Math.max(1, Math.ceil(-bucket.level / this.#limits.bytesPerSecond)),
        why: `the project sends more than ${Math.round(this.#limits.bytesPerSecond / 1024)} KiB a second`,
      };
    }
    this.#requests += 1;
    return this.#ticket(bucket);
  }

  #ticket(bucket: Bucket): Ticket {
    let held = 0;
    return {
      reserve: (bytes) => {
        if (this.#bytes + bytes > this.#limits.bytesInFlight) return busy("too many bytes wait to be written");
        this.#bytes += bytes;
        held += bytes;
        bucket.level -= bytes;
        return undefined;
      },
      release: () => {
        this.#bytes -= held;
        this.#requests -= 1;
        held = 0;
      },
    };
  }

  #bucketOf(project: ProjectId): Bucket {
    const at = this.#clock();
    const { burst, bytesPerSecond } = this.#limits;
    const bucket = this.#buckets.get(project) ?? { level: burst, at };
    // A clock that was set back adds nothing.
    bucket.level = Math.min(burst, bucket.level + (Math.max(0, at - bucket.at) / 1000) * bytesPerSecond);
    bucket.at = at;
    this.#buckets.set(project, bucket);
    return bucket;
  }
}

const busy = (why: string): Wait => ({ status: 503, retryAfter: 1, why });

export const isWait = (entered: Ticket | Wait): entered is Wait => "retryAfter" in entered;
