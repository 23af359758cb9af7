import { digest, type Digest, commitSha, clusterId, instant, sessionId } from "../../src/domain/ids.ts";
import { addUsage, noUsage } from "../../src/domain/message.ts";
import type { Allowed, Candidate } from "../../src/domain/edit.ts";
import { digestOf, digestOfJson } from "../../src/domain/digest.ts";
import { type Evidence, usageOfPairs } from "../../src/domain/evidence.ts";
import type { ArmRecord, Pair, ReplayOutcome } from "../../src/domain/replay.ts";
import { defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { acceptBoundary, decide, failingShareOf, seal } from "../../src/stages/decide.ts";
import { project } from "./session-builder.ts";

const arm = (outcome: ReplayOutcome, config: string): ArmRecord => ({
  outcome,
  decidedBy: "rules",
  ended: "finished",
  tiers: { exact: 3, canonical: 0, corpus: 1, shape: 0, nearest: 0, simulated: 0, refused: 0 },
  modelCalls: 4,
  usage: { ...noUsage, inputTokens: 1000, outputTokens: 100 },
  seed: 1,
  config: digest(`sha256:${config}`),
});

const arms: Readonly<Record<string, readonly [ReplayOutcome, ReplayOutcome]>> = {
  "+": ["failed", "passed"],
  "-": ["passed", "failed"],
  "=": ["passed", "passed"],
  ".": ["failed", "failed"],
};

/** Pairs by signs: `+` fixed, `-` broken, `=` passed twice, `.` failed twice. */
export const pairsOf = (signs: string, group: Pair["group"], candidate: Digest): readonly Pair[] =>
  Array.from(signs).map((sign, index) => {
    const [before = "failed", after = "failed"] = arms[sign] ?? [];
    return { sessionId: sessionId(`${group}-${index}`), index, group, candidate, before: arm(before, "bb"), after: arm(after, "cc") };
  });

const before = "# Agent\n\n- Refund the customer.\n- Be kind.\n";
const after = before.replace("- Refund the customer.", "- Read the policy, then refund the customer.");

export const aCandidate: Candidate = {
  id: digest("sha256:aa"),
  kind: "rewrite",
  hypothesis: "The refund rule leaves out the policy.",
  edits: [
    {
      path: "prompts/system.md",
      base: digestOf(before),
      before: "- Refund the customer.",
      after: "- Read the policy, then refund the customer.",
      reason: "Names the step.",
    },
  ],
};

export const anAllowed: Allowed = {
  result: "allowed",
  candidate: aCandidate,
  files: [{ path: "prompts/system.md", before: digestOf(before), text: after }],
  changes: [{ target: "instructions", before: "- Refund the customer.", after: "- Read the policy, then refund the customer." }],
  needsHuman: [],
};

/** Evidence whose verdicts follow from its pairs. */
export function anEvidence(
  signs: { readonly failing: string; readonly control: string } = { failing: "+.++=+++++.+", control: "=".repeat(60) },
): Evidence {
  const plan = planFor(defaultPlan, 1);
  const pairs = [...pairsOf(signs.failing, "failing", aCandidate.id), ...pairsOf(signs.control, "control", aCandidate.id)];
  const available = { failing: signs.failing.length, control: signs.control.length };
  const cluster = {
    id: clusterId("c-4f1d"),
    title: "refund follows the policy: fail",
    members: 40,
    sessionsInWindow: 120,
    failedInWindow: 45,
  };
  const decision = decide({ plan, candidates: [aCandidate.id], pairs, available, traffic: { failingShare: failingShareOf(cluster) } });
  if (decision.state === "undecided") throw new Error("these pairs decide nothing");
  const orders = {
    failing: pairs.flatMap((pair) => (pair.group === "failing" ? [pair.sessionId] : [])),
    control: pairs.flatMap((pair) => (pair.group === "control" ? [pair.sessionId] : [])),
  };
  const drafting = { inputTokens: 12_000, outputTokens: 1_200, dollars: 0.61 };
  return seal({
    version: 1,
    job: "sha256:1234567890abcdef1234567890abcdef",
    startedAt: instant("2026-01-20T00:00:00.000Z"),
    project,
    repository: { owner: "acme", name: "support-agent" },
    commit: commitSha("a".repeat(40)),
    cluster,
    plan,
    order: digestOfJson([orders.failing, orders.control]),
    orders,
    rubric: digest("sha256:02"),
    seed: 1,
    available,
    candidates: [aCandidate],
    boundary: acceptBoundary(plan),
    pairs,
    verdicts: decision.verdicts,
    ...(decision.winner === undefined ? {} : { winner: decision.winner }),
    models: { agent: "claude-x", drafter: "claude-y" },
    simulated: false,
    drafting,
    usage: addUsage(usageOfPairs(pairs), drafting),
  });
}
