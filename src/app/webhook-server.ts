import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createNodeMiddleware, Probot, ProbotOctokit } from "probot";
import { TuneupError } from "../domain/errors.ts";
import { githubApp, type GithubAppParts } from "./github-app.ts";

export interface AppCredentials {
  readonly id: string;
  /** PEM; `\n` written out is understood too. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** GitHub Enterprise Server: `https://<host>/api/v3`. */
  readonly apiUrl?: string;
}

export interface WebhookServerOptions extends GithubAppParts {
  readonly credentials: AppCredentials;
  readonly port: number;
  readonly host: string;
}

export interface WebhookServer {
  /** Where it listens, for example `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly probot: Probot;
  /** Stops listening, lets running requests end, and resolves. */
  close(): Promise<void>;
}

export const webhookPath = "/api/github/webhooks";
/** GitHub's own limit for a delivery. */
const largestDelivery = 25 * 1024 * 1024;
const shortestSecret = 16;

/** Refuses what Probot would accept: a missing, short or default secret lets anyone start runs. Names every problem at once. */
export function checkCredentials(given: {
  readonly id?: string;
  readonly privateKey?: string;
  readonly webhookSecret?: string;
  readonly apiUrl?: string;
}): AppCredentials {
  const problems: string[] = [];
  const { id = "", privateKey = "", webhookSecret = "" } = given;
  if (!/^\d{1,12}$/.test(id)) problems.push("APP_ID must be the App's number (its settings page shows it)");
  const pem = privateKey.replaceAll("\\n", "\n");
  if (!/-----BEGIN (RSA )?PRIVATE KEY-----/.test(pem)) problems.push("PRIVATE_KEY must hold the App's private key, the whole PEM text");
  if (webhookSecret === "development" || webhookSecret.length < shortestSecret)
    problems.push(`WEBHOOK_SECRET must have at least ${shortestSecret} characters, the same as in the App's settings`);
  if (problems.length > 0) {
    throw new TuneupError("config-invalid", `The GitHub App is not set up:\n  - ${problems.join("\n  - ")}`, {
      remedy: "docs/github-app.md shows how to create the App from app.yml and where its three secrets go.",
      fields: { problems },
    });
  }
  return { id, privateKey: pem, webhookSecret, ...(given.apiUrl === undefined ? {} : { apiUrl: given.apiUrl }) };
}

/** Starts the App's HTTP server: signed webhooks at `/api/github/webhooks`, `GET /healthz`, nothing else. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { credentials } = options;
  const probot = new Probot({
    appId: credentials.id,
    privateKey: credentials.privateKey,
    secret: credentials.webhookSecret,
    logLevel: "fatal",
    // The object form of these options is ignored by Probot; our own job steps decide about trying again.
    Octokit: ProbotOctokit.defaults((defaults: Record<string, object>) => ({
      ...defaults,
      throttle: { ...defaults["throttle"], enabled: false },
      retry: { enabled: false },
    })),
    ...(credentials.apiUrl === undefined ? {} : { baseUrl: credentials.apiUrl }),
  });
  const middleware = await createNodeMiddleware(githubApp(options), { probot, webhooksPath: webhookPath });
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    if (request.url === "/healthz") return answer(response, 200, "ok");
    if (request.url?.split("?")[0] !== webhookPath) return answer(response, 404, "not found");
    if (!isWithinLimit(request, response)) return undefined;
    return void middleware(request, response, () => answer(response, 404, "not found"));
  });
  await listen(server, options.port, options.host);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    probot,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

/** Turns away deliveries beyond GitHub's limit before and while they are read; chunked ones are counted. */
function isWithinLimit(request: IncomingMessage, response: ServerResponse): boolean {
  if (Number(request.headers["content-length"] ?? 0) > largestDelivery) {
    answer(response, 413, "the delivery is larger than 25 MB");
    request.destroy();
    return false;
  }
  if (request.headers["content-length"] !== undefined) return true;
  let received = 0;
  const emit = request.emit.bind(request);
  // Counted in `emit`, because a `data` listener would start the flow before Probot reads.
  request.emit = ((event: string, ...values: unknown[]): boolean => {
    const [chunk] = values;
    if (event === "data" && (chunk instanceof Buffer || typeof chunk === "string")) received += chunk.length;
    if (received > largestDelivery) {
      request.destroy();
      return false;
    }
    return emit(event, ...values);
  }) as typeof request.emit;
  return true;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "another program listens there" : (cause.code ?? cause.message);
      reject(
        new TuneupError("config-invalid", `Tuneup cannot listen on ${host}:${port}: ${why}.`, {
          remedy: "Choose another PORT or HOST.",
          fields: { host, port },
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
