import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { seededRandom } from "../domain/random.ts";
import { anthropicApi } from "./anthropic-api.ts";
import type { Api } from "./api-reply.ts";
import { think } from "./brain.ts";
import { openaiApi } from "./openai-api.ts";
import type { Scenario } from "./scenario.ts";

export interface SimulatedModelServer {
  /** `http://127.0.0.1:<port>`; the OpenAI API stands below `/v1`. */
  readonly url: string;
  /** Requests answered so far, failed ones included. */
  readonly requests: () => number;
  close(): Promise<void>;
}

export interface ModelServerOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  /** 0, the default, takes any free port. */
  readonly port?: number;
}

const largestBody = 32 * 1024 * 1024;
const simulation = { "x-tuneup-simulation": "true", "request-id": "req_simulated" };

/** The simulated model behind the Anthropic Messages and OpenAI Chat Completions APIs, on the loopback interface only. */
export async function startSimulatedModelServer(options: ModelServerOptions): Promise<SimulatedModelServer> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    void answer(request, response, { ...options, count });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Call extends ModelServerOptions {
  readonly count: number;
}

async function answer(request: IncomingMessage, response: ServerResponse, call: Call): Promise<void> {
  const path = request.url?.split("?")[0];
  if (request.method === "GET" && path === "/v1/models")
    return send(response, 200, {
      object: "list",
      data: [{ id: call.scenario.agent.model, object: "model", owned_by: "tuneup-simulation" }],
    });
  const api = path === "/v1/messages" ? anthropicApi : path === "/v1/chat/completions" ? openaiApi : undefined;
  if (api === undefined || request.method !== "POST")
    return send(response, 404, anthropicApi.error(404, "not found; this is Tuneup's simulated model"));
  if (request.headers["x-api-key"] === undefined && request.headers.authorization === undefined)
    return send(response, 401, api.error(401, "a key is required; any will do, this is a simulation"));
  const body = await readBody(request);
  if (body === undefined) return send(response, 413, api.error(413, "the request is larger than 32 MB"));
  const fault = faultOf(call);
  if (fault !== undefined) return send(response, fault.status, api.error(fault.status, "a fault of the scenario"), fault.headers);
  return reply(response, api, body, call);
}

function reply(response: ServerResponse, api: Api, body: string, { scenario, seed }: Call): void {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return send(response, 400, api.error(400, "the body is not JSON"));
  }
  const parsed = api.parse(value);
  if (!parsed.ok) return send(response, 400, api.error(400, parsed.message));
  const thought = think(scenario, seed, parsed.request);
  if (!parsed.streams) return send(response, 200, api.reply(thought, parsed.model));
  response.writeHead(200, { "content-type": "text/event-stream", ...simulation });
  for (const { data, event } of api.events(thought, parsed.model))
    response.write(`${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  response.end();
  return undefined;
}

/** Faults come by the count of requests, so that a try that failed may succeed the next time. */
function faultOf({ count, scenario, seed }: Call): { readonly status: number; readonly headers: Record<string, string> } | undefined {
  const { faults } = scenario;
  if (faults === undefined) return undefined;
  const random = seededRandom(seed, scenario.name, "fault", String(count));
  if (random() >= faults.rate) return undefined;
  const status = faults.statuses[Math.floor(random() * faults.statuses.length)] ?? 500;
  return { status, headers: faults.retryAfterSeconds === undefined ? {} : { "retry-after": String(faults.retryAfterSeconds) } };
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...simulation, ...headers }).end(JSON.stringify(body));
}

/** The body, `undefined` when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
