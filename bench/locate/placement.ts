import { seededRandom } from "../../src/domain/random.ts";
import type { LiteralReader } from "../../src/ports/literal-reader.ts";
import { locate, RepositoryIndex } from "../../src/stages/locate.ts";
import { type BenchReport, type ContextFigure, type Figure, round, wilsonUpper } from "../report.ts";
import { composite, edited, rendered, showsPrompt, truncated } from "./conditions.ts";
import type { Repository } from "./corpus.ts";
import { type Prompt, promptsOf } from "./prompts.ts";
import { type Ending, endingsOf, sessionWith, type TextOf } from "./scoring.ts";
import { substringEnding } from "./substring.ts";

export interface Settings {
  readonly literals: LiteralReader;
  readonly say: (line: string) => void;
  /** Prompts of one repository, at most. */
  readonly promptsEach: number;
  /** Pairs of a prompt and a repository that does not hold it. */
  readonly pairs: number;
}

const conditions = ["rendered", "edited", "truncated", "composite"] as const;
type Condition = (typeof conditions)[number];

/** One of two prompts of a repository as it was recorded, and what has to be found. */
interface Trial {
  readonly recorded: string;
  readonly wanted: readonly Prompt[];
}

interface Counts {
  readonly endings: Record<Ending, number>;
  readonly substring: Record<Ending, number>;
  trials: number;
  /** Texts that show too little of their prompt. */
  leftOut: number;
}

/** A prompt with its rendering, for the searches in other repositories. */
export interface RenderedPrompt {
  readonly prompt: Prompt;
  readonly recorded: string;
}

/** Searches every prompt in its own repository, under all conditions. */
export async function placementFigures(
  repositories: readonly Repository[],
  settings: Settings,
): Promise<{ readonly report: BenchReport; readonly prompts: readonly RenderedPrompt[] }> {
  const counts = new Map(conditions.map((condition) => [condition, emptyCounts()]));
  const all: RenderedPrompt[] = [];
  for (const repository of repositories) {
    const random = seededRandom(1, `locate ${repository.name}`);
    const prompts = chosenOf(await promptsOf(repository, settings.literals), settings.promptsEach, random);
    if (prompts.length === 0) continue;
    const texts = await repository.checkout.read((await repository.checkout.entries()).map((entry) => entry.path));
    const textOf: TextOf = (path) => texts.get(path) ?? "";
    const index = new RepositoryIndex();
    for (const [at, prompt] of prompts.entries()) {
      const text = rendered(prompt.template, random);
      all.push({ prompt, recorded: text });
      const other = prompts[(at + 1) % prompts.length] ?? prompt;
      const trials: Record<Condition, Trial> = {
        rendered: { recorded: text, wanted: [prompt] },
        edited: { recorded: edited(text, random), wanted: [prompt] },
        truncated: { recorded: truncated(text), wanted: [prompt] },
        composite: { recorded: composite(text, rendered(other.template, random), random), wanted: [prompt, other] },
      };
      for (const condition of conditions) {
        const { recorded, wanted } = trials[condition];
        const own = counts.get(condition) ?? emptyCounts();
        if (condition === "truncated" && !showsPrompt(recorded, prompt.template)) {
          own.leftOut += 1;
          continue;
        }
        const located = await locate(
          { sessions: [sessionWith(recorded)], checkout: repository.checkout },
          { literals: settings.literals, index },
        );
        own.trials += 1;
        const ending = worst(endingsOf(located, wanted, textOf));
        own.endings[ending] += 1;
        own.substring[worst(wanted.map((one) => substringEnding(recorded, one, texts, textOf)))] += 1;
        if (ending !== "right" && (ending !== "listed" || condition === "rendered" || condition === "edited"))
          settings.say(
            `${condition} ${ending}: ${repository.name} ${prompt.path} ${located.result} ${located.result === "found" ? located.sources.map((s) => `${s.path}:${s.lines.first}`).join(" ") : located.result === "unsure" ? located.candidates.map((c) => c.path + " " + c.why).join(" | ") : ""}`,
          );
      }
    }
    settings.say(`${repository.name}: ${prompts.length} prompts`);
  }
  return { report: reportOf(counts), prompts: all };
}

const emptyCounts = (): Counts => ({
  endings: { right: 0, wrong: 0, listed: 0, missed: 0 },
  substring: { right: 0, wrong: 0, listed: 0, missed: 0 },
  trials: 0,
  leftOut: 0,
});

/** A few prompts of a repository, drawn without the order of its files. */
function chosenOf(prompts: readonly Prompt[], most: number, random: () => number): readonly Prompt[] {
  return prompts
    .map((prompt) => ({ prompt, draw: random() }))
    .toSorted((left, right) => left.draw - right.draw)
    .slice(0, most)
    .map(({ prompt }) => prompt);
}

const byBadness: readonly Ending[] = ["wrong", "missed", "listed", "right"];
const worst = (endings: readonly Ending[]): Ending => byBadness.find((ending) => endings.includes(ending)) ?? "missed";

function reportOf(counts: ReadonlyMap<Condition, Counts>): BenchReport {
  const of = (condition: Condition): Counts => counts.get(condition) ?? emptyCounts();
  const atLeast = (name: string, condition: Condition, bar: number, endings: readonly Ending[]): Figure => {
    const { endings: own, substring, trials } = of(condition);
    const shareOf = (counted: Record<Ending, number>): number =>
      round(endings.reduce((sum, one) => sum + counted[one], 0) / Math.max(1, trials));
    const value = shareOf(own);
    return { name, value, bar: `>= ${bar}`, holds: value >= bar, beside: { substring: shareOf(substring) }, setting: { trials } };
  };
  const wrong = conditions.map((condition): Figure => {
    const { endings, trials } = of(condition);
    const value = round(endings.wrong / Math.max(1, trials));
    return {
      name: `wrong-found-${condition}`,
      value,
      upper: wilsonUpper(endings.wrong, Math.max(1, trials)),
      bar: "<= 0.005",
      holds: value <= 0.005,
      setting: { trials },
    };
  });
  const context = conditions.flatMap((condition): readonly ContextFigure[] => {
    const { endings, trials } = of(condition);
    return (["right", "listed", "missed"] as const).map((ending) => ({
      name: `${condition}-${ending}`,
      value: round(endings[ending] / Math.max(1, trials)),
    }));
  });
  return {
    figures: [
      atLeast("rendered-right", "rendered", 0.99, ["right"]),
      atLeast("edited-right", "edited", 0.98, ["right"]),
      atLeast("truncated-right-or-listed", "truncated", 0.95, ["right", "listed"]),
      atLeast("composite-right-or-listed", "composite", 0.95, ["right", "listed"]),
      ...wrong,
    ],
    context: [...context, { name: "truncated-left-out", value: of("truncated").leftOut }],
  };
}
