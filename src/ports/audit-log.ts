import type { Instant, Json } from "../domain/ids.ts";

/** One thing that somebody asked for, or that Tuneup wrote or refused to write. Ids and our own words only: no session text, no token. */
export interface AuditEntry {
  readonly at: Instant;
  /** `command`, `publish`, `write`, `held-back`, `redelivery`, `reconcile` … */
  readonly action: string;
  /** `owner/name`, where there is one. */
  readonly repository?: string;
  /** Login of who asked, or `tuneup`. */
  readonly actor: string;
  readonly details: Readonly<Record<string, Json>>;
}

/** Append-only: entries are never changed or removed by Tuneup. */
export interface AuditLog {
  record(entry: AuditEntry): Promise<void>;
  /** How many entries there are of each action. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** The newest `most`, newest first; of one repository when named. */
  entries(most: number, repository?: string): Promise<readonly AuditEntry[]>;
}
