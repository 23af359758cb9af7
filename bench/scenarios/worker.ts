import { parentPort, workerData } from "node:worker_threads";
import { shippedFile } from "../../src/compose.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { endOf, inProcessJob } from "../in-process-job.ts";

/** What one worker runs: a shipped scenario under these seeds. It answers with the ends of the jobs, in order. */
export interface ScenarioSeeds {
  readonly scenario: string;
  readonly seeds: readonly number[];
}

const { scenario, seeds } = workerData as ScenarioSeeds;
const parsed = readScenario(shippedFile("examples", "scenarios", `${scenario}.yaml`));
const ends: string[] = [];
for (const seed of seeds) ends.push(endOf(await inProcessJob(parsed, seed)));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
parentPort?.postMessage(ends);
