import { astGrepLiterals } from "../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { defaultCorpus } from "./locate/default-corpus.ts";
import { type Repository, repositoriesIn } from "./locate/corpus.ts";
import { foreignFigures } from "./locate/foreign.ts";
import { placementFigures } from "./locate/placement.ts";
import { timeFigures } from "./locate/timing.ts";
import { toolFigures } from "./locate/tools.ts";
import type { Bench, BenchReport } from "./report.ts";

/** Where recorded prompts come from: on prompts of real repositories, in four conditions, and in repositories that do not hold them. */
export const locate: Bench = {
  name: "locate",
  description: "recorded text → file and lines; --full --corpus <folder of git repositories> for real ones",
  async run({ corpus, full, say }): Promise<BenchReport> {
    const literals = astGrepLiterals();
    const own = await defaultCorpus();
    const repositories: readonly Repository[] = [...own, ...(corpus === undefined ? [] : await repositoriesIn(corpus))];
    say(`${repositories.length} repositories: ${repositories.map((one) => one.name).join(", ")}`);
    const settings = { literals, say, promptsEach: full ? 40 : 15, pairs: full ? 4000 : 400 };
    const placement = await placementFigures(repositories, settings);
    const foreign = await foreignFigures(repositories, placement.prompts, settings);
    const time = await timeFigures(repositories, placement.prompts, settings);
    const tools = await toolFigures(repositories, settings);
    return {
      figures: [...placement.report.figures, ...foreign.figures, ...time.figures, ...tools.figures],
      context: [...placement.report.context, ...foreign.context, ...time.context, ...tools.context],
    };
  },
};
