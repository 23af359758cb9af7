import type { Attributes } from "../domain/ids.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import type { Predicate } from "./scenario.ts";

const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, " ");

type Words = NonNullable<Predicate["prompt"]>;

function wordsHold({ all, any, none }: Words, text: string): boolean {
  const has = (word: string): boolean => text.includes(plain(word));
  return (
    (all ?? []).every((word) => has(word)) &&
    (any === undefined || any.some((word) => has(word))) &&
    !(none ?? []).some((word) => has(word))
  );
}

/** A request's parameters, with the limit on the answer's length that every request has. */
export const parametersOf = (request: Pick<ModelRequest, "parameters" | "maxTokens">): Attributes => ({
  max_tokens: request.maxTokens,
  ...request.parameters,
});

/** Whether a condition holds of what a request actually says. */
export function holds(predicate: Predicate, request: Pick<ModelRequest, "system" | "tools" | "parameters" | "maxTokens">): boolean {
  if (predicate.prompt !== undefined && !wordsHold(predicate.prompt, plain(request.system))) return false;
  const tools = plain((request.tools ?? []).map((tool) => `${tool.name}: ${tool.description}`).join("\n"));
  if (predicate.tools !== undefined && !wordsHold(predicate.tools, tools)) return false;
  const parameters = parametersOf(request);
  return Object.entries(predicate.parameters ?? {}).every(([name, { least, most }]) => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return typeof value === "number" && value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  });
}
