import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { digest } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import { propose } from "../../src/stages/propose.ts";
import type { Guard } from "../attacks/case.ts";
import { rawProposal } from "../attacks/publishing-rig.ts";
import { aCandidate, anAllowed, anEvidence } from "../builders/evidence-builder.ts";
import { aCluster } from "../builders/session-builder.ts";
import type { GithubWorld } from "../world/github.ts";

/** A proposal whose page would have this many characters more than it should; without the guard nobody shortens it. */
export async function proposalOf(world: GithubWorld, length: number, guard: Guard): Promise<Proposal> {
  const evidence = anEvidence();
  const [verdict] = evidence.verdicts;
  if (verdict === undefined) throw new Error("the built evidence has a verdict");
  const line = "- Say goodbye.";
  const raw = rawProposal(world, { path: "prompts/system.md", before: line, after: `${line}\n- List what was done.` });
  const { body } = await propose(
    {
      cluster: aCluster([], { title: "refunds", users: 38 }),
      allowed: anAllowed,
      verdict,
      evidence,
      located: { result: "absent", why: "", lookedFor: "", filesRead: 0 },
      diff: `--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n${"+ a line\n".repeat(length / 9)}`,
      draft: {
        hypotheses: [],
        candidates: [aCandidate],
        rejected: [],
        model: "claude-y",
        promptDigest: digest("sha256:03"),
        usage: noUsage,
      },
      visibility: "private",
    },
    findSecrets,
  );
  return { ...raw, body: guard === "on" ? body : `${body}\n${"a line\n".repeat(length / 7)}` };
}
