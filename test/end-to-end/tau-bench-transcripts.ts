import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { MemoryTraceStore } from "../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { transcriptFileFormat } from "../../src/adapters/transcript/transcript-file-format.ts";
import type { ProjectId } from "../../src/domain/ids.ts";
import type { Trace } from "../../src/domain/span.ts";
import type { TraceStore } from "../../src/ports/trace-store.ts";

/** Large public data sets, if present. */
export const tauBench = fileURLToPath(new URL("../../../shared/data/tau-bench/", import.meta.url));
export const hasTauBench = existsSync(tauBench);

const recorded = z.object({
  task_id: z.union([z.number(), z.string()]),
  trial: z.number().default(0),
  reward: z.number(),
  info: z.unknown(),
  traj: z.array(z.looseObject({ role: z.string() })).min(1),
});
const file = z.array(recorded);

/** A session as a transcript file holds it. */
export interface TranscriptLine {
  readonly session_id: string;
  readonly outcome: "success" | "failure";
  readonly model: string;
  readonly messages: readonly Readonly<Record<string, unknown>>[];
}

/**
 * τ-bench's recorded runs as transcripts: the conversation as it was, the outcome as a label. What a trace would not show (the reward, the task
 * with its gold actions, the database) is left out. Session ids read `airline-<task>-<trial>`.
 */
export function tauBenchTranscripts(name: string, domain: string): readonly TranscriptLine[] {
  const runs = file.parse(JSON.parse(gunzipSync(readFileSync(`${tauBench}${name}`)).toString("utf8")));
  // A file with one trial a task numbers it like the task.
  const hasTrials = runs.some((run) => run.trial !== run.task_id);
  return runs.map((run) => ({
    session_id: `${domain}-${run.task_id}-${hasTrials ? run.trial : 0}`,
    outcome: run.reward === 1 ? "success" : "failure",
    model: "gpt-4o",
    messages: run.traj,
  }));
}

export const jsonLines = (lines: readonly unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

/** A store that holds a transcript file's sessions, read as the command line reads them. Throws on the first line that cannot be read. */
export async function storeOf(content: string, project: ProjectId): Promise<TraceStore> {
  const store = new MemoryTraceStore();
  for (const part of transcriptFileFormat.read("transcripts.jsonl", Buffer.from(content))) {
    if (part.kind === "problem") throw new Error(`line ${part.line ?? "?"}: ${part.reason}`);
    await store.add(project, part.batch);
  }
  return store;
}

/** All traces of a project. */
export async function tracesOf(store: TraceStore, project: ProjectId): Promise<readonly Trace[]> {
  const traces: Trace[] = [];
  for await (const trace of store.read({ project })) traces.push(trace);
  return traces;
}

const humanLabels = z.array(
  z.object({
    trajectory_id: z.number(),
    failures: z.array(z.object({ failure_id: z.number(), failure_category: z.string(), step_reason: z.string() })),
    root_cause: z.object({ failure_id: z.number() }),
    failure_summary: z.string(),
  }),
);

/** The human root causes of the failed retail sessions, as a labelled cluster file holds them: one cluster a category. */
export function retailRootCauses(): readonly { readonly title: string; readonly members: readonly string[] }[] {
  const labels = humanLabels.parse(JSON.parse(readFileSync(`${tauBench}agentrx-retail.human-failure-labels.even.json`, "utf8")));
  const categories = new Map<string, string[]>();
  for (const label of labels) {
    const root = label.failures.find((failure) => failure.failure_id === label.root_cause.failure_id);
    const title = root?.failure_category ?? "unknown";
    categories.set(title, [...(categories.get(title) ?? []), `retail-${label.trajectory_id}-0`]);
  }
  return [...categories].map(([title, members]) => ({ title, members: members.toSorted() }));
}
