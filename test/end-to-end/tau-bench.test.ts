import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readClusterFile } from "../../src/adapters/cluster-file/cluster-file.ts";
import { instant, projectId } from "../../src/domain/ids.ts";
import { scan, type Scanned } from "../../src/pipeline/scan.ts";
import type { Runtime } from "../../src/ports/runtime.ts";
import { hasTauBench, jsonLines, retailRootCauses, storeOf, tauBenchTranscripts } from "./tau-bench-transcripts.ts";

const project = projectId("airline");
const nothing = (): void => undefined;
const runtime: Runtime = {
  now: () => instant("2026-01-12T00:00:00.000Z"),
  signal: new AbortController().signal,
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  progress: nothing,
};

type Options = Partial<Parameters<typeof scan>[0]>;
const scanned = async (content: string, options: Options = {}): Promise<Scanned> =>
  scan({ project, previous: [], ...options }, await storeOf(content, project), undefined, runtime);

const fixture = readFileSync(fileURLToPath(new URL("../fixtures/tau-bench/airline.jsonl", import.meta.url)), "utf8");

describe("six recorded airline sessions", () => {
  test("are read, labelled and grouped by what they show", async () => {
    const { document } = await scanned(fixture);
    expect(document).toMatchObject({ sessions: 6, succeeded: 3, failed: 3, unclear: 0 });
    expect(document.clusters.map((one) => [one.title, one.nature, one.members])).toEqual([
      ["no visible error (2)", "no-visible-error", ["airline-16-1", "airline-32-2"]],
      ["book_reservation: Error: payment amount does not add up, total price is <*>, but paid <*>", "cause", ["airline-46-3"]],
    ]);
  });

  test("without their labels are left open rather than guessed, but for what a rule is sure of", async () => {
    const unlabelled = fixture.replaceAll(/"outcome":"(?:success|failure)",/g, "");
    const { document } = await scanned(unlabelled);
    const wrong = document.outcomes.filter(
      (outcome) => outcome.result === "failed" && !["airline-16-1", "airline-32-2", "airline-46-3"].includes(outcome.sessionId),
    );
    expect(wrong).toEqual([]);
    expect(document.unclear).toBeGreaterThanOrEqual(5);
  });

  test("carry no reward, no task and no gold action", () => {
    expect(fixture).not.toMatch(/"(?:reward|reward_info|gt_data_hash|actions|instruction)"/);
  });
});

describe.skipIf(!hasTauBench)("all recorded airline sessions", () => {
  test("are a hundred, of which fifty-one failed, each in one cluster, most without a visible error", async () => {
    const { document } = await scanned(jsonLines(tauBenchTranscripts("gpt-4o-airline.even.json.gz", "airline")));
    expect(document).toMatchObject({ sessions: 100, succeeded: 49, failed: 51, unclear: 0 });
    expect(document.clusters.flatMap((one) => one.members)).toHaveLength(51);
    expect(new Set(document.clusters.flatMap((one) => one.members)).size).toBe(51);
    const shown = document.clusters.filter((one) => one.signature !== undefined).flatMap((one) => one.members);
    expect(shown.length).toBeLessThan(51 * 0.25);
    expect(document.clusters.length).toBeGreaterThan(2);
    expect(document.clusters.length).toBeLessThan(12);
  });

  test("keep their cluster ids when a tenth is new", async () => {
    const lines = tauBenchTranscripts("gpt-4o-airline.even.json.gz", "airline");
    const before = (await scanned(jsonLines(lines.slice(0, 90)))).document.clusters;
    const after = (await scanned(jsonLines(lines), { previous: before })).document.clusters;
    const idOf = new Map(before.flatMap((one) => one.members.map((member) => [member, one.id] as const)));
    const carried = after.flatMap((one) => one.members.flatMap((member) => (idOf.has(member) ? [idOf.get(member) === one.id] : [])));
    expect(carried.filter(Boolean).length / carried.length).toBeGreaterThanOrEqual(0.6);
  });

  test("human root causes of the failed retail sessions come back unchanged as labelled clusters", async () => {
    const causes = retailRootCauses();
    expect(causes.flatMap((one) => one.members)).toHaveLength(14);
    const labelled = readClusterFile("root-causes.json", JSON.stringify(causes), project);
    const { document } = await scanned(jsonLines(tauBenchTranscripts("agentrx-retail.even.json.gz", "retail")), { labelled });
    expect(document).toMatchObject({ sessions: 51, failed: 14 });
    expect(document.clusters.map((one) => ({ title: one.title, members: one.members }))).toEqual(causes);
    const failed = new Set(document.outcomes.flatMap((outcome) => (outcome.result === "failed" ? [outcome.sessionId as string] : [])));
    expect(causes.flatMap((one) => one.members).filter((member) => !failed.has(member))).toEqual([]);
  });
});
