import type { ModelClient, ModelReply, ModelRequest } from "../../ports/model-client.ts";
import type { Facts, Telemetry } from "../../ports/runtime.ts";

/** Where a model is asked: the provider as OpenTelemetry names it, and its address where it is not the provider's own. */
export interface ModelAddress {
  readonly provider: "anthropic" | "openai";
  readonly baseUrl?: string;
}

/**
 * A span for each call, after the conventions for GenAI clients: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/. Neither messages nor
 * instructions nor tool definitions are in it. One call is one span, however often the client tries.
 */
export function tracedModel(client: ModelClient, address: ModelAddress, telemetry: Telemetry): ModelClient {
  return {
    model: client.model,
    simulated: client.simulated,
    ...(client.batches === undefined ? {} : { batches: client.batches }),
    complete: (request, signal, observer) =>
      telemetry.span(
        { name: `chat ${client.model}`, kind: "client", facts: { ...askedOf(client.model, address), ...factsOf(request) } },
        async (span) => {
          const reply = await client.complete(request, signal, observer);
          span.note(answeredBy(reply));
          return reply;
        },
      ),
  };
}

function askedOf(model: string, { baseUrl, provider }: ModelAddress): Facts {
  const place = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model };
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return place;
  const { hostname, port, protocol } = new URL(baseUrl);
  return { ...place, "server.address": hostname, "server.port": Number(port) || (protocol === "https:" ? 443 : 80) };
}

const sampling = ["temperature", "top_p", "top_k", "seed"] as const;

function factsOf({ maxTokens, output, parameters = {}, purpose }: ModelRequest): Facts {
  const numbers = sampling.flatMap((name) => {
    const value = parameters[name];
    return typeof value === "number" ? [[`gen_ai.request.${name}`, value] as const] : [];
  });
  return {
    "tuneup.purpose": purpose,
    "gen_ai.request.max_tokens": maxTokens,
    ...Object.fromEntries(numbers),
    ...(output === undefined ? {} : { "gen_ai.output.type": "json" }),
  };
}

const reasons: Readonly<Record<ModelReply["finish"], string>> = {
  stop: "stop",
  length: "length",
  tool: "tool_call",
  refused: "content_filter",
};

function answeredBy({ finish, usage }: ModelReply): Facts {
  const { cacheReadTokens, cacheWriteTokens, dollars, inputTokens, outputTokens } = usage;
  return {
    "gen_ai.response.finish_reasons": [reasons[finish]],
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.output_tokens": outputTokens,
    ...(cacheReadTokens === undefined ? {} : { "gen_ai.usage.cache_read.input_tokens": cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { "gen_ai.usage.cache_creation.input_tokens": cacheWriteTokens }),
    ...(dollars === undefined ? {} : { "tuneup.dollars": dollars }),
  };
}
