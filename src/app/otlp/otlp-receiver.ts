import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { TuneupError } from "../../domain/errors.ts";
import type { Instant } from "../../domain/ids.ts";
import type { OtlpCodec } from "../../ports/otlp-codec.ts";
import type { ProjectDirectory } from "../../ports/project-directory.ts";
import type { Log } from "../../ports/runtime.ts";
import type { TraceStore } from "../../ports/trace-store.ts";
import { Admission } from "./admission.ts";
import { sendAnswer } from "./answers.ts";
import { GroupCommit } from "./group-commit.ts";
import { receiveRequest, type ReceivingParts } from "./receive-request.ts";
import { ReceivedCounts } from "./received-counts.ts";
import { defaultReceiverLimits, type ReceiverLimits } from "./receiver-limits.ts";
import { RefusalLog } from "./refusal-log.ts";

export interface OtlpReceiverOptions {
  readonly store: Pick<TraceStore, "add">;
  readonly projects: Pick<ProjectDirectory, "projectOf" | "noteReceived">;
  readonly codec: OtlpCodec;
  readonly log: Log;
  readonly now: () => Instant;
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  readonly limits?: Partial<ReceiverLimits>;
}

export interface OtlpReceiver {
  /** Where it listens, for example `http://127.0.0.1:4318`. */
  readonly url: string;
  /** Takes no new request, answers those under way, cuts what is left after `stopTime`, and resolves. Neither store nor projects are closed. */
  close(): Promise<void>;
}

/** Starts the HTTP server that takes OTLP: `POST /v1/traces`, `POST /v1/logs`, `GET /healthz`, nothing else. No page of a browser may send here: there are no CORS headers. */
export async function startOtlpReceiver(options: OtlpReceiverOptions): Promise<OtlpReceiver> {
  const limits = { ...defaultReceiverLimits, ...options.limits };
  const clock = (): number => Date.parse(options.now());
  const counts = new ReceivedCounts(options.projects);
  const commits = new GroupCommit(options.store);
  const refusals = new RefusalLog(options.log, clock);
  let isStopping = false;
  const parts: ReceivingParts = {
    ...options,
    limits,
    counts,
    commits,
    admission: new Admission(limits, clock),
    isStopping: () => isStopping,
  };
  const server = createServer({
    headersTimeout: limits.headersTime,
    requestTimeout: limits.requestTime,
    connectionsCheckingInterval: limits.checkEvery,
    keepAliveTimeout: 65_000,
  });
  server.maxConnections = limits.connections;
  const handle = (request: IncomingMessage, response: ServerResponse, proceed: () => void): void => {
    if (request.url === "/healthz" && request.method === "GET") return answerHealth(response, isStopping);
    receiveRequest(request, parts, proceed)
      .then(({ answer, project }) => {
        if (answer.status !== 200) refusals.refused(project, answer.status);
        if (!request.complete) cutAfter(request, limits.lingerTime);
        if (isStopping) response.setHeader("connection", "close");
        sendAnswer(response, answer);
      })
      .catch((error: unknown) => {
        options.log.error({ error: error instanceof Error ? error.name : "unknown" }, "answering a sender failed");
        request.socket.destroy();
      });
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => handle(request, response, () => undefined));
  // A sender that asks first is told before it sends a body for nothing.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    handle(request, response, () => response.writeContinue()),
  );
  await listen(server, options);
  return {
    url: urlOf(server, options),
    async close() {
      isStopping = true;
      await closeServer(server, limits.stopTime);
      await commits.idle();
      await counts.flush();
    },
  };
}

function answerHealth(response: ServerResponse, isStopping: boolean): void {
  response.writeHead(isStopping ? 503 : 200, { "content-type": "text/plain; charset=utf-8" }).end(isStopping ? "stopping" : "ok");
}

/** A refused sender may read its answer while it still sends; one that does not stop sending is cut off. */
function cutAfter(request: IncomingMessage, milliseconds: number): void {
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), milliseconds).unref();
  const spare = (): void => clearTimeout(timer);
  request.once("end", spare);
  request.once("close", spare);
}

function closeServer(server: Server, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), milliseconds);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function urlOf(server: Server, { host, port }: OtlpReceiverOptions): string {
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${listening}`;
}

function listen(server: Server, { port, host }: OtlpReceiverOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "another program listens there" : (cause.code ?? cause.message);
      reject(
        new TuneupError("config-invalid", `Tuneup cannot receive traces on ${host}:${port}: ${why}.`, {
          remedy: "Choose another OTLP_PORT or OTLP_HOST. A Collector on the same machine often has 4318.",
          fields: { host, port },
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
