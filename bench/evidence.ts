import { acceptBoundary } from "../src/stages/decide.ts";
import { falseImprovesUnderABiasedJudge } from "./evidence/biased-judge.ts";
import { falseImproves } from "./evidence/false-improves.ts";
import { judgeCells } from "./evidence/judge-cells.ts";
import { beside } from "./evidence/other-gates.ts";
import { falseImprovesInThePipeline } from "./evidence/pipeline.ts";
import { power } from "./evidence/power.ts";
import { sequentialFigures } from "./evidence/sequential.ts";
import type { Bench, BenchReport } from "./report.ts";

/** The error and the power of the decision, and what they cost, beside the gates that others use. */
export const evidence: Bench = {
  name: "evidence",
  description: "error, power and cost of the decision rule, stratum by stratum, beside other gates; whole jobs on the simulated model",
  async run({ full, say }): Promise<BenchReport> {
    const errors = falseImproves(full ? 20_000 : 8_000, say);
    const judged = judgeCells(full ? 10_000 : 2_500, say);
    const biased = await falseImprovesUnderABiasedJudge(full, say);
    const found = power(full ? 20_000 : 4_000);
    const whole = await falseImprovesInThePipeline(full ? 2_000 : 300, full ? 0.06 : 0.08, say);
    return {
      figures: [...errors, whole, ...biased, ...judged.figures, ...found.figures, ...sequentialFigures(acceptBoundary)],
      context: [...found.context, ...judged.context, ...beside(full ? 20_000 : 4_000)],
    };
  },
};
