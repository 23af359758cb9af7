import { seededRandom } from "../../src/domain/random.ts";
import { locate, RepositoryIndex } from "../../src/stages/locate.ts";
import { type BenchReport, round } from "../report.ts";
import type { Repository } from "./corpus.ts";
import { gap } from "./prompts.ts";
import type { RenderedPrompt, Settings } from "./placement.ts";
import { sessionWith } from "./scoring.ts";

const runLength = 8;
/** A repository that holds this share of a prompt's runs of eight words holds the prompt: forks, vendored copies. */
const heldShare = 0.5;

/** `owner+name@commit` → `owner+name`: two commits of one repository are not foreign to each other. */
const projectOf = (name: string): string => name.replace(/@[0-9a-f]+$/, "");

/** Searches prompts in repositories that do not hold them: nothing may be claimed there. */
export async function foreignFigures(
  repositories: readonly Repository[],
  prompts: readonly RenderedPrompt[],
  settings: Settings,
): Promise<BenchReport> {
  const random = seededRandom(1, "locate foreign");
  const share = Math.min(1, settings.pairs / Math.max(1, prompts.length * (repositories.length - 1)));
  const drawn = repositories.map((repository) =>
    prompts.filter(({ prompt }) => projectOf(prompt.repository) !== projectOf(repository.name) && random() < share),
  );
  let [pairs, found, kin, kinFound, unsure] = [0, 0, 0, 0, 0];
  for (const [at, repository] of repositories.entries()) {
    const held = await heldBy(repository, drawn[at] ?? []);
    const index = new RepositoryIndex();
    for (const one of drawn[at] ?? []) {
      const located = await locate(
        { sessions: [sessionWith(one.recorded)], checkout: repository.checkout },
        { literals: settings.literals, index },
      );
      if ((held.get(one) ?? 0) >= heldShare) {
        kin += 1;
        if (located.result === "found") kinFound += 1;
        continue;
      }
      pairs += 1;
      if (located.result === "unsure") unsure += 1;
      if (located.result === "found") {
        found += 1;
        settings.say(
          `foreign: ${one.prompt.repository} ${one.prompt.path} in ${repository.name} ${located.sources.map((source) => `${source.path}:${source.lines.first}`).join(" ")} residue ${located.residue} held ${held.get(one)}`,
        );
      }
    }
  }
  settings.say(`${pairs} foreign pairs, ${found} found`);
  return {
    figures: [{ name: "foreign-found", value: found, bar: "<= 0", holds: found === 0, setting: { pairs } }],
    context: [
      { name: "foreign-unsure", value: round(unsure / Math.max(1, pairs)) },
      { name: "foreign-pairs-that-hold-the-prompt", value: kin, setting: { found: kinFound } },
    ],
  };
}

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Which share of each prompt's runs of eight words stands anywhere in a repository: counted by itself, without the search under test. */
async function heldBy({ checkout }: Repository, prompts: readonly RenderedPrompt[]): Promise<ReadonlyMap<RenderedPrompt, number>> {
  const runs = new Map<string, RenderedPrompt[]>();
  const totals = new Map<RenderedPrompt, number>();
  for (const one of prompts) {
    // What a program filled in is the prompt's in no repository.
    const own = new Set(one.prompt.template.split(gap).flatMap((piece) => [...runsOf(wordsOf(piece))]));
    totals.set(one, own.size);
    for (const run of own) runs.set(run, [...(runs.get(run) ?? []), one]);
  }
  const seen = new Set<string>();
  const entries = (await checkout.entries()).filter((entry) => entry.kind === "file" && entry.size < 1024 * 1024);
  for (let at = 0; at < entries.length; at += 500) {
    const texts = await checkout.read(entries.slice(at, at + 500).map((entry) => entry.path));
    for (const text of texts.values()) {
      for (const run of runsOf(wordsOf(text.replace(/\\[nrt]/g, " ")))) if (runs.has(run)) seen.add(run);
    }
  }
  const counts = new Map<RenderedPrompt, number>();
  for (const run of seen) for (const one of runs.get(run) ?? []) counts.set(one, (counts.get(one) ?? 0) + 1);
  return new Map([...counts].map(([one, count]) => [one, count / Math.max(1, totals.get(one) ?? 1)]));
}

function* runsOf(words: readonly string[]): Generator<string> {
  for (let at = 0; at + runLength <= words.length; at += 1) yield words.slice(at, at + runLength).join(" ");
}
