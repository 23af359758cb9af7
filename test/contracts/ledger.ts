import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clusterId, commitSha, digest, instant, projectId, proposalId } from "../../src/domain/ids.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import type { Ledger } from "../../src/ports/ledger.ts";

export const aProposal = (changes: Partial<Proposal> = {}): Proposal => ({
  id: proposalId("p1"),
  repository: { owner: "acme", name: "support-agent" },
  commit: commitSha("0".repeat(40)),
  cluster: clusterId("c1"),
  edits: [],
  files: [],
  branch: "tuneup/0123456789ab",
  title: "Ask for approval before refunds",
  body: "body",
  commitMessage: "message",
  draft: false,
  labels: [],
  evidence: digest("sha256:00"),
  state: "verified",
  ...changes,
});

/** What every ledger owes, whatever it is made of. */
export function ledgerContract(name: string, open: () => Promise<Ledger>): void {
  describe(`${name} keeps the ledger's contract`, () => {
    let ledger: Ledger;
    beforeEach(async () => {
      ledger = await open();
    });
    afterEach(() => ledger.close());

    test("a delivery is new once and seen ever after, also when it comes fifty times at once", async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ledger.delivery("guid-1")));
      expect(answers.filter((answer) => answer === "new")).toHaveLength(1);
      expect(await ledger.delivery("guid-1")).toBe("seen");
      expect(await ledger.delivery("guid-2")).toBe("new");
    });

    test("a document comes back as it was put, and the last one wins", async () => {
      await ledger.put("scan/a", { sessions: 3, note: "ü" });
      await ledger.put("scan/a", { sessions: 4, nested: [null, true, { deep: 1 }] });
      expect(await ledger.get("scan/a")).toEqual({ sessions: 4, nested: [null, true, { deep: 1 }] });
      expect(await ledger.get("scan/b")).toBeUndefined();
    });

    test("keys are listed by prefix in order, and a percent sign in a prefix is only a percent sign", async () => {
      for (const key of ["replay/b", "replay/a", "scan/a", "replay%x"]) await ledger.put(key, 1);
      expect(await ledger.keys("replay/")).toEqual(["replay/a", "replay/b"]);
      expect(await ledger.keys("replay%")).toEqual(["replay%x"]);
    });

    test("documents are removed by prefix, and no other", async () => {
      for (const key of ["note/1/a", "note/1/b", "note/10/a", "note/2/a"]) await ledger.put(key, 1);
      await ledger.remove("note/1/");
      expect(await ledger.keys("note/")).toEqual(["note/10/a", "note/2/a"]);
      expect(await ledger.get("note/1/a")).toBeUndefined();
    });

    test("a proposal moves on only from the state that the caller saw", async () => {
      expect(await ledger.save(aProposal(), undefined)).toBe("saved");
      expect(await ledger.save(aProposal(), undefined)).toBe("conflict");
      expect(await ledger.save(aProposal({ state: "published" }), "drafted")).toBe("conflict");
      expect(await ledger.save(aProposal({ state: "published" }), "verified")).toBe("saved");
      expect((await ledger.find(proposalId("p1")))?.state).toBe("published");
      expect(await ledger.find(proposalId("p2"))).toBeUndefined();
    });

    test("money is summed per project from a moment on", async () => {
      const project = projectId("support");
      await ledger.spend(project, "draft", { inputTokens: 10, outputTokens: 2, dollars: 0.5 }, instant("2026-01-01T00:00:00.000Z"));
      await ledger.spend(project, "replay", { inputTokens: 5, outputTokens: 1 }, instant("2026-01-02T00:00:00.000Z"));
      await ledger.spend(projectId("other"), "replay", { inputTokens: 100, outputTokens: 100 }, instant("2026-01-02T00:00:00.000Z"));
      expect(await ledger.spent(project, instant("2026-01-01T00:00:00.000Z"))).toEqual({ inputTokens: 15, outputTokens: 3, dollars: 0.5 });
      expect(await ledger.spent(project, instant("2026-01-02T00:00:00.000Z"))).toEqual({ inputTokens: 5, outputTokens: 1 });
    });
  });
}
