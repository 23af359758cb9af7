import { execFileSync } from "node:child_process";
import { locate, RepositoryIndex } from "../../src/stages/locate.ts";
import { type BenchReport, type Figure, round } from "../report.ts";
import type { Repository } from "./corpus.ts";
import type { RenderedPrompt, Settings } from "./placement.ts";
import { sessionWith } from "./scoring.ts";

const per = 10_000;

/** Seconds for 10,000 files, all repositories together: the first search of a commit, and the next ones. */
export async function timeFigures(
  repositories: readonly Repository[],
  prompts: readonly RenderedPrompt[],
  settings: Settings,
): Promise<BenchReport> {
  const total = { files: 0, cold: 0, warm: 0, grepFiles: 0, grep: 0 };
  for (const repository of repositories) {
    const [one, next = one] = prompts.filter(({ prompt }) => prompt.repository === repository.name);
    if (one === undefined || next === undefined) continue;
    const index = new RepositoryIndex();
    const files = (await repository.checkout.entries()).length;
    const search = async (recorded: string): Promise<number> => {
      const start = performance.now();
      await locate({ sessions: [sessionWith(recorded)], checkout: repository.checkout }, { literals: settings.literals, index });
      return (performance.now() - start) / 1000;
    };
    const cold = await search(one.recorded);
    const warm = await search(next.recorded);
    total.files += files;
    total.cold += cold;
    total.warm += warm;
    if (repository.folder !== undefined) {
      total.grep += grep(repository.folder, one.recorded);
      total.grepFiles += files;
    }
  }
  const figure = (name: string, seconds: number, bar: number): Figure => {
    const value = round((seconds * per) / Math.max(1, total.files));
    const beside = total.grepFiles === 0 ? {} : { beside: { "git grep": round((total.grep * per) / total.grepFiles) } };
    return { name, value, bar: `<= ${bar}`, holds: value <= bar, ...beside, setting: { files: total.files } };
  };
  return {
    figures: [figure("seconds-per-10k-files-cold", total.cold, 8), figure("seconds-per-10k-files-warm", total.warm, 1)],
    context: [],
  };
}

/** Seconds of a `git grep` for the longest recorded lines. */
function grep(folder: string, recorded: string): number {
  const lines = recorded
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.length > 20)
    .toSorted((left, right) => right.length - left.length)
    .slice(0, 8);
  const start = performance.now();
  try {
    execFileSync("git", ["-C", folder, "grep", "-l", "-F", ...lines.flatMap((line) => ["-e", line]), "HEAD"], {
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch {
    // It exits with 1 when nothing fits.
  }
  return (performance.now() - start) / 1000;
}
