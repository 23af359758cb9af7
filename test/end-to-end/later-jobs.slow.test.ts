import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesOf } from "../../src/compose/state.ts";
import { textKey } from "../../src/app/commands/command-request.ts";
import { shippedFile } from "../../src/compose.ts";
import type { Evidence } from "../../src/domain/evidence.ts";
import type { Finding } from "../../src/domain/finding.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import { recordSessions } from "../../src/simulator/record-sessions.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { aRepository, gitIn } from "../builders/git-repository.ts";
import { tuneup } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-later-"));
const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
const cwd = join(root, "agent");
const data = join(root, "data");
let server: SimulatedModelServer;
let first: Report;

interface Report {
  readonly finding: Finding;
  readonly evidence?: Evidence;
  readonly proposal?: Proposal;
}

const run = async (...args: readonly string[]): Promise<Report> => {
  const variables = {
    ANTHROPIC_API_KEY: "any",
    ANTHROPIC_BASE_URL: server.url,
    TUNEUP_OPERATOR_FILE: join(root, "operator.yml"),
    TUNEUP_DATA: data,
  };
  const { out } = await tuneup(["run", ...args, "--json"], { cwd, variables });
  expect(out).not.toBe("");
  return JSON.parse(out) as Report;
};
const later = (...args: readonly string[]): Promise<Report> => run("--of", first.proposal?.id ?? "", "--again", ...args);
const lookedAt = ({ evidence }: Report): ReadonlySet<string> =>
  new Set(evidence?.pairs.flatMap((pair) => (pair.group === "failing" ? [pair.sessionId] : [])));

beforeAll(async () => {
  server = await startSimulatedModelServer({ scenario, seed: 1 });
  mkdirSync(cwd);
  aRepository(cwd, scenario.files);
  writeFileSync(join(root, "traces.jsonl"), [...recordSessions(scenario, { seed: 1 })].join("\n"));
  writeFileSync(join(root, "operator.yml"), scenario.operatorFile);
  first = await run("--traces", join(root, "traces.jsonl"));
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

describe("after a published edit", () => {
  test("the first job has the whole error level", () => {
    expect(first.finding.end).toBe("published");
    expect(first.evidence?.plan.spending).toBeUndefined();
  });

  test("a replay tests the same edit on sessions nobody looked at, drafts nothing, and spends a later job's level", async () => {
    const again = await later("replay", "--more", "20");
    const looked = lookedAt(first);
    expect([...lookedAt(again)].filter((id) => looked.has(id))).toEqual([]);
    expect(again.evidence?.pairs.length).toBeGreaterThan(0);
    expect(again.evidence?.candidates.map((candidate) => candidate.id)).toEqual([first.evidence?.winner]);
    expect(again.evidence?.plan.spending?.job).toBe(2);
    expect(again.evidence?.drafting).toMatchObject({ inputTokens: 0 });
  });

  test("a revision is drafted after a person's words, is tested as a later job, and does not bring the same edit", async () => {
    const ledger = filesOf(data).ledger();
    await ledger.put(textKey("sha256:77"), "Say it more kindly.");
    await ledger.close();
    const revised = await later("revise", "--words", "sha256:77");
    expect(["proposed", "published", "decided", "no-draft", "refused"]).toContain(revised.finding.end);
    expect(revised.evidence?.candidates.map((candidate) => candidate.id) ?? []).not.toContain(first.evidence?.winner);
    expect(revised.evidence?.plan.spending?.job ?? 2).toBeGreaterThanOrEqual(2);
  });

  test("a rebase moves the edit where the prompt is the same, and replays nothing", async () => {
    const [path = ""] = first.proposal?.files.map((file) => file.path) ?? [];
    const before = server.requests();
    writeFileSync(join(cwd, path), `${scenario.files[path] ?? ""}\n`);
    gitIn(cwd, "commit", "--quiet", "--all", "--message", "A line at the end");
    const moved = await later("rebase");
    expect(moved.finding.end).toBe("published");
    expect(server.requests()).toBe(before);
    const branch = first.proposal?.branch ?? "";
    expect(gitIn(cwd, "merge-base", "main", branch)).toBe(gitIn(cwd, "rev-parse", "main"));
    expect(gitIn(cwd, "diff", "--numstat", `main..${branch}`)).toMatch(/^\d+\s\d+\s/);
  });
});
