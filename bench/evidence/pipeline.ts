import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { shippedFile } from "../../src/compose.ts";
import { makeRuntime } from "../../src/compose/runtime.ts";
import type { FailureCluster } from "../../src/domain/cluster.ts";
import type { AttemptDocument } from "../../src/domain/documents.ts";
import type { Allowed } from "../../src/domain/edit.ts";
import type { Evidence } from "../../src/domain/evidence.ts";
import { commitSha, digest, instant } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import { defaultPlan } from "../../src/domain/verdict.ts";
import { eligible, verify } from "../../src/pipeline.ts";
import type { Scanned } from "../../src/pipeline/scan.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { recompute } from "../../src/stages/decide.ts";
import { sample } from "../../src/stages/sample.ts";
import { jobOn, scanScenario } from "../in-process-job.ts";
import { type Figure, round, wilsonUpper } from "../report.ts";

/** No progress, a fixed clock. */
export const runtime = makeRuntime({ signal: new AbortController().signal, now: () => instant("2026-01-20T00:00:00.000Z") });

/** Edits that no rule of the scenario looks at: the agent reads them and does as before. */
export const edits: readonly Allowed[] = ["Be thorough.", "Take your time.", "Keep answers short.", "Use plain words."].map(
  (line, index) => ({
    result: "allowed",
    candidate: { id: digest(`sha256:${index}`), kind: "insert", hypothesis: line, edits: [] },
    files: [],
    changes: [{ target: "instructions", before: "## Refunds", after: `## Refunds\n\n- ${line}` }],
    needsHuman: [],
  }),
);

/** The shipped scenario in which no edit helps, but with failures that pass about one time in three when run again, so that much changes by luck alone. */
function restless(): Scenario {
  const scenario = readScenario(shippedFile("examples", "scenarios", "not-in-the-prompt.yaml"));
  const kinds = scenario.kinds.map((kind) => (kind.name === "refund" ? { ...kind, ability: -0.8 } : kind));
  return { ...scenario, kinds };
}

/** A scenario as it was recorded under a seed. */
export interface Recording {
  readonly scenario: Scenario;
  readonly scanned: Scanned;
  readonly seed: number;
}

interface JobParts extends ReturnType<typeof jobOn> {
  readonly split: Extract<ReturnType<typeof sample>, { result: "sampled" }>;
  readonly cluster: FailureCluster;
  readonly document: Scanned["document"];
  readonly seed: number;
}

/** The evidence of a test of the useless edits, which must verify. */
export async function verified(
  { cluster, document, input, seed, split, tools }: JobParts,
  measured: Pick<AttemptDocument, "calibration" | "fidelity"> = {},
): Promise<Evidence> {
  const attempt: AttemptDocument = {
    kind: "attempt",
    version: 1,
    project: document.project,
    repository: { owner: "acme", name: "support-agent" },
    commit: commitSha("a".repeat(40)),
    cluster: cluster.id,
    seed,
    ...measured,
    sample: {
      shown: split.shown.map((one) => one.id),
      failing: split.failing.map((one) => one.id),
      control: split.control.map((one) => one.id),
      order: split.order,
      excluded: {},
    },
    located: { result: "absent", why: "", lookedFor: "", filesRead: 0 },
    draft: {
      hypotheses: [],
      candidates: edits.map((one) => one.candidate),
      rejected: [],
      model: "none",
      promptDigest: digest("none"),
      usage: noUsage,
    },
    vetted: edits,
  };
  const evidence = await verify({ ...input.verification, attempt, cluster, scan: document, seed }, tools.rehearsal, runtime);
  const checked = recompute(JSON.parse(JSON.stringify(evidence)));
  if (!checked.ok) throw new Error(`a job left evidence that does not verify: ${JSON.stringify(checked.problems[0])}`);
  return evidence;
}

/** One job from the sample to the verdict: the order, the replays, the judge, the decision and the evidence are the real ones. */
async function job(
  { scanned, scenario, seed: world }: Recording,
  seed: number,
): Promise<{ readonly improves: boolean; readonly replays: number }> {
  const [cluster] = eligible(scanned.document.clusters);
  if (cluster === undefined) throw new Error("the scenario brings no cluster");
  const models = simulatedModels(scenario, world);
  const { input, tools } = jobOn({ cluster, scanned, scenario, models, documents: new MemoryLedger(), seed });
  const { document } = scanned;
  const split = sample({ cluster, sessions: input.sessions, outcomes: document.outcomes, seed, caps: input.caps, countBy: input.countBy });
  if (split.result !== "sampled") throw new Error("the scenario brings too few sessions");
  const evidence = await verified({ input, tools, split, cluster, document, seed });
  const arms = new Set(evidence.pairs.flatMap((pair) => [pair.before.replay, pair.after.replay]));
  return { improves: evidence.winner !== undefined, replays: arms.size };
}

const recordings = 5;

/** Share of whole jobs without real benefit that end in `improves`, through the real stages on the in-process simulated model. */
export async function falseImprovesInThePipeline(jobs: number, most: number, say: (line: string) => void): Promise<Figure> {
  const scenario = restless();
  const worlds: Recording[] = [];
  for (let seed = 1; seed <= recordings; seed += 1) worlds.push({ scenario, seed, scanned: await scanScenario(scenario, seed) });
  let count = 0;
  let replays = 0;
  for (let index = 0; index < jobs; index += 1) {
    const world = worlds[index % worlds.length];
    if (world === undefined) throw new Error("no recording");
    const one = await job(world, 1000 + index);
    if (one.improves) count += 1;
    replays += one.replays;
    if ((index + 1) % 100 === 0) say(`false-improves-pipeline: ${count} of ${index + 1} jobs`);
  }
  const upper = wilsonUpper(count, jobs);
  return {
    name: "false-improves-pipeline",
    value: round(count / jobs),
    upper,
    bar: `upper <= ${most}`,
    holds: upper <= most,
    setting: {
      jobs,
      K: edits.length,
      cap: `${defaultPlan.failingCap} failing, ${defaultPlan.controlCap} working`,
      churn: "about one failing session in three passes when run again",
      tested: "sample, replay, judge, decide, evidence; edits without effect; simulated model",
      replays: Math.round(replays / jobs),
    },
  };
}
