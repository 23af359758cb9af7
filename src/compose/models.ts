import { anthropicModel } from "../adapters/anthropic-model/anthropic-model.ts";
import { openaiModel } from "../adapters/openai-model/openai-model.ts";
import type { Environment } from "../config/environment.ts";
import type { OperatorSettings } from "../config/operator-file.ts";
import { TuneupError } from "../domain/errors.ts";
import { dollarsOf, type ModelPrice, priceIn, usualBatchShare } from "../domain/replaying/price.ts";
import type { RetryTools } from "../domain/retry.ts";
import type { ModelBatches, ModelClient, ModelReply, Models } from "../ports/model-client.ts";
import type { Telemetry } from "../ports/runtime.ts";
import { noTelemetry } from "./runtime.ts";
import { type ModelAddress, tracedModel } from "./telemetry/traced-model.ts";

type Role = NonNullable<NonNullable<OperatorSettings["models"]>["drafter"]>;

/** The models that could be set up, and a sentence for each role that could not: jobs stop before they need it. */
export interface ConfiguredModels {
  readonly agent: Models["agent"];
  readonly drafter?: ModelClient;
  readonly judge?: ModelClient;
  /** Speaks for recorded users; absent unless the operator names one. */
  readonly user?: ModelClient;
  /** Plays tools that read, where no recording answers; absent unless the operator names one. */
  readonly tools?: ModelClient;
  /** What a model costs, as far as the price file and the operator say; absent for models without money. */
  readonly priceOf?: (model: string) => ModelPrice | undefined;
  /** What to set so that drafting works; absent when it does. */
  readonly missing?: string;
}

const defaultDrafter: Readonly<Record<Role["provider"], string>> = { anthropic: "claude-opus-4-5", openai: "gpt-5" };

/** Sets up the models by role from the operator file and the keys in the environment. Asks nobody. */
export function configureModels(
  environment: Environment,
  operator: OperatorSettings,
  variables: Readonly<Record<string, string | undefined>>,
  world: { readonly retry: RetryTools; readonly prices: ReadonlyMap<string, ModelPrice>; readonly telemetry?: Telemetry },
): ConfiguredModels {
  const { prices, retry, telemetry = noTelemetry } = world;
  const priceOf = (model: string): ModelPrice | undefined => operator.prices?.[model] ?? priceIn(prices, model);
  const client = (role: Role): ModelClient => {
    const { address, client: asked } = clientOf(role, environment, variables, retry);
    return tracedModel(priced(asked, priceOf(role.model)), address, telemetry);
  };
  const { tools, user } = operator.models ?? {};
  const drafter = operator.models?.drafter ?? defaultRole(environment);
  const judge = operator.models?.judge;
  const agentRole = operator.models?.agent;
  return {
    agent: (provider, model) => client(agentRole ?? { provider: providerOf(provider), model }),
    ...drafterOf(drafter, client),
    ...(judge === undefined ? {} : { judge: client(judge) }),
    ...(user === undefined ? {} : { user: client(user) }),
    ...(tools === undefined ? {} : { tools: client(tools) }),
    priceOf,
  };
}

/** Reading traces and looking at them needs no drafter: one without a key is said to be missing, and what needs it ends with that. */
function drafterOf(role: Role | undefined, client: (role: Role) => ModelClient): Pick<ConfiguredModels, "drafter" | "missing"> {
  if (role === undefined)
    return {
      missing:
        "No model is configured to draft edits. Set ANTHROPIC_API_KEY (or OPENAI_API_KEY, with OPENAI_BASE_URL for a local server), or name one under `models.drafter` in tuneup.operator.yml.",
    };
  try {
    return { drafter: client(role) };
  } catch (error) {
    if (!(error instanceof TuneupError) || error.code !== "model-not-configured") throw error;
    return { missing: `${error.message} ${error.remedy}` };
  }
}

function defaultRole(environment: Environment): Role | undefined {
  if (environment.anthropicApiKey !== undefined) return { provider: "anthropic", model: defaultDrafter.anthropic };
  if (environment.openaiApiKey !== undefined || environment.openaiBaseUrl !== undefined)
    return { provider: "openai", model: defaultDrafter.openai };
  return undefined;
}

/** Recorded provider names (`gen_ai.provider.name`) that the Anthropic API serves; all others go to the OpenAI-compatible endpoint. */
const providerOf = (recorded: string): Role["provider"] => (recorded.toLowerCase().startsWith("anthropic") ? "anthropic" : "openai");

/** Adds to every reply what it cost. A model whose price nobody wrote down costs tokens only. */
function priced(client: ModelClient, price: ModelPrice | undefined): ModelClient {
  if (price === undefined) return client;
  return {
    model: client.model,
    simulated: client.simulated,
    complete: async (request, signal, observer) => {
      const reply = await client.complete(request, signal, observer);
      return { ...reply, usage: { ...reply.usage, dollars: dollarsOf(reply.usage, price) } };
    },
    ...(client.batches === undefined ? {} : { batches: pricedBatches(client.batches, price) }),
  };
}

function pricedBatches(batches: ModelBatches, price: ModelPrice): ModelBatches {
  const share = price.batch ?? usualBatchShare;
  const priceOf = (reply: ModelReply): ModelReply => ({
    ...reply,
    usage: { ...reply.usage, dollars: share * dollarsOf(reply.usage, price) },
  });
  return {
    submit: (requests, signal) => batches.submit(requests, signal),
    look: async (batch, signal) => {
      const state = await batches.look(batch, signal);
      if (state.state === "running") return state;
      return { state: "ended", replies: new Map([...state.replies].map(([name, reply]) => [name, priceOf(reply)])) };
    },
  };
}

function clientOf(
  role: Role,
  environment: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  retry: RetryTools,
): { readonly client: ModelClient; readonly address: ModelAddress } {
  const named = role.apiKeyEnv === undefined ? undefined : variables[role.apiKeyEnv];
  const anthropic = role.provider === "anthropic";
  const apiKey = named ?? (anthropic ? environment.anthropicApiKey : environment.openaiApiKey);
  const baseUrl = role.baseUrl ?? (anthropic ? environment.anthropicBaseUrl : environment.openaiBaseUrl);
  if (apiKey === undefined && (anthropic || baseUrl === undefined)) {
    const variable = role.apiKeyEnv ?? (anthropic ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY");
    throw new TuneupError("model-not-configured", `There is no key for ${role.model} (${role.provider}).`, {
      remedy: `Set ${variable}, or name another model in tuneup.operator.yml.`,
    });
  }
  const options = { model: role.model, apiKey: apiKey ?? "none", ...(baseUrl === undefined ? {} : { baseUrl }), ...retry };
  const client = anthropic ? anthropicModel(options) : openaiModel({ ...options, ...(role.api === undefined ? {} : { api: role.api }) });
  return { client, address: { provider: role.provider, ...(baseUrl === undefined ? {} : { baseUrl }) } };
}
