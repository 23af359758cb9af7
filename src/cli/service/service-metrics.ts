import { type MetricsServer, startMetricsServer } from "../../app/metrics-server.ts";
import type { ServiceRecords } from "../../compose/service.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { instant, type Instant, projectId } from "../../domain/ids.ts";
import type { JobRecords } from "../../ports/job-records.ts";
import type { Spending } from "../../ports/ledger.ts";
import type { ProjectDirectory } from "../../ports/project-directory.ts";
import { type Metric, prometheusText, type Sample } from "../../report/prometheus-text.ts";

export interface MetricsParts {
  readonly records: Pick<ServiceRecords, "inbox" | "audit">;
  readonly jobs: Pick<JobRecords, "counts">;
  readonly ledger: Spending;
  /** Trace projects that receive traces. */
  readonly projects: Pick<ProjectDirectory, "list">;
  readonly operator: OperatorSettings;
  readonly now: () => Instant;
  readonly machine: { readonly memoryBytes: number; readonly uptimeSeconds: number };
}

/** Serves them where the operator named a port, and nowhere otherwise. */
export async function serveMetrics(
  parts: Omit<MetricsParts, "machine">,
  place: { readonly port: string | undefined; readonly host: string },
): Promise<MetricsServer | undefined> {
  if (place.port === undefined) return undefined;
  const machine = (): MetricsParts["machine"] => ({ memoryBytes: process.memoryUsage.rss(), uptimeSeconds: process.uptime() });
  return startMetricsServer({
    port: Number(place.port),
    host: place.host,
    metrics: () => serviceMetrics({ ...parts, machine: machine() }),
  });
}

const byState = (counts: Readonly<Record<string, number>>, label: string): readonly Sample[] =>
  Object.entries(counts).map(([value, count]) => ({ labels: { [label]: value }, value: count }));

const since = instant("1970-01-01T00:00:00.000Z");

/** What the service did and how it stands, counted in the database at this moment: true for all processes, and over restarts. Counts only, no text. */
export async function serviceMetrics(parts: MetricsParts): Promise<string> {
  const { jobs, machine, now, records } = parts;
  const { oldest, ...deliveries } = await records.inbox.counts();
  const metrics: readonly Metric[] = [
    metric("tuneup_deliveries", "gauge", "Webhook deliveries by state; `failed` were given up.", byState(deliveries, "state")),
    metric("tuneup_oldest_waiting_delivery_seconds", "gauge", "Age of the oldest delivery that waits.", [
      { value: oldest === undefined ? 0 : Math.max(0, (Date.parse(now()) - Date.parse(oldest)) / 1000) },
    ]),
    metric("tuneup_jobs", "gauge", "Jobs by state; `failed` were given up.", byState(await jobs.counts(), "state")),
    metric(
      "tuneup_audit_entries_total",
      "counter",
      "What was asked for, written and held back, by action.",
      byState(await records.audit.counts(), "action"),
    ),
    ...(await spending(parts)),
    ...(await receiving(parts)),
    metric("process_resident_memory_bytes", "gauge", "Memory of the serving process.", [{ value: machine.memoryBytes }]),
    metric("process_uptime_seconds", "gauge", "Since the serving process started.", [{ value: machine.uptimeSeconds }]),
  ];
  return prometheusText(metrics);
}

const metric = (name: string, kind: Metric["kind"], help: string, samples: readonly Sample[]): Metric => ({ name, kind, help, samples });

async function spending({ ledger, operator }: MetricsParts): Promise<readonly Metric[]> {
  const projects = [...new Set(Object.values(operator.repositories ?? {}).map(({ project }) => project))].toSorted();
  const tokens: Sample[] = [];
  const dollars: Sample[] = [];
  for (const project of projects) {
    const usage = await ledger.spent(projectId(project), since);
    tokens.push({ labels: { project, direction: "input" }, value: usage.inputTokens });
    tokens.push({ labels: { project, direction: "output" }, value: usage.outputTokens });
    if (usage.dollars !== undefined) dollars.push({ labels: { project }, value: usage.dollars });
  }
  return [
    metric("tuneup_model_tokens_total", "counter", "Tokens paid for, by trace project.", tokens),
    metric("tuneup_model_dollars_total", "counter", "Money paid for models where prices are known, by trace project.", dollars),
  ];
}

async function receiving({ now, projects }: MetricsParts): Promise<readonly Metric[]> {
  const listed = await projects.list(now());
  const lastReceived = listed.flatMap(({ lastReceivedAt, name }): readonly Sample[] =>
    lastReceivedAt === undefined ? [] : [{ labels: { project: name }, value: Date.parse(lastReceivedAt) / 1000 }],
  );
  return [
    metric(
      "tuneup_received_spans_total",
      "counter",
      "Spans received over OTLP, by trace project; sent twice counts twice.",
      listed.map(({ name, spans }) => ({ labels: { project: name }, value: spans })),
    ),
    metric(
      "tuneup_received_log_records_total",
      "counter",
      "Log records received over OTLP, by trace project.",
      listed.map(({ logRecords, name }) => ({ labels: { project: name }, value: logRecords })),
    ),
    metric("tuneup_last_received_timestamp_seconds", "gauge", "When something was last received, by trace project.", lastReceived),
  ];
}
