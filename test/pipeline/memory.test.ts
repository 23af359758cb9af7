import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { isSettled, type TriedEdit } from "../../src/domain/documents.ts";
import type { Candidate } from "../../src/domain/edit.ts";
import { clusterId, digest, instant } from "../../src/domain/ids.ts";
import { recallTried, rememberTried } from "../../src/pipeline/memory.ts";

const place = { repository: { owner: "Acme", name: "agent" }, cluster: clusterId("c-1") };
const candidate = (id: string): Candidate => ({ id: digest(`sha256:${id.repeat(64)}`), kind: "insert", hypothesis: "h", edits: [] });
const tried = (id: string, result: TriedEdit["result"], day: number): TriedEdit => ({
  candidate: candidate(id),
  result,
  why: "because",
  at: instant(`2026-01-0${day}T00:00:00.000Z`),
});

describe("what was tried on a failure", () => {
  test("is recalled newest first, in any spelling of the repository, and for this failure alone", async () => {
    const ledger = new MemoryLedger();
    await rememberTried(ledger, place, tried("a", "no-evidence", 1));
    await rememberTried(ledger, place, tried("b", "harms", 2));
    await rememberTried(ledger, { ...place, cluster: clusterId("c-2") }, tried("c", "harms", 3));
    const found = await recallTried(ledger, { ...place, repository: { owner: "acme", name: "Agent" } });
    expect(found.map((one) => [one.candidate.id.slice(7, 8), one.result])).toEqual([
      ["b", "harms"],
      ["a", "no-evidence"],
    ]);
  });

  test("keeps an edit once, with its latest result", async () => {
    const ledger = new MemoryLedger();
    await rememberTried(ledger, place, tried("a", "inconclusive", 1));
    await rememberTried(ledger, place, tried("a", "no-evidence", 2));
    expect((await recallTried(ledger, place)).map((one) => one.result)).toEqual(["no-evidence"]);
  });

  test("is settled unless the test ran out of sessions or was passed", () => {
    const results = ["no-evidence", "harms", "closed", "inconclusive", "improves"] as const;
    expect(results.filter((result) => isSettled(tried("a", result, 1)))).toEqual(["no-evidence", "harms", "closed"]);
  });
});
