import { digestOf, digestOfJson } from "../domain/digest.ts";
import { cancelled } from "../domain/retry.ts";
import type { CallObserver, ModelClient, ModelReply, ModelRequest } from "../ports/model-client.ts";
import { AdaptiveLimit } from "./call-scheduler/adaptive-limit.ts";
import { ProviderLimits } from "./call-scheduler/provider-limits.ts";

/** What the scheduler needs of the world; milliseconds. `sleep` rejects when the signal aborts. */
export interface SchedulerClock {
  readonly now: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** One conversation, whose calls follow one another. */
export interface Chain {
  /** Chains of an earlier block go first: results are needed in index order. */
  readonly block: number;
  /** How many calls it will probably take. */
  readonly expectedCalls: number;
}

interface Waiting {
  readonly block: number;
  readonly remaining: number;
  readonly sequence: number;
  readonly model: string;
  /** Digest of what a provider can cache for every call of an arm: model, tools and system prompt. */
  readonly prefix: string;
  readonly tokens: number;
  readonly start: () => void;
}

const charactersPerToken = 4;

/**
 * Gives model calls, not sessions, their turn: never more than `slots` under way, an earlier block first and within it the conversation with
 * most calls left, so that no long one is left over at the end. Keeps within the provider's limits as its headers tell them, slows down when it
 * refuses, and lets the first call with a new prefix (tools and system prompt) go alone, so that all others find it cached.
 */
export class CallScheduler {
  readonly #clock: SchedulerClock;
  readonly #slots: AdaptiveLimit;
  readonly #providers = new Map<string, ProviderLimits>();
  readonly #prefixes = new Map<string, "warming" | "warm">();
  #waiting: Waiting[] = [];
  #running = 0;
  #sequence = 0;
  #wakeAt = Infinity;

  constructor(slots: number, clock: SchedulerClock) {
    this.#slots = new AdaptiveLimit(Math.max(1, slots));
    this.#clock = clock;
  }

  /** A client whose calls wait for their turn; one for each conversation. */
  client(model: ModelClient, chain: Chain): ModelClient {
    let made = 0;
    return {
      model: model.model,
      simulated: model.simulated,
      complete: async (request, signal) => {
        const remaining = Math.max(1, chain.expectedCalls - made);
        made += 1;
        return this.#run(model, request, { block: chain.block, remaining, signal });
      },
    };
  }

  async #run(
    model: ModelClient,
    request: ModelRequest,
    turn: { readonly block: number; readonly remaining: number; readonly signal: AbortSignal },
  ): Promise<ModelReply> {
    const { signal } = turn;
    const prefix = prefixOf(model.model, request);
    const tokens = estimatedTokens(request);
    await this.#turn({ ...turn, model: model.model, prefix, tokens });
    const provider = this.#provider(model.model);
    const running = provider.start(tokens, this.#clock.now());
    const observer: CallObserver = {
      limited: (wait) => {
        this.#slots.refused(running.startedAt, this.#clock.now());
        provider.refused(wait, this.#clock.now());
      },
      limits: (limits) => provider.learn(limits, running, this.#clock.now()),
    };
    try {
      const reply = await model.complete(request, signal, observer);
      this.#prefixes.set(prefix, "warm");
      this.#slots.succeeded();
      provider.counted(tokens, reply.usage);
      return reply;
    } catch (error) {
      // Nobody knows whether the prefix was cached: the next call tries alone again.
      if (this.#prefixes.get(prefix) === "warming") this.#prefixes.delete(prefix);
      throw error;
    } finally {
      provider.end(running);
      this.#running -= 1;
      // A conversation that goes on asks for its next call before anybody else is given this slot.
      const pump = (): void => this.#pump(signal);
      this.#clock.sleep(0, signal).then(pump, pump);
    }
  }

  #turn(call: Omit<Waiting, "sequence" | "start"> & { readonly signal: AbortSignal }): Promise<void> {
    const { signal, ...wanted } = call;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled(signal.reason));
        return;
      }
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(cancelled(signal.reason));
      };
      const start = (): void => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const waiting: Waiting = { ...wanted, sequence: (this.#sequence += 1), start };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(waiting);
      this.#pump(signal);
    });
  }

  /** Starts what may start now. */
  #pump(signal: AbortSignal): void {
    while (this.#running < this.#slots.current) {
      const next = this.#next();
      if (next === undefined) return;
      const wait = this.#provider(next.model).waitFor(next.tokens, this.#clock.now());
      if (wait > 0) {
        this.#wakeIn(wait, signal);
        return;
      }
      this.#waiting = this.#waiting.filter((one) => one !== next);
      if (!this.#prefixes.has(next.prefix)) this.#prefixes.set(next.prefix, "warming");
      this.#running += 1;
      next.start();
    }
  }

  #next(): Waiting | undefined {
    let best: Waiting | undefined;
    for (const one of this.#waiting) {
      if (this.#prefixes.get(one.prefix) === "warming") continue;
      if (best === undefined || goesBefore(one, best)) best = one;
    }
    return best;
  }

  #wakeIn(milliseconds: number, signal: AbortSignal): void {
    const at = this.#clock.now() + milliseconds;
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    const wake = (): void => {
      if (this.#wakeAt === at) this.#wakeAt = Infinity;
      this.#pump(signal);
    };
    this.#clock.sleep(milliseconds, signal).then(wake, () => undefined);
  }

  #provider(model: string): ProviderLimits {
    const known = this.#providers.get(model) ?? new ProviderLimits();
    this.#providers.set(model, known);
    return known;
  }
}

function goesBefore(one: Waiting, other: Waiting): boolean {
  if (one.block !== other.block) return one.block < other.block;
  if (one.remaining !== other.remaining) return one.remaining > other.remaining;
  return one.sequence < other.sequence;
}

const toolDigests = new WeakMap<object, string>();

function digestOfTools(tools: ModelRequest["tools"] = []): string {
  const known = toolDigests.get(tools);
  if (known !== undefined) return known;
  const digest = digestOfJson(tools.map((tool) => [tool.name, tool.description, tool.parameters]));
  toolDigests.set(tools, digest);
  return digest;
}

const prefixOf = (model: string, request: ModelRequest): string => `${model} ${digestOfTools(request.tools)} ${digestOf(request.system)}`;

function estimatedTokens(request: ModelRequest): number {
  const tools = request.tools === undefined ? 0 : JSON.stringify(request.tools).length;
  return Math.ceil((request.system.length + tools + JSON.stringify(request.messages).length) / charactersPerToken);
}
