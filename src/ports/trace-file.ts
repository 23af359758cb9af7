import type { Instant } from "../domain/ids.ts";
import type { TraceBatch } from "../domain/span.ts";

/** A part of a trace file: what to add, or a place that could not be read. Reading goes on after a problem. */
export type TraceFilePart =
  | {
      readonly kind: "batch";
      readonly batch: TraceBatch;
      /** Sessions in it that name no time. */
      readonly undated?: number;
    }
  | { readonly kind: "problem"; readonly file: string; readonly line?: number; readonly reason: string };

/**
 * Reads one kind of trace file. `bytes` is the whole file; parts come in file order; never throws on content. A session that names no time counts as
 * of `readAt`.
 */
export interface TraceFileFormat {
  readonly name: string;
  /** A cheap look at name and first bytes: whether this format should read the file. */
  recognises(file: string, head: Uint8Array): boolean;
  read(file: string, bytes: Uint8Array, readAt?: Instant): Iterable<TraceFilePart>;
}
