import { asJson, digestOfJson, shortDigest } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { RetryTools } from "../../domain/retry.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { BatchState, ModelBatches, ModelClient, ModelReply, ModelRequest } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";

export interface BatchTools extends Pick<RetryTools, "sleep"> {
  /** Keeps which batch a request is in, and its reply: nothing is handed in twice, whenever the process ends. */
  readonly kept: Pick<Documents, "get" | "put">;
}

interface Waiting {
  readonly name: string;
  readonly request: ModelRequest;
  readonly resolve: (reply: ModelReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that come so soon after each other go in together. */
const gatherMilliseconds = 200;
const lookMilliseconds = 60_000;
/** A day, and an hour for a provider that is late: then the batch is given up on for now. */
const mostLooks = 25 * 60;

/**
 * A client that hands requests in as batches: those that come together go in together, and each resolves when its batch has ended. A process that ends
 * meanwhile finds its batch again. What a batch could not answer is asked by itself. A model without batches is returned as it is.
 */
export function batchingClient(model: ModelClient, tools: BatchTools, runtime: Runtime): ModelClient {
  const { batches } = model;
  if (batches === undefined) return model;
  const queue = new BatchQueue(model, batches, tools, runtime);
  return { model: model.model, simulated: model.simulated, complete: (request) => queue.ask(request) };
}

class BatchQueue {
  readonly #model: ModelClient;
  readonly #batches: ModelBatches;
  readonly #tools: BatchTools;
  readonly #runtime: Runtime;
  readonly #looks = new Map<string, Promise<Extract<BatchState, { state: "ended" }>>>();
  #waiting: Waiting[] = [];

  constructor(model: ModelClient, batches: ModelBatches, tools: BatchTools, runtime: Runtime) {
    this.#model = model;
    this.#batches = batches;
    this.#tools = tools;
    this.#runtime = runtime;
  }

  async ask(request: ModelRequest): Promise<ModelReply> {
    const { kept } = this.#tools;
    const name = shortDigest(digestOfJson({ model: this.#model.model, request: asJson(request) }), 40);
    const reply = await kept.get(`batch-reply/${name}`);
    if (reply !== undefined) return reply as unknown as ModelReply;
    const batch = await kept.get(`batch-of/${name}`);
    if (typeof batch === "string") return this.#replyIn(batch, name, request);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, request, resolve, reject });
      if (this.#waiting.length === 1) void this.#gather();
    });
  }

  async #gather(): Promise<void> {
    let waiting: readonly Waiting[] = [];
    try {
      await this.#tools.sleep(gatherMilliseconds, this.#runtime.signal);
      waiting = this.#waiting;
      this.#waiting = [];
      const batch = await this.#submit(waiting);
      for (const { name, reject, request, resolve } of waiting) this.#replyIn(batch, name, request).then(resolve, reject);
    } catch (error) {
      for (const { reject } of waiting.length > 0 ? waiting : this.#waiting.splice(0)) reject(error);
    }
  }

  async #submit(waiting: readonly Waiting[]): Promise<string> {
    const requests = [...new Map(waiting.map(({ name, request }) => [name, { name, request }])).values()];
    const batch = await this.#batches.submit(requests, this.#runtime.signal);
    for (const { name } of requests) await this.#tools.kept.put(`batch-of/${name}`, batch);
    this.#runtime.progress({
      stage: "batch",
      state: "started",
      total: requests.length,
      unit: "requests",
      note: `${this.#model.model}: answers within a day; ended meanwhile, the same command goes on waiting`,
    });
    return batch;
  }

  async #replyIn(batch: string, name: string, request: ModelRequest): Promise<ModelReply> {
    const { replies } = await this.#ended(batch);
    // By itself at the plain price: the provider has given up on it.
    const reply = replies.get(name) ?? (await this.#model.complete(request, this.#runtime.signal));
    await this.#tools.kept.put(`batch-reply/${name}`, asJson(reply));
    return reply;
  }

  #ended(batch: string): Promise<Extract<BatchState, { state: "ended" }>> {
    const known = this.#looks.get(batch);
    if (known !== undefined) return known;
    const looking = this.#look(batch);
    this.#looks.set(batch, looking);
    return looking;
  }

  async #look(batch: string): Promise<Extract<BatchState, { state: "ended" }>> {
    for (let count = 0; count < mostLooks; count += 1) {
      const state = await this.#batches.look(batch, this.#runtime.signal);
      if (state.state === "ended") return state;
      await this.#tools.sleep(lookMilliseconds, this.#runtime.signal);
    }
    throw new TuneupError("model-unreachable", `The batch ${batch} of ${this.#model.model} has not ended after more than a day.`, {
      remedy: "Run the same command again later: the batch is found again and not paid twice.",
      retryable: true,
      fields: { batch, model: this.#model.model },
    });
  }
}
