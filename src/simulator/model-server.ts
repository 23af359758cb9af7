import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { ModelReply } from "../ports/model-client.ts";
import { think } from "./brain.ts";
import { anthropicApi } from "./http/anthropic-api.ts";
import type { Api, ParsedRequest } from "./http/api.ts";
import { type BatchAnswer, SimulatedBatches } from "./http/batches.ts";
import { openaiApi } from "./http/openai-api.ts";
import { latencyOf, weatherOf } from "./http/weather.ts";
import { type Scenario, simulatedNames, simulatedPrefix } from "./scenario.ts";

export interface SimulatedModelServer {
  /** `http://127.0.0.1:<port>`; the OpenAI API stands below `/v1`. */
  readonly url: string;
  /** Requests received so far, failed ones included. */
  readonly requests: () => number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

export interface ModelServerOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Bytes; 32 MB by default, as at Anthropic. */
  readonly largestBody?: number;
  /** How the scenario's latency is waited for. Rejects when the signal aborts. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const defaultLargestBody = 32 * 1024 * 1024;
const simulation = { "x-tuneup-simulation": "true" };

/**
 * The simulated model behind the Anthropic Messages and OpenAI Chat Completions APIs, on the loopback interface only. Every answer says that it is
 * a simulation, and only models that are called `simulated-…` answer.
 */
export async function startSimulatedModelServer(options: ModelServerOptions): Promise<SimulatedModelServer> {
  let count = 0;
  const stopping = new AbortController();
  const batches = new SimulatedBatches((request) => think(options.scenario, options.seed, request));
  const server = createServer((request, response) => {
    count += 1;
    // What fails here is the connection, or a request that no provider would get through: the other side learns it from the connection.
    answer(request, response, new Exchange(options, count, stopping.signal), batches).catch(() => response.destroy());
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
        stopping.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One request with its number, from which its id, its faults and its latency follow. */
class Exchange {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly count: number;
  readonly id: string;
  readonly largestBody: number;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #stopping: AbortSignal;

  constructor({ largestBody, scenario, seed, sleep }: ModelServerOptions, count: number, stopping: AbortSignal) {
    this.scenario = scenario;
    this.seed = seed;
    this.count = count;
    this.id = `simulated_${String(count).padStart(6, "0")}`;
    this.largestBody = largestBody ?? defaultLargestBody;
    this.#sleep = sleep ?? ((milliseconds, signal) => wait(milliseconds, undefined, { signal }));
    this.#stopping = stopping;
  }

  /** Waits as long as an answer of so many tokens takes; ends early, by rejecting, when the client or the server goes away. */
  async takeTime(tokens: number, response: ServerResponse): Promise<void> {
    const milliseconds = latencyOf(this.scenario, this.seed, this.count, tokens);
    if (milliseconds === 0) return;
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    response.once("close", leave);
    try {
      await this.#sleep(milliseconds, AbortSignal.any([gone.signal, this.#stopping]));
    } finally {
      response.off("close", leave);
    }
  }
}

const batchPath = /^\/v1\/(?:messages\/batches|batches|files)(?:\/|$)/;

async function answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange, batches: SimulatedBatches): Promise<void> {
  const path = request.url?.split("?")[0] ?? "";
  const api = path.startsWith("/v1/messages") ? anthropicApi : openaiApi;
  const named = { ...simulation, [api.idHeader]: `req_${exchange.id}` };
  const send = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): void =>
    void response.writeHead(status, { "content-type": "application/json", ...named, ...headers }).end(JSON.stringify(body));
  const refuse = (status: number, message: string, headers?: Readonly<Record<string, string>>): void => {
    const error = api.error(status, message);
    send(error.status, error.body, headers);
  };
  if (request.method === "GET" && path === "/v1/models") return send(200, modelList(exchange.scenario));
  if (batchPath.test(path)) return answerBatch(request, response, { api, exchange, batches, path });
  if ((path !== "/v1/messages" && path !== "/v1/chat/completions") || request.method !== "POST")
    return refuse(404, "Not found; this is Tuneup's simulated model.");
  const refusal = api.headerRefusal(request.headers);
  if (refusal !== undefined) return refuse(refusal.status, refusal.message);
  const body = await readBody(request, exchange.largestBody);
  if (body === undefined) return refuse(413, "Request exceeds the maximum size", { connection: "close" });
  const weather = weatherOf(exchange.scenario, exchange.seed, exchange.count);
  if (weather.kind === "broken") return void response.destroy();
  if (weather.kind === "error") return refuse(weather.status, "A fault of the scenario", weather.headers);
  const parsed = parseJson(api, body);
  if (!parsed.ok) return refuse(400, parsed.message);
  if (!parsed.model.startsWith(simulatedPrefix)) return refuse(404, api.unknownModel(parsed.model));
  const reply = think(exchange.scenario, exchange.seed, parsed.request);
  await exchange.takeTime(reply.usage.outputTokens, response);
  if (!parsed.streams) return send(200, api.reply(reply, { id: exchange.id, model: parsed.model }));
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache", ...named });
  writeEvents(response, api, reply, { id: exchange.id, model: parsed.model, streamsUsage: parsed.streamsUsage });
}

/** Batches take no time here: the first look finds one running, the next one finds it ended. */
async function answerBatch(
  request: IncomingMessage,
  response: ServerResponse,
  scope: { readonly api: Api; readonly exchange: Exchange; readonly batches: SimulatedBatches; readonly path: string },
): Promise<void> {
  const { api, batches, exchange, path } = scope;
  const send = ({ body, status }: BatchAnswer): void => {
    const isText = typeof body === "string";
    const headers = { "content-type": isText ? "application/x-jsonl" : "application/json", ...simulation };
    response.writeHead(status, headers).end(isText ? body : JSON.stringify(body));
  };
  const refusal = api.headerRefusal(request.headers);
  if (refusal !== undefined) return send(api.error(refusal.status, refusal.message));
  const body = request.method === "POST" ? await readBody(request, exchange.largestBody) : "";
  if (body === undefined) return send(api.error(413, "Request exceeds the maximum size"));
  send(batches.answer(request.method ?? "", path, body) ?? api.error(404, "Not found; this is Tuneup's simulated model."));
}

function parseJson(api: Api, body: string): ParsedRequest {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { ok: false, message: "The request body is not valid JSON" };
  }
  return api.parse(value);
}

function writeEvents(response: ServerResponse, api: Api, reply: ModelReply, name: Parameters<Api["events"]>[1]): void {
  for (const { data, event } of api.events(reply, name))
    response.write(`${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  response.end();
}

const modelList = ({ agent }: Scenario): object => ({
  object: "list",
  data: [agent.model, simulatedNames.drafter, simulatedNames.judge].map((id) => ({
    id,
    object: "model",
    created: 0,
    owned_by: "tuneup-simulation",
  })),
});

/** The body, `undefined` when it is too large; what comes after that is dropped. Rejects when the client goes away. */
function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= most) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.once("error", reject);
    request.once("close", () => reject(new Error("the client went away")));
  });
}
