import { asJson } from "../../domain/digest.ts";
import type { ScanDocument } from "../../domain/documents.ts";
import type { Instant, ProjectId } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";

/** A scan in numbers, kept beside its document, which grows with the sessions. */
export interface ScanSummary {
  readonly at: Instant;
  readonly sessions: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly unclear: number;
  /** The largest first. */
  readonly clusters: readonly { readonly id: string; readonly title: string; readonly sessions: number; readonly users: number }[];
}

const keyOf = (project: ProjectId): string => `scan-summary/${project}`;

export function summaryOf({ at, clusters, failed, sessions, succeeded, unclear }: ScanDocument): ScanSummary {
  return {
    at,
    sessions,
    succeeded,
    failed,
    unclear,
    clusters: clusters
      .map(({ id, members, title, users }) => ({ id, title, sessions: members.length, users }))
      .toSorted((left, right) => right.sessions - left.sessions),
  };
}

/** Keeps the scan, and its summary. */
export async function putScan(ledger: Documents, document: ScanDocument): Promise<void> {
  await ledger.put(`scan/${document.project}`, asJson(document));
  await ledger.put(keyOf(document.project), asJson(summaryOf(document)));
}

/** The last scan in numbers; `undefined` before the first. */
export async function lastScanSummary(ledger: Documents, project: ProjectId): Promise<ScanSummary | undefined> {
  const stored = await ledger.get(keyOf(project));
  if (stored !== undefined) return stored as unknown as ScanSummary;
  const scan = await ledger.get(`scan/${project}`);
  return scan === undefined ? undefined : summaryOf(scan as unknown as ScanDocument);
}
