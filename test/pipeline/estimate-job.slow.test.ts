import { expect, test } from "vitest";
import { jobOn, scanScenario } from "../../bench/in-process-job.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { shippedFile } from "../../src/compose.ts";
import type { Usage } from "../../src/domain/message.ts";
import { eligible } from "../../src/pipeline.ts";
import { estimateJob } from "../../src/pipeline/estimate-job.ts";
import { Rehearsal } from "../../src/pipeline/rehearse.ts";
import { completeScenario, readScenario } from "../../src/simulator/scenario-file.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { sample } from "../../src/stages/sample.ts";
import { aRuntime } from "../builders/runtime.ts";

const path = shippedFile("examples", "scenarios", "missing-step.yaml");
const shipped = readScenario(path);

function judgedByModel(): Scenario {
  const { files, operatorFile: _file, ...document } = shipped;
  const { rules: _rules, ...operator } = document.operator;
  return completeScenario(path, { ...document, operator, judge: { sensitivity: 1, specificity: 1, bad: [], bias: [] } }, files);
}

test.each([
  ["rules judge", shipped],
  ["a model judges", judgedByModel()],
])("the estimate before a job whose replays %s is within 30 of 100 of what is paid", async (_what, scenario) => {
  const scanned = await scanScenario(scenario, 1);
  const [cluster] = eligible(scanned.document.clusters);
  if (cluster === undefined) throw new Error("no cluster");
  const { input, tools } = jobOn({
    cluster,
    scanned,
    scenario,
    models: simulatedModels(scenario, 1),
    documents: new MemoryLedger(),
    seed: 1,
  });
  const { outcomes } = scanned.document;
  const split = sample({ cluster, sessions: input.sessions, outcomes, seed: 1, caps: input.caps, countBy: input.countBy });
  if (split.result !== "sampled") throw new Error("too few sessions");
  const estimate = estimateJob(split, { selfReplays: 0, candidates: 4 }, input.verification, tools.rehearsal).perReplay;
  const rehearsal = new Rehearsal({ ...input.verification, seed: 1 }, tools.rehearsal, aRuntime());
  const sessions = [...split.failing.slice(0, 20), ...split.control.slice(0, 50)];
  for (const session of sessions) await rehearsal.selfReplay(session);
  const tokens = ({ inputTokens, outputTokens }: Usage): number => inputTokens + outputTokens;
  const ratio = tokens(estimate) / (tokens(rehearsal.usage) / sessions.length);
  expect(ratio).toBeGreaterThan(0.7);
  expect(ratio).toBeLessThan(1.3);
});
