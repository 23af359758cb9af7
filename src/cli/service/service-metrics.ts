import { setTimeout as pause } from "node:timers/promises";
import { MetricsPush } from "../../app/metrics-push.ts";
import { type MetricsServer, startMetricsServer } from "../../app/metrics-server.ts";
import { version } from "../../compose.ts";
import { telemetryResource } from "../../compose/telemetry/start-telemetry.ts";
import { type MetricsTarget, telemetrySettings } from "../../config/telemetry-settings.ts";
import type { CliContext } from "../context.ts";
import type { ServiceRecords } from "../../compose/service.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { instant, type Instant, projectId } from "../../domain/ids.ts";
import type { JobRecords } from "../../ports/job-records.ts";
import type { Spending } from "../../ports/ledger.ts";
import type { ProjectDirectory } from "../../ports/project-directory.ts";
import type { Log } from "../../ports/runtime.ts";
import { otlpMetrics } from "../../report/otlp-metrics.ts";
import { type Metric, prometheusText, type Sample } from "../../report/prometheus-text.ts";
import type { Stoppable } from "../store/retention-upkeep.ts";

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

export interface MetricsPlaces {
  /** Where they are asked for; nowhere when absent. */
  readonly port: string | undefined;
  readonly host: string;
  /** Where they are sent; nowhere when absent. */
  readonly target: MetricsTarget | undefined;
}

/** Where the environment wants figures. */
export const metricsPlaces = ({ environment, variables }: CliContext, host: string): MetricsPlaces => ({
  port: environment.metricsPort,
  host,
  target: telemetrySettings(variables).metrics,
});

/** Serves and sends them where the operator named a port or a receiver, and nowhere otherwise. */
export async function offerMetrics(parts: Omit<MetricsParts, "machine">, places: MetricsPlaces, log: Log): Promise<Stoppable> {
  const { host, port, target } = places;
  const machine = (): MetricsParts["machine"] => ({ memoryBytes: process.memoryUsage.rss(), uptimeSeconds: process.uptime() });
  const figures = (): Promise<readonly Metric[]> => serviceMetrics({ ...parts, machine: machine() });
  const server: MetricsServer | undefined =
    port === undefined
      ? undefined
      : await startMetricsServer({ port: Number(port), host, metrics: async () => prometheusText(await figures()) });
  if (server !== undefined) log.info({ url: server.url }, "serving figures");
  const push = target === undefined ? undefined : await pushTo(target, figures, parts.now, log);
  return { stop: async () => void (await Promise.all([server?.close(), push?.stop()])) };
}

async function pushTo(target: MetricsTarget, figures: () => Promise<readonly Metric[]>, now: () => Instant, log: Log): Promise<Stoppable> {
  const source = { resource: await telemetryResource(version), version };
  const push = new MetricsPush({
    ...target,
    metrics: async () => otlpMetrics(await figures(), source, now()),
    log,
    sleep: async (milliseconds, signal) => {
      await pause(milliseconds, undefined, { signal });
    },
  });
  push.start();
  log.info({ url: target.url }, "sending figures");
  return push;
}

const byState = (counts: Readonly<Record<string, number>>, label: string): readonly Sample[] =>
  Object.entries(counts).map(([value, count]) => ({ labels: { [label]: value }, value: count }));

const since = instant("1970-01-01T00:00:00.000Z");

/** What the service did and how it stands, counted in the database at this moment: true for all processes, and over restarts. Counts only, no text. */
export async function serviceMetrics(parts: MetricsParts): Promise<readonly Metric[]> {
  const { jobs, machine, now, records } = parts;
  const { oldest, ...deliveries } = await records.inbox.counts();
  return [
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
