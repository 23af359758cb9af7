import type { FailureCluster } from "../../domain/cluster.ts";
import { TuneupError } from "../../domain/errors.ts";
import { instant, type Instant, type ProjectId, type SessionId } from "../../domain/ids.ts";
import type { Trace } from "../../domain/span.ts";
import type { TraceQuery, TraceReader, TraceStore } from "../../ports/trace-store.ts";
import { clustersByLabel, clustersOf } from "./remote-clusters.ts";
import type { Page, PagedList, StoreSource, Window } from "./store-source.ts";

/** What a reader of somebody else's store needs. */
export interface RemoteReading {
  readonly source: StoreSource;
  /** An empty store that holds what was read while this reader lives; it redacts like the store that sessions are received into. */
  readonly hold: () => TraceStore;
  readonly now: () => Instant;
  /** How far back is read. */
  readonly days: number;
  /** Names of scores or annotations whose labels name a kind of failure; each label is a cluster then. */
  readonly clusterBy: readonly string[];
}

/** A reading that has begun: goes on where it was when a page failed. */
interface Progress {
  readonly window: Window;
  readonly hold: TraceStore;
  list: number;
  cursor: string | undefined;
  pages: number;
}

const mostPages = 20_000;

/**
 * Reads another store in place and writes nothing there. All pages of the time window are read before the first session is given, for a session's
 * spans may stand on any page. When a page cannot be read the error is thrown, and the next read of the same reader goes on with that page.
 */
export class RemoteTraceReader implements TraceReader {
  readonly #reading: RemoteReading;
  #begun: Progress | undefined;
  #held: { readonly project: ProjectId; readonly window: Window; readonly hold: TraceStore } | undefined;

  constructor(reading: RemoteReading) {
    this.#reading = reading;
  }

  async *read(query: TraceQuery): AsyncIterable<Trace> {
    const { hold } = await this.#pull(query.project);
    yield* hold.read(query);
  }

  async session(project: ProjectId, key: SessionId): Promise<Trace | undefined> {
    const held = this.#held?.project === project ? await this.#held.hold.session(project, key) : undefined;
    return held ?? (await this.#pull(project)).hold.session(project, key);
  }

  async clusters(project: ProjectId): Promise<readonly FailureCluster[]> {
    const { clusterBy, source } = this.#reading;
    if (source.clusters === undefined && clusterBy.length === 0) return [];
    const { hold, window } = this.#held?.project === project ? this.#held : await this.#pull(project);
    const traces: Trace[] = [];
    for await (const trace of hold.read({ project })) traces.push(trace);
    const native = source.clusters === undefined ? [] : await source.clusters(window);
    const sessions = await Promise.all(
      [...new Set(native.flatMap((one) => one.sessions))].map(
        async (key) => [key, (await hold.session(project, key as SessionId))?.key] as const,
      ),
    );
    const known = new Map(sessions.flatMap(([outside, inside]) => (inside === undefined ? [] : [[outside, inside] as const])));
    const own = clustersOf(native, { project, traces, known, window });
    return own.length > 0 ? own : clustersByLabel(clusterBy, { project, traces, known, window });
  }

  async close(): Promise<void> {
    await this.#held?.hold.close();
    await this.#begun?.hold.close();
  }

  async #pull(project: ProjectId): Promise<{ readonly hold: TraceStore; readonly window: Window }> {
    const { lists } = this.#reading.source;
    const progress = (this.#begun ??= this.#begin());
    for (;;) {
      const list = lists[progress.list];
      if (list === undefined) break;
      const page = await list.page(progress.window, progress.cursor);
      this.#checkPage(list, page, progress);
      await progress.hold.add(project, page.batch);
      progress.pages += 1;
      progress.cursor = page.next;
      if (page.next === undefined) progress.list += 1;
    }
    this.#begun = undefined;
    await this.#held?.hold.close();
    this.#held = { project, window: progress.window, hold: progress.hold };
    return progress;
  }

  #begin(): Progress {
    const { days, hold, now } = this.#reading;
    const to = now();
    const from = instant(new Date(Date.parse(to) - days * 24 * 3600 * 1000).toISOString());
    return { window: { from, to }, hold: hold(), list: 0, cursor: undefined, pages: 0 };
  }

  /** A store that says there is more and sends nothing, or the same again, is broken: going on would pass a part off as the whole. */
  #checkPage(list: PagedList, page: Page, { cursor, pages }: Progress): void {
    if (page.next === undefined) return;
    const fault =
      page.items === 0
        ? "an empty page and says that more follow"
        : page.next === cursor
          ? "the same page again and again"
          : pages >= mostPages
            ? `more than ${mostPages} pages`
            : undefined;
    if (fault === undefined) return;
    const { name } = this.#reading.source;
    throw new TuneupError("trace-store-unavailable", `${name} sends ${fault} in its list of ${list.name}.`, {
      remedy:
        pages >= mostPages
          ? "Read fewer days (`traces.days`) or larger pages (`traces.pageSize`)."
          : "Run the same again; if it stays, look at the store.",
      retryable: pages < mostPages,
      fields: { store: name, list: list.name, pages },
    });
  }
}
