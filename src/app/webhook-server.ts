import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Probot } from "probot";
import { TuneupError } from "../domain/errors.ts";
import type { Delivery } from "../ports/inbox.ts";
import type { RateWindow, WriteGuard, WritePace } from "../ports/outgoing.ts";
import type { Telemetry } from "../ports/runtime.ts";
import { githubApp, type GithubAppParts } from "./github-app.ts";
import { BodyBudget, readBody } from "./intake/bounded-body.ts";
import { deliveryOf, headerProblem } from "./intake/delivery.ts";
import { isSigned } from "./intake/signature.ts";
import { makeProbot } from "./make-probot.ts";

export interface AppCredentials {
  readonly id: string;
  /** PEM; `\n` written out is understood too. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** The secret before the last rotation, accepted as well until it is taken away. */
  readonly previousWebhookSecret?: string;
  /** GitHub Enterprise Server: `https://<host>/api/v3`. */
  readonly apiUrl?: string;
}

export interface WebhookServerOptions extends GithubAppParts {
  readonly credentials: AppCredentials;
  readonly port: number;
  readonly host: string;
  /** Keeps a delivery durably before it is answered; the work is done later. Without it, it is worked on before it is answered. */
  readonly accept?: (delivery: Delivery) => Promise<void>;
  /** Stand before every request of the App that writes. */
  readonly guards?: readonly WriteGuard[];
  /** Sees every request to GitHub. */
  readonly telemetry?: Telemetry;
  /** When GitHub wanted quiet; shared by all processes of the installation. */
  readonly window?: RateWindow;
  /** Keeps writes apart in time; shared likewise. */
  readonly pace?: WritePace;
  /** What keeps the service from working at this moment; `GET /readyz` answers 503 with it. */
  readonly problems?: () => Promise<readonly string[]>;
  readonly limits?: Partial<IntakeLimits>;
}

/** What one sender, and all of them together, may take. */
export interface IntakeLimits {
  /** Bytes of one delivery; GitHub's own limit is 25 MB. */
  readonly largestDelivery: number;
  /** Bytes of all deliveries that are being read. */
  readonly bytesAtOnce: number;
  readonly connections: number;
  readonly headersMilliseconds: number;
  /** For the whole request; GitHub waits ten seconds for an answer. */
  readonly requestMilliseconds: number;
  /** How often Node looks for requests that are too slow. */
  readonly checkMilliseconds: number;
}

const usualLimits: IntakeLimits = {
  largestDelivery: 25 * 1024 * 1024,
  bytesAtOnce: 64 * 1024 * 1024,
  connections: 500,
  headersMilliseconds: 10_000,
  requestMilliseconds: 20_000,
  checkMilliseconds: 1000,
};

export interface WebhookServer {
  /** Where it listens, for example `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly probot: Probot;
  /** Works on one kept delivery: calls the App's handlers. Throws what they throw. */
  handle(delivery: Delivery): Promise<void>;
  /** Stops listening, lets running requests end, and resolves. */
  close(): Promise<void>;
}

const lingerMilliseconds = 300;
export const webhookPath = "/api/github/webhooks";
const shortestSecret = 16;

/** Refuses what Probot would accept: a missing, short or default secret lets anyone start runs. Names every problem at once. */
export function checkCredentials(given: {
  readonly id?: string;
  readonly privateKey?: string;
  readonly webhookSecret?: string;
  readonly previousWebhookSecret?: string;
  readonly apiUrl?: string;
}): AppCredentials {
  const problems: string[] = [];
  const { id = "", previousWebhookSecret, privateKey = "", webhookSecret = "" } = given;
  if (!/^\d{1,12}$/.test(id)) problems.push("APP_ID must be the App's number (its settings page shows it)");
  const pem = privateKey.replaceAll("\\n", "\n");
  if (!/-----BEGIN (RSA )?PRIVATE KEY-----/.test(pem)) problems.push("PRIVATE_KEY must hold the App's private key, the whole PEM text");
  if (isWeak(webhookSecret))
    problems.push(`WEBHOOK_SECRET must have at least ${shortestSecret} characters, the same as in the App's settings`);
  if (previousWebhookSecret !== undefined && isWeak(previousWebhookSecret))
    problems.push(`WEBHOOK_SECRET_PREVIOUS must have at least ${shortestSecret} characters, or be taken away`);
  if (problems.length > 0) {
    throw new TuneupError("config-invalid", `The GitHub App is not set up:\n  - ${problems.join("\n  - ")}`, {
      remedy: "docs/github-app.md shows how to create the App from app.yml and where its three secrets go.",
      fields: { problems },
    });
  }
  return {
    id,
    privateKey: pem,
    webhookSecret,
    ...(previousWebhookSecret === undefined ? {} : { previousWebhookSecret }),
    ...(given.apiUrl === undefined ? {} : { apiUrl: given.apiUrl }),
  };
}

const isWeak = (secret: string): boolean => secret === "development" || secret.length < shortestSecret;

/** Starts the App's HTTP server: signed webhooks at `/api/github/webhooks`, `GET /healthz` and `/readyz`, nothing else. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const limits = { ...usualLimits, ...options.limits };
  const { clock, guards = [], pace, telemetry, window } = options;
  const made = await makeProbot(options.credentials, githubApp(options), guards, {
    ...(window === undefined ? {} : { window, clock }),
    ...(pace === undefined ? {} : { pace }),
    ...(telemetry === undefined ? {} : { telemetry }),
  });
  const intake = new Intake({
    ...options,
    limits,
    accept: options.accept ?? ((delivery) => made.handle(delivery)),
    isHandled: (...name) => made.isHandled(...name),
  });
  const server = createServer(
    {
      requestTimeout: limits.requestMilliseconds,
      headersTimeout: limits.headersMilliseconds,
      connectionsCheckingInterval: limits.checkMilliseconds,
    },
    (request, response) => void route(request, response, intake, options),
  );
  server.maxConnections = limits.connections;
  await listen(server, options.port, options.host);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    probot: made.probot,
    handle: (delivery) => made.handle(delivery),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function route(request: IncomingMessage, response: ServerResponse, intake: Intake, options: WebhookServerOptions): Promise<void> {
  const path = request.url?.split("?")[0];
  if (path === "/healthz") return answer(response, 200, "ok");
  if (path === "/readyz") {
    const problems = (await options.problems?.()) ?? [];
    return problems.length === 0 ? answer(response, 200, "ready") : answer(response, 503, problems.join("\n"));
  }
  if (path !== webhookPath || request.method !== "POST") return answer(response, 404, "not found");
  const { status, why } = await intake.receive(request);
  answer(response, status, why);
  // What was not read is not worth reading: the connection ends soon after the answer, so that the sender still sees it.
  if (!request.complete) setTimeout(() => request.destroy(), lingerMilliseconds).unref();
}

interface Answer {
  readonly status: number;
  readonly why: string;
}

interface IntakeParts extends Pick<WebhookServerOptions, "credentials" | "log"> {
  readonly limits: IntakeLimits;
  readonly accept: (delivery: Delivery) => Promise<void>;
  readonly isHandled: (event: string, action: string | undefined) => boolean;
}

/** One delivery: headers, size, signature, JSON, in this order; then it is kept, and only then answered. */
class Intake {
  readonly #parts: IntakeParts;
  readonly #budget: BodyBudget;
  readonly #secrets: readonly string[];

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#budget = new BodyBudget(parts.limits.bytesAtOnce);
    const { previousWebhookSecret, webhookSecret } = parts.credentials;
    this.#secrets = [webhookSecret, ...(previousWebhookSecret === undefined ? [] : [previousWebhookSecret])];
  }

  async receive(request: IncomingMessage): Promise<Answer> {
    const tooLarge = { status: 413, why: `a delivery has at most ${this.#parts.limits.largestDelivery} bytes` };
    if (Number(request.headers["content-length"] ?? 0) > this.#parts.limits.largestDelivery) return tooLarge;
    const problem = headerProblem(request.headers);
    if (problem !== undefined) return problem;
    const read = await readBody(request, this.#parts.limits.largestDelivery, this.#budget);
    if (read.result === "too-large") return tooLarge;
    if (read.result === "busy") return { status: 503, why: "too much at once; send it again later" };
    if (read.result === "gone") return { status: 408, why: "the delivery did not come in time" };
    const signature = request.headers["x-hub-signature-256"];
    if (!isSigned(read.body, typeof signature === "string" ? signature : undefined, this.#secrets))
      return { status: 400, why: "the signature does not match" };
    return this.#keep(request, read.body);
  }

  async #keep(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const read = deliveryOf(request.headers, body);
    if (read.result === "refused") return read;
    const { action, delivery } = read;
    const name = `${delivery.event}${action === undefined ? "" : `.${action}`}`;
    if (!this.#parts.isHandled(delivery.event, action)) return { status: 200, why: `${name} is of no interest` };
    try {
      await this.#parts.accept(delivery);
    } catch (error) {
      this.#parts.log.error(
        { delivery: delivery.id, event: name, code: error instanceof TuneupError ? error.code : "internal" },
        "a delivery could not be kept",
      );
      return { status: 503, why: "the delivery could not be kept; send it again" };
    }
    return { status: 200, why: "received" };
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed || response.headersSent) return;
  const ends = status === 413 || status === 408 || status === 503 ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...ends }).end(`${text}\n`);
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
