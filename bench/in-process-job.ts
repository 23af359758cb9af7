import { MemoryLedger } from "../src/adapters/memory-ledger/memory-ledger.ts";
import { MemoryTraceStore } from "../src/adapters/memory-trace-store/memory-trace-store.ts";
import { memoryWorkspace } from "../src/adapters/memory-workspace/memory-workspace.ts";
import { otlpFileFormat } from "../src/adapters/otlp/otlp-file-format.ts";
import { readPrompts, scanSecrets } from "../src/compose.ts";
import { type JobParts, jobOf } from "../src/compose/job.ts";
import { makeRuntime } from "../src/compose/runtime.ts";
import { parseOperatorFile } from "../src/config/operator-file.ts";
import { instant, projectId } from "../src/domain/ids.ts";
import { documentSteps, eligible, improve, type JobResult } from "../src/pipeline.ts";
import { scan, type Scanned } from "../src/pipeline/scan.ts";
import { recordSessions } from "../src/simulator/record-sessions.ts";
import type { Scenario } from "../src/simulator/scenario.ts";
import { simulatedModels } from "../src/simulator/simulated-models.ts";

const prompts = readPrompts();

const runtime = makeRuntime({ signal: new AbortController().signal, now: () => instant("2026-01-20T00:00:00.000Z") });

/** The scan of a scenario's sessions as they are recorded under a seed. */
export async function scanScenario(scenario: Scenario, seed: number): Promise<Scanned> {
  const project = projectId(parseOperatorFile("scenario", scenario.operatorFile).project ?? "default");
  const store = new MemoryTraceStore();
  const lines = [...recordSessions(scenario, { seed })].join("\n");
  for (const part of otlpFileFormat.read("sessions.jsonl", Buffer.from(lines)))
    if (part.kind === "batch") await store.add(project, part.batch);
  return scan({ project, previous: [] }, store, undefined, runtime);
}

/** What a job works on: its cluster, the scan it came from, and the models. */
export interface InProcessParts extends Pick<JobParts, "cluster" | "models" | "documents" | "seed"> {
  readonly scenario: Scenario;
  readonly scanned: Scanned;
}

/** A job on a scenario, put together as the product does it. */
export const jobOn = ({ scanned, scenario, ...own }: InProcessParts): ReturnType<typeof jobOf> =>
  jobOf({
    ...own,
    scan: scanned.document,
    sessions: scanned.sessions,
    definitions: [],
    operator: parseOperatorFile("scenario", scenario.operatorFile),
    prompts,
    scanSecrets,
    inFlight: 6,
    visibility: "private",
    repository: {},
    ignoredPaths: [],
    tried: [],
  });

/** The whole job of a scenario under a seed, without disk, network or git: the stages, the prompts and the simulated model are the real ones. */
export async function inProcessJob(scenario: Scenario, seed: number): Promise<JobResult> {
  const scanned = await scanScenario(scenario, seed);
  const [cluster] = eligible(scanned.document.clusters);
  if (cluster === undefined) return { finding: { end: "no-failures", why: "no cluster with a cause" } };
  const ledger = new MemoryLedger();
  const { input, tools } = jobOn({ cluster, scanned, scenario, models: simulatedModels(scenario, seed), documents: ledger, seed });
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "support-agent" }, files: scenario.files }).open("HEAD");
  return improve(input, checkout, tools, documentSteps(ledger, String(seed)), runtime);
}

/** How a job ended, in one word. */
export const endOf = ({ finding }: JobResult): string => ("verdict" in finding ? finding.verdict.result : finding.end);
