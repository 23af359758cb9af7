import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../../src/adapters/memory-ledger/memory-ledger.ts";
import { clusterId, instant, proposalId } from "../../../src/domain/ids.ts";
import { recordedMerges, type RecordedMerge, rememberMerge } from "../../../src/pipeline/standing/pulls.ts";
import { mergeAfter, sinceMerge } from "../../../src/pipeline/standing/since-merge.ts";
import { aCluster } from "../../builders/session-builder.ts";

const repository = { owner: "acme", name: "agent" };
const merge: RecordedMerge = {
  pull: 12,
  proposal: proposalId("p-0123456789ab"),
  cluster: clusterId("c-1"),
  commit: "",
  at: instant("2026-01-03T09:00:00.000Z"),
};
const at = (text: string) => ({ startedAt: instant(text) });

describe("a run after the merge of an edit for the same failure", () => {
  test("says that the traces are older than the merge, and blames nothing else", () => {
    const finding = sinceMerge(merge, [at("2026-01-01T00:00:00.000Z")]);
    expect(finding).toMatchObject({ end: "left-alone" });
    expect(JSON.stringify(finding)).toContain("the traces are older than the merge: pull request 12");
  });

  test("says that the failure has not come back where sessions were recorded since", () => {
    const finding = sinceMerge(merge, [at("2026-01-01T00:00:00.000Z"), at("2026-01-04T00:00:00.000Z"), at("2026-01-05T00:00:00.000Z")]);
    expect(JSON.stringify(finding)).toContain("was not seen in the 2 sessions recorded since");
  });

  test("goes on where the failure was seen after the merge, and for every other failure", async () => {
    const ledger = new MemoryLedger();
    await rememberMerge(ledger, repository, merge);
    const merges = await recordedMerges(ledger, { owner: "ACME", name: "agent" });
    const last = { to: instant("2026-01-02T10:00:00.000Z") };
    expect(mergeAfter(aCluster([], last), merges)).toEqual(merge);
    expect(mergeAfter(aCluster([], { to: instant("2026-01-03T09:00:01.000Z") }), merges)).toBeUndefined();
    expect(mergeAfter(aCluster([], { ...last, id: clusterId("c-2") }), merges)).toBeUndefined();
  });
});
