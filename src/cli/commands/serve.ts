import { buildCommand } from "@stricli/core";
import { startWebhookServer, webhookPath, type WebhookServer } from "../../app/webhook-server.ts";
import { openLedger, readOperator } from "../../compose.ts";
import { openJobQueue } from "../../compose/app-service.ts";
import { jsonLog } from "../../compose/runtime.ts";
import { appCredentials } from "../app-credentials.ts";
import { registerJobs } from "../service/app-jobs.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, parseWhole, placesOf } from "../flags.ts";

interface Flags extends Omit<CommonFlags, "project" | "json"> {
  readonly port?: number;
  readonly host?: string;
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
      "any GitHub token, published by another one. Without credentials it shows a setup page that creates the App in two clicks; or set APP_ID,",
      "PRIVATE_KEY and WEBHOOK_SECRET (docs/github-app.md). Bind each repository to its trace project under `repositories` in tuneup.operator.yml.",
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
    },
  },
  async func(flags) {
    const { environment } = this;
    const places = placesOf(this, flags);
    const operator = readOperator(places, environment);
    const log = jsonLog((line) => this.process.stderr.write(line), this.now);
    const port = flags.port ?? Number(environment.port ?? 3000);
    const host = flags.host ?? environment.host ?? "127.0.0.1";
    const credentials = await appCredentials(this, { data: places.data, port, host }, log);
    if (credentials === undefined) return;
    const ledger = openLedger(places.data);
    const queue = openJobQueue(places.data, ledger);
    let server: WebhookServer | undefined;
    try {
      server = await startWebhookServer({ credentials, queue, documents: ledger, clock: () => Date.parse(this.now()), log, port, host });
      const { probot } = server;
      registerJobs(queue, { context: this, places, operator, ledger, log, app: Number(credentials.id), probot });
      await queue.start();
      log.info({ url: server.url, webhooks: webhookPath, repositories: Object.keys(operator.repositories ?? {}).length }, "listening");
      await stopped(this.signal);
      log.info({}, "stopping");
    } finally {
      await server?.close();
      await queue.stop();
      await ledger.close();
    }
  },
});
