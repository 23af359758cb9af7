import { TuneupError } from "../../src/domain/errors.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { type Message, noUsage, type Usage } from "../../src/domain/message.ts";
import { modelRetryLimits, withRetries } from "../../src/domain/retry.ts";
import type { CallObserver, ModelClient, ModelReply, ModelRequest } from "../../src/ports/model-client.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface ProviderOptions {
  readonly latency: number;
  readonly requestsPerMinute: number;
  readonly reply: (request: ModelRequest) => Message;
}

/** What is known of an answered call afterwards: its arm (tools and system prompt), its conversation in that arm, and what was paid. */
export interface AnsweredCall {
  readonly arm: string;
  readonly chain: string;
  /** Tokens of tools and system prompt. */
  readonly prefix: number;
  readonly usage: Usage;
}

const charactersPerToken = 4;
const tokens = (text: string): number => Math.ceil(text.length / charactersPerToken);

/**
 * A model provider on a virtual clock: so long for each call, a bucket of requests that refills evenly and refuses with 429, a prompt cache that
 * holds every prefix once the call that brought it is answered. Its client retries as the real adapters do, with the same function.
 */
export class VirtualProvider {
  calls = 0;
  refused = 0;
  readonly log: AnsweredCall[] = [];
  readonly #options: ProviderOptions;
  readonly #clock: VirtualClock;
  readonly #cached = new Set<string>();
  #level: number;
  #at = 0;

  constructor(options: ProviderOptions, clock: VirtualClock) {
    this.#options = options;
    this.#clock = clock;
    this.#level = options.requestsPerMinute;
  }

  readonly client = (model: string): ModelClient => ({
    model,
    simulated: false,
    complete: (request, signal, observer) =>
      withRetries(
        () => this.#answer(request, signal, observer),
        (error) => {
          if (!(error instanceof TuneupError)) return { retry: false };
          observer?.limited(undefined);
          return { retry: true };
        },
        { limits: modelRetryLimits, tools: { sleep: this.#clock.sleep, random: () => 0.5, now: this.#clock.now }, signal },
      ),
  });

  async #answer(request: ModelRequest, signal: AbortSignal, observer: CallObserver | undefined): Promise<ModelReply> {
    const perMinute = this.#options.requestsPerMinute;
    const now = this.#clock.now();
    this.#level = Math.min(perMinute, this.#level + ((now - this.#at) * perMinute) / 60_000);
    this.#at = now;
    if (this.#level < 1) {
      this.refused += 1;
      throw new TuneupError("model-unreachable", "429", { remedy: "wait", retryable: true });
    }
    this.#level -= 1;
    const remaining = Math.floor(this.#level);
    const prefixes = prefixesOf(request);
    const known = prefixes.findLast((prefix) => this.#cached.has(prefix.key));
    await this.#clock.sleep(this.#options.latency, signal);
    const message = this.#options.reply(request);
    for (const prefix of prefixes) this.#cached.add(prefix.key);
    const inputTokens = prefixes.at(-1)?.tokens ?? 0;
    const cacheReadTokens = known?.tokens ?? 0;
    const usage = {
      ...noUsage,
      inputTokens,
      outputTokens: tokens(JSON.stringify(message.parts)),
      cacheReadTokens,
      cacheWriteTokens: inputTokens - cacheReadTokens,
    };
    this.calls += 1;
    const arm = prefixes[1] ?? { key: "", tokens: 0 };
    this.log.push({ arm: arm.key, chain: `${arm.key} ${request.conversation ?? ""}`, prefix: arm.tokens, usage });
    observer?.limits({ requests: { perMinute, remaining } });
    return { message, finish: "stop", usage };
  }
}

/** Everything that a cache can hold of a request, shortest first: tools, system prompt, and the conversation up to each message. */
function prefixesOf(request: ModelRequest): readonly { readonly key: string; readonly tokens: number }[] {
  let text = JSON.stringify(request.tools ?? []);
  let length = tokens(text);
  let key = digestOf(text);
  const prefixes = [{ key: key as string, tokens: length }];
  for (const part of [request.system, ...request.messages.map((message) => JSON.stringify(message))]) {
    text = part;
    length += tokens(text);
    key = digestOf(`${key}${text}`);
    prefixes.push({ key, tokens: length });
  }
  return prefixes;
}
