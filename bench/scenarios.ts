import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ScenarioSeeds } from "./scenarios/worker.ts";
import { type Bench, type BenchReport, type Figure, wilsonUpper } from "./report.ts";

interface Expectation {
  readonly scenario: string;
  readonly end: string;
  readonly least?: number;
  readonly most?: number;
}

const expectations: readonly Expectation[] = [
  { scenario: "missing-step", end: "improves", least: 0.8 },
  { scenario: "not-in-the-prompt", end: "improves", most: 0.1 },
  { scenario: "not-in-the-prompt", end: "not-a-prompt-problem", least: 0.8 },
  { scenario: "harmful-edits", end: "improves", most: 0.1 },
  { scenario: "harmful-edits", end: "harms", least: 0.8 },
];

/** How the jobs of a scenario end under seeds 1 to `count`, on all cores: a job under a seed is the same wherever it runs. */
async function endsOf(scenario: string, count: number): Promise<readonly string[]> {
  const workers = Math.min(count, availableParallelism());
  const shares = Array.from({ length: workers }, (_, share): ScenarioSeeds => ({
    scenario,
    seeds: Array.from({ length: count }, (_each, index) => index + 1).filter((seed) => seed % workers === share),
  }));
  return (await Promise.all(shares.map((share) => endsIn(share)))).flat();
}

function endsIn(workerData: ScenarioSeeds): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("scenarios/worker.ts", import.meta.url), { workerData });
    worker.once("message", (ends: readonly string[]) => resolve(ends));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a worker ended with code ${code} before its jobs did`)));
  });
}

/** The shipped scenarios end as they should, over seeds 1 to 100 (1 to 400 with `--full`). */
export const scenarios: Bench = {
  name: "scenarios",
  description: "whole jobs on the shipped scenarios, in process: how often each ends in which verdict",
  async run({ full, say }): Promise<BenchReport> {
    const seeds = full ? 400 : 100;
    const ends = new Map<string, Map<string, number>>();
    for (const name of new Set(expectations.map((one) => one.scenario))) {
      const counts = new Map<string, number>();
      for (const end of await endsOf(name, seeds)) counts.set(end, (counts.get(end) ?? 0) + 1);
      ends.set(name, counts);
      say(`${name}: ${[...counts].map(([end, count]) => `${end} ${count}`).join(", ")}`);
    }
    const figures = expectations.map(({ end, least, most, scenario }): Figure => {
      const count = ends.get(scenario)?.get(end) ?? 0;
      const value = count / seeds;
      return {
        name: `${scenario}-${end}`,
        value,
        upper: wilsonUpper(count, seeds),
        bar: least === undefined ? `<= ${most}` : `>= ${least}`,
        holds: least === undefined ? value <= (most ?? 1) : value >= least,
        setting: { seeds },
      };
    });
    const context = [...ends].flatMap(([scenario, counts]) =>
      [...counts].map(([end, count]) => ({ name: `${scenario}-ends-${end}`, value: count / seeds })),
    );
    return { figures, context };
  },
};
