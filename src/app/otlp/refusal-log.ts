import type { Log } from "../../ports/runtime.ts";

const quietTime = 60_000;

/** Tells the operator about refused requests, at most once a minute for each project and status: a sender that is refused comes back often. */
export class RefusalLog {
  readonly #log: Log;
  readonly #clock: () => number;
  readonly #told = new Map<string, { at: number; since: number }>();

  /** `clock` tells milliseconds. */
  constructor(log: Log, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  refused(project: string | undefined, status: number): void {
    const key = `${status} ${project ?? ""}`;
    const at = this.#clock();
    const told = this.#told.get(key);
    if (told !== undefined && at - told.at < quietTime) {
      told.since += 1;
      return;
    }
    this.#told.set(key, { at, since: 0 });
    this.#log.warn({ status, ...(project === undefined ? {} : { project }), notToldSince: told?.since ?? 0 }, "a sender was refused");
  }
}
