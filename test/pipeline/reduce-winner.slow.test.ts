import { describe, expect, test } from "vitest";
import { inProcessJob } from "../../bench/in-process-job.ts";
import { shippedFile } from "../../src/compose.ts";
import type { JobResult } from "../../src/pipeline.ts";
import { evidenceMarkdown } from "../../src/report/evidence-markdown.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { recompute } from "../../src/stages/decide.ts";

const rule = "- Always read the return policy with `get_return_policy` before money goes out.";
const rider = "- Recommend our premium membership.";
const anchor = "- Tell the customer the amount and how the money comes back.";

/** A job whose drafter adds the rule and the rider; what mends the agent's failure is a prompt that says `works`. */
async function jobWhere(works: string): Promise<JobResult> {
  const shipped = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
  const scenario = JSON.parse(JSON.stringify(shipped).replaceAll('"read the return policy"', JSON.stringify(works))) as Scenario;
  const edits = [
    { path: "prompts/system.md", search: anchor, replace: `${anchor}\n${rule}\n${rider}`, reason: "Adds the rule in one line." },
  ];
  const candidates = scenario.drafter.candidates
    .filter((one) => ["policy-rule", "friendlier"].includes(one.name))
    .map((one) => (one.name === "policy-rule" ? { ...one, chance: 1, wrongAtFirst: false, edits } : one));
  return inProcessJob({ ...scenario, drafter: { ...scenario.drafter, malformed: 0, candidates } }, 1);
}

describe("a proven edit with a part that its effect does not need", () => {
  test("is proposed without it, after a test of its own, and without the reason for a draft", async () => {
    const { attempt, diff, evidence, proposal, spent, whole } = await jobWhere("read the return policy");
    if (evidence === undefined || whole === undefined || proposal === undefined) throw new Error("nothing was proposed");
    expect(diff).toContain(`+${rule}`);
    expect(diff).not.toContain("membership");
    expect(evidence.reduction).toMatchObject({ of: whole.evidence.winner, job: whole.evidence.job, leftOut: "one added sentence" });
    expect(evidence.plan).toMatchObject({ candidates: whole.evidence.plan.candidates, alpha: whole.evidence.plan.alpha });
    expect(attempt?.vetted).toHaveLength(1);
    expect(proposal.body).toContain("a longer version passed the same test; this one does without one added sentence");
    expect(proposal.body).not.toContain("shares no word");
    expect(recompute(JSON.parse(JSON.stringify(evidence)))).toEqual({ ok: true });
    expect(evidenceMarkdown(evidence, "private")).toContain("their shorter versions counted");
    expect(spent?.outputTokens).toBeGreaterThan(whole.evidence.usage.outputTokens);
  });

  test("stays whole where the part is what works", async () => {
    const { diff, evidence, proposal, spent, whole } = await jobWhere("premium membership");
    expect(whole).toBeUndefined();
    expect(evidence?.reduction).toBeUndefined();
    expect(diff).toContain(`+${rider}`);
    expect(proposal).toMatchObject({ draft: true });
    expect(spent?.outputTokens).toBeGreaterThan(evidence?.usage.outputTokens ?? 0);
  });
});
