import { shippedFile } from "../src/compose.ts";
import type { JobResult } from "../src/pipeline.ts";
import { readScenario } from "../src/simulator/scenario-file.ts";
import { inProcessJob } from "./in-process-job.ts";
import { type Bench, type BenchReport, type Figure, wilsonUpper } from "./report.ts";

/** How a job ended, in one word. */
export const endOf = ({ finding }: JobResult): string => ("verdict" in finding ? finding.verdict.result : finding.end);

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

/** The shipped scenarios end as they should, over seeds 1 to 60 (1 to 400 with `--full`). */
export const scenarios: Bench = {
  name: "scenarios",
  description: "whole jobs on the shipped scenarios, in process: how often each ends in which verdict",
  async run({ full, say }): Promise<BenchReport> {
    const seeds = full ? 400 : 60;
    const ends = new Map<string, Map<string, number>>();
    for (const name of new Set(expectations.map((one) => one.scenario))) {
      const scenario = readScenario(shippedFile("examples", "scenarios", `${name}.yaml`));
      const counts = new Map<string, number>();
      for (let seed = 1; seed <= seeds; seed += 1) {
        const end = endOf(await inProcessJob(scenario, seed));
        counts.set(end, (counts.get(end) ?? 0) + 1);
      }
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
