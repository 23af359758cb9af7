import type { Json } from "../domain/ids.ts";
import type { Log } from "../ports/runtime.ts";

export interface PushParts {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly everyMilliseconds: number;
  readonly timeoutMilliseconds: number;
  /** The figures of this moment as an OTLP export request in JSON. */
  readonly metrics: () => Promise<Json>;
  readonly log: Log;
  /** Rejects when the signal aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Sends figures to an OTLP receiver again and again. What could not be sent is not kept: the next time says the same and more. */
export class MetricsPush {
  readonly #parts: PushParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isFailing = false;

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Sends once more and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.push();
  }

  /** Sends once. Never throws: a failure is logged, once until it goes well again. */
  async push(): Promise<void> {
    const { headers, metrics, timeoutMilliseconds, url } = this.#parts;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(await metrics()),
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
      await response.body?.cancel();
      if (!response.ok) return this.#failed({ status: response.status });
      this.#isFailing = false;
    } catch (error) {
      this.#failed({ error: error instanceof Error ? error.name : "unknown" });
    }
  }

  #failed(fields: Readonly<Record<string, Json>>): void {
    if (!this.#isFailing)
      this.#parts.log.warn(fields, "Tuneup's own figures cannot be sent; look at OTEL_EXPORTER_OTLP_ENDPOINT and its headers");
    this.#isFailing = true;
  }

  async #loop(): Promise<void> {
    const { everyMilliseconds, sleep } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      await this.push();
      await sleep(everyMilliseconds, this.#stopping.signal).catch(() => undefined);
    }
  }
}
