import { instant } from "../../domain/ids.ts";
import type { TraceBatch } from "../../domain/span.ts";
import type { Page, Window } from "./store-source.ts";

/** A search that gives so many things at most and says nothing of the others. */
export interface BoundedSearch {
  readonly most: number;
  /** Milliseconds below which a piece is not cut any more; pieces begin at multiples of it. */
  readonly smallest: number;
  /** Milliseconds that one search may span; as long as the window when absent. */
  readonly longest?: number;
  /** How much was found, and the whole of it when asked for. */
  readonly search: (piece: Window) => Promise<{ readonly found: number; readonly take: () => Promise<TraceBatch> }>;
  /** The error of a smallest piece that has as much as a search gives. */
  readonly tooDense: () => Error;
}

/**
 * Reads the next piece of a window as a page. The cursor holds where it begins and how long it is: a piece with as much as a search may give is searched
 * again in halves, for more may be missing; a quiet one lets the next be longer.
 */
export async function nextPiece(window: Window, cursor: string | undefined, bounded: BoundedSearch): Promise<Page> {
  const { longest = Number.POSITIVE_INFINITY, most, search, smallest, tooDense } = bounded;
  const end = Date.parse(window.to);
  const first = Math.floor(Date.parse(window.from) / smallest) * smallest;
  const [begin = first, asked = end - first] = cursor?.split(" ").map(Number) ?? [];
  let length = Math.min(asked, longest);
  for (;;) {
    const until = Math.min(end, begin + length);
    const { found, take } = await search({ from: timeAt(begin), to: timeAt(until) });
    if (found < most) {
      const batch = await take();
      const next = until >= end ? {} : { next: `${until} ${length * 2}` };
      // A quiet piece is an answer, too: it counts as one item, so that it does not look like a page gone missing.
      return { batch, items: batch.spans.length + 1, ...next };
    }
    if (until - begin <= smallest) throw tooDense();
    length = Math.max(smallest, Math.floor((until - begin) / 2 / smallest) * smallest);
  }
}

const timeAt = (milliseconds: number): ReturnType<typeof instant> => instant(new Date(milliseconds).toISOString());
