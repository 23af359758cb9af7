import type { ConfigChange } from "../../domain/config-change.ts";
import type { Refusal } from "../../domain/edit.ts";

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly isWhole?: boolean;
}

/** What providers accept, as their API references say; the narrower one where they differ. */
const bounds: Readonly<Record<string, Bounds>> = {
  temperature: { least: 0, most: 1 },
  top_p: { least: 0, most: 1 },
  top_k: { least: 1, most: 1000, isWhole: true },
  max_tokens: { least: 16, most: 64_000, isWhole: true },
  frequency_penalty: { least: -2, most: 2 },
  presence_penalty: { least: -2, most: 2 },
  max_turns: { least: 1, most: 100, isWhole: true },
  max_steps: { least: 1, most: 100, isWhole: true },
  max_iterations: { least: 1, most: 100, isWhole: true },
  maxTurns: { least: 1, most: 100, isWhole: true },
  maxSteps: { least: 1, most: 100, isWhole: true },
  recursion_limit: { least: 1, most: 200, isWhole: true },
};

/** Why a parameter's new value is refused. */
export function parameterRefusal(change: Extract<ConfigChange, { target: "parameter" }>, path: string): Refusal | undefined {
  const refuse = (message: string, remedy: string): Refusal => ({ rule: "parameter", path, message, remedy });
  const limit = Object.hasOwn(bounds, change.key) ? bounds[change.key] : undefined;
  if (limit === undefined)
    return refuse(`${change.key} is not a parameter that edits may change`, `Editable are ${Object.keys(bounds).join(", ")}.`);
  if (typeof change.after !== "number" || !Number.isFinite(change.after))
    return refuse(`${change.key} must be a number`, `Give a number from ${limit.least} to ${limit.most}.`);
  if (change.after < limit.least || change.after > limit.most || (limit.isWhole === true && !Number.isInteger(change.after))) {
    return refuse(
      `${change.key} = ${change.after} is outside what providers accept`,
      `Give a ${limit.isWhole === true ? "whole " : ""}number from ${limit.least} to ${limit.most}.`,
    );
  }
  return undefined;
}
