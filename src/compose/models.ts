import { anthropicModel } from "../adapters/anthropic-model/anthropic-model.ts";
import { openaiModel } from "../adapters/openai-model/openai-model.ts";
import type { Environment } from "../config/environment.ts";
import type { OperatorSettings } from "../config/operator-file.ts";
import { TuneupError } from "../domain/errors.ts";
import type { RetryTools } from "../domain/retry.ts";
import type { ModelClient, Models } from "../ports/model-client.ts";

type Role = NonNullable<NonNullable<OperatorSettings["models"]>["drafter"]>;

/** The models that could be set up, and a sentence for each role that could not: jobs stop before they need it. */
export interface ConfiguredModels {
  readonly agent: Models["agent"];
  readonly drafter?: ModelClient;
  readonly judge?: ModelClient;
  /** What to set so that drafting works; absent when it does. */
  readonly missing?: string;
}

const defaultDrafter: Readonly<Record<Role["provider"], string>> = { anthropic: "claude-opus-4-5", openai: "gpt-5" };

/** Sets up the models by role from the operator file and the keys in the environment. Asks nobody. */
export function configureModels(
  environment: Environment,
  operator: OperatorSettings,
  variables: Readonly<Record<string, string | undefined>>,
  retry: RetryTools,
): ConfiguredModels {
  const client = (role: Role): ModelClient => clientOf(role, environment, variables, retry);
  const drafter = operator.models?.drafter ?? defaultRole(environment);
  const judge = operator.models?.judge;
  const agentRole = operator.models?.agent;
  return {
    agent: (provider, model) => client(agentRole ?? { provider: providerOf(provider), model }),
    ...(drafter === undefined
      ? {
          missing:
            "No model is configured to draft edits. Set ANTHROPIC_API_KEY (or OPENAI_API_KEY, with OPENAI_BASE_URL for a local server), or name one under `models.drafter` in tuneup.operator.yml.",
        }
      : { drafter: client(drafter) }),
    ...(judge === undefined ? {} : { judge: client(judge) }),
  };
}

function defaultRole(environment: Environment): Role | undefined {
  if (environment.anthropicApiKey !== undefined) return { provider: "anthropic", model: defaultDrafter.anthropic };
  if (environment.openaiApiKey !== undefined || environment.openaiBaseUrl !== undefined)
    return { provider: "openai", model: defaultDrafter.openai };
  return undefined;
}

/** Recorded provider names (`gen_ai.provider.name`) that the Anthropic API serves; all others go to the OpenAI-compatible endpoint. */
const providerOf = (recorded: string): Role["provider"] => (recorded.toLowerCase().startsWith("anthropic") ? "anthropic" : "openai");

function clientOf(
  role: Role,
  environment: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  retry: RetryTools,
): ModelClient {
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
  return anthropic ? anthropicModel(options) : openaiModel(options);
}
