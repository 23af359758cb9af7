import { TuneupError } from "../../domain/errors.ts";
import type { Instant } from "../../domain/ids.ts";
import type { TraceBatch } from "../../domain/span.ts";

/** What is read: everything that began at or after `from` and before `to`. */
export interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

/** One answer of a store. */
export interface Page {
  readonly batch: TraceBatch;
  /** How many things the store sent, whether or not something could be made of them. */
  readonly items: number;
  /** Where the next page begins; the last page has none. Opaque to all but the source that made it. */
  readonly next?: string;
}

/** One list of a store that is read page by page: its spans, or its scores. */
export interface PagedList {
  /** As it stands in messages: "observations". */
  readonly name: string;
  /** Throws when the page cannot be read; never an empty page instead of an error. */
  page(window: Window, cursor: string | undefined): Promise<Page>;
}

/** A group of failures that the store itself holds. Members are named by trace id (32 hex digits) or by the store's own session id. */
export interface NativeCluster {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly traces: readonly string[];
  readonly sessions: readonly string[];
}

/** A store of somebody else's, as its reader needs it: nothing here can write. */
export interface StoreSource {
  /** The store's name and address, without any secret: "Langfuse at https://…". */
  readonly name: string;
  /** What the store cuts, leaves out or does not offer, as plain sentences. */
  readonly limits: readonly string[];
  /** Read one after the other, each to its end. */
  readonly lists: readonly PagedList[];
  /** Clusters that the store holds natively; absent where stores of this kind have none. */
  readonly clusters?: (window: Window) => Promise<readonly NativeCluster[]>;
  /** Asks for as little as possible; throws what reading would throw. */
  check(): Promise<void>;
}

/** What to read of which store. */
export interface StoreAddress {
  readonly url: string;
  /** The store's own name or id for what Tuneup calls a trace project. */
  readonly project?: string;
  readonly pageSize: number;
}

/** The store's own name of the project. Throws `config-invalid` where the operator file gives none. */
export function projectNamed({ project }: StoreAddress, store: string, what: string): string {
  if (project !== undefined) return project;
  throw new TuneupError("config-invalid", `${store} needs \`traces.project\`.`, { remedy: what });
}
