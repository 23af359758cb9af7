import { buildCommand } from "@stricli/core";
import { Fences } from "../../app/fenced-steps.ts";
import { startWebhookServer, webhookPath } from "../../app/webhook-server.ts";
import { lookRules, readOperator } from "../../compose.ts";
import { jsonLog, noTelemetry } from "../../compose/runtime.ts";
import { tracedDeliveries, tracedQueue } from "../../compose/telemetry/traced-service.ts";
import { ledgerRateWindow } from "../../pipeline/standing/rate-window.ts";
import { auditedQueue, oneAtATime, serviceGuards, writePace } from "../../compose/service.ts";
import { openAll } from "../../compose/state.ts";
import { otlpFlags, receiveBeside } from "../receiving/receiver-process.ts";
import { appCredentials } from "../app-credentials.ts";
import { warnOfUnknownProjects } from "../receiving/redaction-projects.ts";
import { registerJobs } from "../service/app-jobs.ts";
import { endsInTime, keptDeliveries } from "../service/kept-deliveries.ts";
import { metricsPlaces, offerMetrics } from "../service/service-metrics.ts";
import { startUpkeep } from "../service/service-upkeep.ts";
import { keepRetention, type Stoppable } from "../store/retention-upkeep.ts";
import { exitCode } from "../exit-code.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, parseWhole, placesOf } from "../flags.ts";

interface Flags extends Omit<CommonFlags, "project" | "json"> {
  readonly port?: number;
  readonly host?: string;
  readonly otlpPort?: number;
  readonly otlpHost?: string;
  readonly noReceiver?: boolean;
}

/** Resolves when the user or the service manager wants Tuneup to stop. */
const stopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

export const serveCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Run the GitHub App: comments `/tuneup run` start the job",
    fullDescription: [
      "Listens for GitHub's signed webhooks. A comment `/tuneup run` by someone who may write becomes a durable job: proven in a process without",
      "any GitHub token, published by another one. Without credentials it shows a setup page that creates the App in a few clicks; or set APP_ID,",
      "PRIVATE_KEY and WEBHOOK_SECRET (docs/github-app.md). Bind each repository to its trace project under `repositories` in tuneup.operator.yml.",
      "As soon as there is a trace project (`tuneup project create`), receives its traces as OTLP on a port of its own (docs/send-traces.md).",
      "",
      "  tuneup serve --port 3000 --host 0.0.0.0",
    ].join("\n"),
  },
  parameters: {
    flags: {
      data: commonFlags.data,
      operator: commonFlags.operator,
      port: { kind: "parsed", parse: parseWhole, optional: true, brief: "Port for webhooks (default: $PORT or 3000)", placeholder: "n" },
      host: flag.text("Address to listen on (default: $HOST or 127.0.0.1; containers need 0.0.0.0)", "address"),
      otlpPort: otlpFlags.port,
      otlpHost: otlpFlags.host,
      noReceiver: flag.toggle("Do not receive traces"),
    },
  },
  async func(flags) {
    const { environment: given } = this;
    const places = placesOf(this, flags);
    const operator = readOperator(places, given);
    const log = jsonLog((line) => this.process.stderr.write(line), this.now);
    const port = flags.port ?? Number(given.port ?? 3000);
    const host = flags.host ?? given.host ?? "127.0.0.1";
    const credentials = await appCredentials(this, { data: places.data, port, host }, log);
    if (credentials === undefined) return;
    // Where the setup page stored the address of an Enterprise Server, everything that this service starts is to ask there too.
    const environment = { ...given, ...(credentials.apiUrl === undefined ? {} : { githubApiUrl: credentials.apiUrl }) };
    const context: CliContext = { ...this, environment };
    const state = await openAll(places);
    const { jobs, ledger, projects, records } = state;
    await warnOfUnknownProjects(operator, projects, this.now(), log);
    const fences = new Fences(oneAtATime(records.leases, this.now));
    const { telemetry = noTelemetry } = this;
    const queue = tracedQueue(auditedQueue(jobs, records.audit, this.now), telemetry);
    const intake = keptDeliveries(records, { now: this.now, log, signal: this.signal, traced: tracedDeliveries(telemetry) });
    const running: Stoppable[] = [intake, queue];
    const receiving = flags.noReceiver === true ? Promise.resolve() : receiveBeside(this, flags, log);
    try {
      const server = await startWebhookServer({
        credentials,
        queue,
        documents: ledger,
        clock: () => Date.parse(this.now()),
        log,
        port,
        host,
        accept: intake.accept,
        problems: intake.problems,
        telemetry,
        window: ledgerRateWindow(ledger),
        guards: [...serviceGuards(records.audit, this.now, lookRules(environment, operator)), fences.guard],
        ...writePace(records.leases, this.now, credentials.apiUrl),
      });
      running.push({ stop: () => server.close() });
      const { probot } = server;
      const app = Number(credentials.id);
      const approvals = { documents: ledger, app, wanted: operator.approval ?? "another-person", alone: fences.alone, log };
      const service = { context, places, operator, ledger, log, app, probot, approvals, fences };
      registerJobs(queue, service);
      await queue.start();
      intake.start((delivery) => server.handle(delivery));
      const retention = await keepRetention(this, flags, operator, log);
      running.push(startUpkeep(service, { records, queue, retention, projects }));
      running.push(await offerMetrics({ records, jobs, ledger, projects, operator, now: this.now }, metricsPlaces(this, host), log));
      log.info({ url: server.url, webhooks: webhookPath, repositories: Object.keys(operator.repositories ?? {}).length }, "listening");
      await stopped(this.signal);
      log.info({}, "stopping");
    } finally {
      if (!(await endsInTime(Promise.allSettled([receiving, ...running.map((one) => one.stop())])))) {
        log.warn({}, "stopped while jobs were running; they go on after the next start");
        // What does not end by itself would keep the process alive; finished steps are on disk.
        await telemetry.close();
        process.exit(exitCode.success);
      }
      await state.close();
    }
  },
});
