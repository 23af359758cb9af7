import type { FailureCluster } from "../domain/cluster.ts";
import type { ScanDocument } from "../domain/documents.ts";
import type { ProjectId } from "../domain/ids.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { PromptTemplate } from "../domain/text/prompt-template.ts";
import type { Session } from "../domain/session.ts";
import type { Trace } from "../domain/span.ts";
import type { ModelClient } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { TraceQuery, TraceReader } from "../ports/trace-store.ts";
import { assemble } from "../stages/assemble.ts";
import { cluster } from "../stages/cluster.ts";
import { label } from "../stages/label.ts";
import { concurrently } from "./concurrently.ts";

export interface ScanInput {
  readonly project: ProjectId;
  readonly window?: Pick<TraceQuery, "from" | "to" | "limit">;
  /** Clusters that carry labels: taken as they are, no clusters are looked for then. */
  readonly labelled?: readonly FailureCluster[];
  /** The clusters of the last scan: what keeps ids stable. */
  readonly previous: readonly FailureCluster[];
}

export interface Scanned {
  readonly document: ScanDocument;
  readonly sessions: readonly Session[];
}

/** Reads a project's traces, says of every session how it ended, and groups the failures. Without a model only labels and rules decide. */
export async function scan(
  input: ScanInput,
  store: TraceReader,
  labeller: { readonly client: ModelClient; readonly prompt: PromptTemplate } | undefined,
  runtime: Runtime,
): Promise<Scanned> {
  const traces: Trace[] = [];
  runtime.progress({ stage: "assemble", state: "started" });
  for await (const trace of store.read({ project: input.project, ...input.window })) traces.push(trace);
  const { sessions, notUnderstood } = assemble(traces);
  runtime.progress({ stage: "assemble", state: "finished", done: sessions.length, unit: "sessions" });

  runtime.progress({ stage: "label", state: "started", total: sessions.length, unit: "sessions" });
  let labelled = 0;
  const outcomes = await concurrently(sessions, 8, async (session) => {
    runtime.signal.throwIfAborted();
    const outcome = await label(session, labeller, runtime);
    labelled += 1;
    if (labelled % 50 === 0)
      runtime.progress({ stage: "label", state: "running", done: labelled, total: sessions.length, unit: "sessions" });
    return outcome;
  });
  const count = (result: Outcome["result"]): number => outcomes.filter((outcome) => outcome.result === result).length;
  runtime.progress({
    stage: "label",
    state: "finished",
    done: sessions.length,
    unit: "sessions",
    note: `${count("failed")} failed, ${count("unclear")} unclear`,
  });

  runtime.progress({ stage: "cluster", state: "started" });
  const native = input.labelled ?? (await store.clusters(input.project));
  const clusters = native.length > 0 ? native : cluster({ project: input.project, sessions, outcomes, previous: input.previous });
  runtime.progress({
    stage: "cluster",
    state: "finished",
    done: clusters.length,
    unit: "clusters",
    ...(native.length > 0 ? { note: labelledNote(native, sessions) } : {}),
  });

  const document: ScanDocument = {
    kind: "scan",
    version: 1,
    project: input.project,
    at: runtime.now(),
    sessions: sessions.length,
    succeeded: count("succeeded"),
    failed: count("failed"),
    unclear: count("unclear"),
    outcomes,
    clusters,
    notUnderstood,
  };
  return { document, sessions };
}

/** Labelled clusters are taken as they are; members that the store does not hold cannot be replayed, so they are counted aloud. */
function labelledNote(clusters: readonly FailureCluster[], sessions: readonly Session[]): string {
  const known = new Set(sessions.map((session) => session.id));
  const members = new Set(clusters.flatMap((one) => one.members));
  const missing = [...members].filter((id) => !known.has(id)).length;
  return missing === 0
    ? "labelled, taken as they are"
    : `labelled, taken as they are; ${missing} of their ${members.size} sessions are not in the trace store`;
}
