import type { ScanDocument } from "../../domain/documents.ts";
import { asJson } from "../../domain/digest.ts";
import { type ClusterId, type Instant, instant, type ProjectId } from "../../domain/ids.ts";
import type { Session } from "../../domain/session.ts";
import type { Documents } from "../../ports/ledger.ts";

/** A failure that was there and was not found since. */
interface Missed {
  readonly scans: number;
  /** Its sessions, as far as they are kept: where one stands in another failure now, it has not vanished. */
  readonly members: readonly string[];
}

/** What scans of one project left for whoever asks how a failure is doing. */
interface Watched {
  readonly countedAt: Instant;
  /** Start of the newest session of the scan that counted last. */
  readonly newest: Instant;
  /** What the newest session ran on, where its traces say. */
  readonly model?: string;
  readonly missed: Readonly<Record<string, Missed>>;
}

const keyOf = (project: ProjectId | string): string => `missed-scans/${project}`;
/** A scan counts once a day: the same traces scanned twice say nothing new. */
const leastPause = 20 * 60 * 60_000;
const [mostClusters, mostMembers] = [500, 100];

/**
 * Takes note of which failures a scan did not find any more. A scan without sessions says nothing: a store that answers nothing is no store without
 * failures. Only scans with newer sessions count, at most one a day.
 */
export async function noteScan(
  documents: Pick<Documents, "get" | "put">,
  previous: ScanDocument | undefined,
  scan: { readonly document: ScanDocument; readonly sessions: readonly Pick<Session, "startedAt" | "calls">[] },
): Promise<void> {
  const { document, sessions } = scan;
  const newest = sessions.reduce<(typeof sessions)[number] | undefined>(
    (latest, one) => (latest === undefined || one.startedAt > latest.startedAt ? one : latest),
    undefined,
  );
  if (newest === undefined) return;
  const known = await watched(documents, document.project);
  const counts =
    known === undefined || (newest.startedAt > known.newest && Date.parse(document.at) - Date.parse(known.countedAt) >= leastPause);
  const model = newest.calls.find((call) => call.kind === "model")?.model;
  const note: Watched = {
    countedAt: counts ? document.at : known.countedAt,
    newest: counts ? newest.startedAt : known.newest,
    ...(model === undefined ? {} : { model }),
    missed: missedIn(document, previous, known, counts),
  };
  await documents.put(keyOf(document.project), asJson(note));
}

function missedIn(
  { clusters }: ScanDocument,
  previous: ScanDocument | undefined,
  known: Watched | undefined,
  counts: boolean,
): Watched["missed"] {
  const found = new Set<string>(clusters.map((cluster) => cluster.id));
  const sessionsOfFailures = new Set<string>(clusters.flatMap((cluster) => cluster.members));
  const before = (previous?.clusters ?? []).map(({ id, members }) => [id, { scans: 0, members: members.slice(0, mostMembers) }] as const);
  const all = Object.entries({ ...Object.fromEntries(before), ...known?.missed });
  const gone = all.filter(([id, { members }]) => !found.has(id) && !members.some((member) => sessionsOfFailures.has(member)));
  return Object.fromEntries(gone.slice(-mostClusters).map(([id, one]) => [id, { ...one, scans: one.scans + (counts ? 1 : 0) }]));
}

async function watched(documents: Pick<Documents, "get">, project: ProjectId | string): Promise<Watched | undefined> {
  const stored = await documents.get(keyOf(project));
  return stored === undefined ? undefined : (stored as unknown as Watched);
}

/** How many scans in a row did not find a failure; 0 where the last one did, or nothing is known. */
export async function missedScans(documents: Pick<Documents, "get">, project: ProjectId | string, cluster: ClusterId): Promise<number> {
  return (await watched(documents, project))?.missed[cluster]?.scans ?? 0;
}

/** What the newest session of a project ran on, as the last scan saw it. */
export const modelNow = async (documents: Pick<Documents, "get">, project: ProjectId | string): Promise<string | undefined> =>
  (await watched(documents, project))?.model;

/** When a failure was last seen, as the last scan says; `undefined` where that did not find it. */
export async function lastSeen(
  documents: Pick<Documents, "get">,
  project: ProjectId | string,
  cluster: ClusterId,
): Promise<Instant | undefined> {
  const stored = await documents.get(`scan/${project}`);
  const { clusters } = (stored ?? { clusters: [] }) as unknown as Pick<ScanDocument, "clusters">;
  const found = clusters.find((one) => one.id === cluster);
  return found === undefined ? undefined : instant(found.to);
}
