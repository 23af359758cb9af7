import { buildCommand } from "@stricli/core";
import { runJob } from "../../app/run-job.ts";
import { runJobName, type RunRequest } from "../../app/run-request.ts";
import { startWebhookServer, webhookPath, type WebhookServer } from "../../app/webhook-server.ts";
import { openLedger, readOperator } from "../../compose.ts";
import { mintToken, mirrorCommit, openJobQueue, projectBoundTo } from "../../compose/app-service.ts";
import { publishInOwnProcess } from "../../compose/publishing.ts";
import { readInOwnProcess } from "../../compose/reading.ts";
import { jsonLog } from "../../compose/runtime.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { safeInline } from "../../domain/text/safe-text.ts";
import { appCredentials } from "../app-credentials.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, parseWhole, placesOf } from "../flags.ts";
import { program } from "../program.ts";
import { describeEnd } from "../report.ts";
import type { RunReport } from "./run.ts";

interface Flags extends Omit<CommonFlags, "project" | "json"> {
  readonly port?: number;
  readonly host?: string;
}

type Read = (request: RunRequest, checkout: { readonly token: string; readonly commit: string }, signal: AbortSignal) => Promise<RunReport>;

/** The reading half of a run, in a process that is started without any forge secret, on a mirror of the repository. */
function reader(context: CliContext, flags: Flags, operator: OperatorSettings): Read {
  const { data, operatorFile } = placesOf(context, flags);
  return async (request, checkout, signal) => {
    const repository = `${request.owner}/${request.repository}`;
    const project = projectBoundTo(repository, operator);
    const folder = await mirrorCommit({ repository, ...checkout }, { data, environment: context.environment, signal });
    const named = {
      data,
      operator: operatorFile,
      project,
      repo: folder,
      github: repository,
      revision: checkout.commit,
      cluster: request.cluster,
      "started-by": request.login,
    };
    const args = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
    return readInOwnProcess<RunReport>({ data, cwd: context.cwd, command: [...program, "run", ...args], signal });
  };
}

async function publishRun(
  context: CliContext,
  flags: Flags,
  report: RunReport,
  token: string,
): Promise<{ readonly published: boolean; readonly text: string }> {
  if (report.proposal === undefined) return { published: false, text: safeInline(describeEnd(report.finding), 1500) };
  const publication = await publishInOwnProcess(report.proposal, {
    data: placesOf(context, flags).data,
    repo: context.cwd,
    forge: "github",
    program,
    token,
  });
  if (publication.result === "left-alone") return { published: false, text: safeInline(`Left alone: ${publication.why}`, 1500) };
  const { pull } = publication;
  return { published: true, text: `${pull.adopted ? "The pull request is already there" : "Pull request opened"}: #${pull.number}` };
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
      server = await startWebhookServer({
        credentials,
        queue,
        log,
        port,
        host,
      });
      const { probot } = server;
      queue.work(
        runJobName,
        runJob({
          octokit: (installation) => probot.auth(installation),
          token: async (request, access) => mintToken(await probot.auth(), request, access),
          read: reader(this, flags, operator),
          publish: (report, token) => publishRun(this, flags, report as RunReport, token),
          log,
        }),
      );
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
