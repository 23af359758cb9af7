import type { ConfigChange } from "../../domain/config-change.ts";
import type { Refusal } from "../../domain/edit.ts";

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly isWhole?: boolean;
}

/** What providers accept, as their API references say; the wider one where they differ, for the provider refuses the rest itself. */
const bounds: Readonly<Record<string, Bounds>> = {
  temperature: { least: 0, most: 2 },
  top_p: { least: 0, most: 1 },
  top_k: { least: 1, most: 1000, isWhole: true },
  max_tokens: { least: 1, most: 128_000, isWhole: true },
  frequency_penalty: { least: -2, most: 2 },
  presence_penalty: { least: -2, most: 2 },
  max_turns: { least: 1, most: 100, isWhole: true },
  max_steps: { least: 1, most: 100, isWhole: true },
  max_iterations: { least: 1, most: 100, isWhole: true },
  maxTurns: { least: 1, most: 100, isWhole: true },
  maxSteps: { least: 1, most: 100, isWhole: true },
  recursion_limit: { least: 1, most: 200, isWhole: true },
};

const words: Readonly<Record<string, readonly string[]>> = { reasoning_effort: ["none", "minimal", "low", "medium", "high", "xhigh"] };

export type ParameterChange = Extract<ConfigChange, { target: "parameter" }>;

/** Why a parameter's new value is refused. `isKnownModel` says whether a model's name has been seen in the sessions or the repository. */
export function parameterRefusal(change: ParameterChange, path: string, isKnownModel: (name: string) => boolean): Refusal | undefined {
  const refuse = (message: string, remedy: string): Refusal => ({ rule: "parameter", path, message, remedy });
  if (change.key === "model") {
    const known = typeof change.after === "string" && typeof change.before === "string" && isKnownModel(change.after);
    return known
      ? undefined
      : refuse("it names a model that neither the sessions nor the repository know", "Name a model that this agent has used.");
  }
  const names = Object.hasOwn(words, change.key) ? words[change.key] : undefined;
  if (names !== undefined) {
    const isName = typeof change.after === "string" && names.includes(change.after);
    return isName ? undefined : refuse(`${change.key} takes one of a few words`, `Give one of ${names.join(", ")}.`);
  }
  const limit = Object.hasOwn(bounds, change.key) ? bounds[change.key] : undefined;
  if (limit === undefined) {
    const editable = [...Object.keys(bounds), ...Object.keys(words), "model"].join(", ");
    return refuse(`${change.key} is not a parameter that edits may change`, `Editable are ${editable}.`);
  }
  const { isWhole = false, least, most } = limit;
  const isWithin =
    typeof change.after === "number" && change.after >= least && change.after <= most && (!isWhole || Number.isInteger(change.after));
  if (isWithin) return undefined;
  return refuse(
    `the new value of ${change.key} is outside what providers accept`,
    `Give a ${isWhole ? "whole " : ""}number from ${least} to ${most}.`,
  );
}

/** What a person must look at before a changed setting is merged: another model is another price, another provider's terms, another agent. */
export function parameterRemark(change: ParameterChange, path: string): Refusal | undefined {
  if (change.key !== "model") return undefined;
  return {
    rule: "model-changed",
    path,
    message: "it runs the agent on another model",
    remedy: "The pull request stays a draft; compare price, limits and terms of the two models.",
  };
}
