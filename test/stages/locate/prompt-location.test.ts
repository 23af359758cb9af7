import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { astGrepLiterals } from "../../../src/adapters/ast-grep-literals/ast-grep-literals.ts";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import { locate, RepositoryIndex } from "../../../src/stages/locate.ts";
import { aSession } from "../../builders/session-builder.ts";

const data = new URL("../../../../shared/data/prompt-location/", import.meta.url).pathname;

const caseSchema = z.object({
  case_id: z.string(),
  recorded_text: z.string(),
  repo: z.string(),
  commit: z.string(),
  note: z.string().nullish(),
  expected_sources: z.array(z.object({ path: z.string(), first_line: z.number(), last_line: z.number(), lines_matched: z.number() })),
});

const cases = existsSync(data) ? z.array(caseSchema).parse(JSON.parse(readFileSync(join(data, "cases.json"), "utf8"))) : [];

/** The prompt files of a case's repository at its commit; none where the data has no files of it. */
function filesOf({ commit, repo }: z.infer<typeof caseSchema>): Readonly<Record<string, string>> {
  const name = repo.replace(/^github:/, "").replace("/", "+");
  const folder = join(data, "prompt-files", `${name}@${commit.slice(0, 9)}`);
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
  );
}

/** The agent that the trace names, where the note says so. */
const agentOf = ({ note }: z.infer<typeof caseSchema>): { readonly agent?: string } => {
  const [, agent] = /sits under (\w+)\.run/.exec(note ?? "") ?? [];
  return agent === undefined ? {} : { agent };
};

const trials = cases.map((one) => {
  const files = filesOf(one);
  // Lines of code are not in the data: only what stands in a prompt file can be asked for.
  const wanted = one.expected_sources.filter(({ path }) => files[path] !== undefined);
  return { ...one, files, wanted };
});

const literals = astGrepLiterals();
const index = new RepositoryIndex();

async function find(trial: (typeof trials)[number]) {
  const { files, recorded_text: instructions } = trial;
  const checkout = await memoryWorkspace({ repository: { owner: "corpus", name: "agent" }, files }).open("HEAD");
  const sessions = [{ ...aSession([{ user: "hi" }, { agent: "hello" }], { instructions }), ...agentOf(trial) }];
  return locate({ sessions, checkout }, { literals, index });
}

describe.skipIf(!existsSync(data))("prompts recorded of public agents", () => {
  test("are twelve cases, and their files are read", () => {
    expect(cases).toHaveLength(12);
    expect(trials.filter(({ wanted }) => wanted.length > 0).length).toBeGreaterThanOrEqual(5);
  });

  test.each(trials.filter(({ wanted }) => wanted.length > 0).map((trial) => [trial.case_id, trial] as const))(
    "%s is found at the right lines of the right file, and nowhere else",
    async (_id, trial) => {
      const located = await find(trial);
      const places = located.result === "found" ? located.sources.filter((source) => source.kind !== "parameter") : [];
      expect(places.map(({ path }) => path)).toEqual(trial.wanted.map(({ path }) => path));
      for (const [at, { first_line: first, last_line: last }] of trial.wanted.entries()) {
        const lines = places[at]?.lines ?? { first: 0, last: 0 };
        expect(lines.first).toBeLessThanOrEqual(last);
        expect(lines.last).toBeGreaterThanOrEqual(first);
      }
    },
  );

  test.each(trials.filter(({ wanted }) => wanted.length === 0).map((trial) => [trial.case_id, trial] as const))(
    "%s stands in none of the files, and no place is claimed",
    async (_id, trial) => {
      expect((await find(trial)).result).not.toBe("found");
    },
  );
});
