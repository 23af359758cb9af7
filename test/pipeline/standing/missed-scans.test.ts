import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../../src/adapters/memory-ledger/memory-ledger.ts";
import type { ScanDocument } from "../../../src/domain/documents.ts";
import { clusterId, type Instant, instant, later, projectId, sessionId } from "../../../src/domain/ids.ts";
import { day } from "../../../src/domain/publishing/lifetimes.ts";
import { missedScans, noteScan } from "../../../src/pipeline/standing/missed-scans.ts";
import { aCluster } from "../../builders/session-builder.ts";

const project = projectId("support");
const start = instant("2026-01-01T00:00:00.000Z");
const gone = aCluster([], { id: clusterId("c-gone"), members: [sessionId("s-1"), sessionId("s-2")] });
const other = aCluster([], { id: clusterId("c-other"), members: [sessionId("s-9")] });

const scanned = (days: number, clusters: ScanDocument["clusters"]): ScanDocument => ({
  kind: "scan",
  version: 1,
  project,
  at: later(start, days * day),
  sessions: 1,
  succeeded: 0,
  failed: 1,
  unclear: 0,
  outcomes: [],
  clusters,
  notUnderstood: [],
});

/** Scans one after the other, each on a day with sessions of that day unless it says otherwise; how many missed the failure. */
async function missed(
  scans: readonly { readonly day: number; readonly newest?: number; readonly clusters: ScanDocument["clusters"] }[],
): Promise<number> {
  const ledger = new MemoryLedger();
  let previous: ScanDocument | undefined;
  for (const { clusters, day: at, newest = at } of scans) {
    const document = scanned(at, clusters);
    const startedAt: Instant = later(start, newest * day);
    await noteScan(ledger, previous, { document, sessions: newest < 0 ? [] : [{ startedAt, calls: [] }] });
    previous = document;
  }
  return missedScans(ledger, project, gone.id);
}

describe("a failure that scans do not find any more", () => {
  test("is counted scan by scan, and not at all once it is back", async () => {
    const absent = [
      { day: 2, clusters: [other] },
      { day: 3, clusters: [] },
    ];
    expect(await missed([{ day: 1, clusters: [gone, other] }, ...absent])).toBe(2);
    expect(await missed([{ day: 1, clusters: [gone] }, ...absent, { day: 4, clusters: [gone] }])).toBe(0);
  });

  test.each([
    [
      "the same traces scanned again",
      [
        { day: 2, clusters: [] },
        { day: 3, newest: 2, clusters: [] },
      ],
    ],
    [
      "a second scan of the same day",
      [
        { day: 2, clusters: [] },
        { day: 2.5, clusters: [] },
      ],
    ],
    [
      "a scan that found no session at all, as when a store does not answer",
      [
        { day: 2, clusters: [] },
        { day: 3, newest: -1, clusters: [] },
      ],
    ],
  ])("is not counted by %s", async (_what, scans) => {
    expect(await missed([{ day: 1, clusters: [gone] }, ...scans])).toBe(1);
  });

  test("has not vanished where its sessions stand in another failure now", async () => {
    const merged = aCluster([], { id: clusterId("c-larger"), members: [sessionId("s-2"), sessionId("s-7")] });
    expect(
      await missed([
        { day: 1, clusters: [gone] },
        { day: 2, clusters: [merged] },
        { day: 3, clusters: [merged] },
      ]),
    ).toBe(0);
  });
});
