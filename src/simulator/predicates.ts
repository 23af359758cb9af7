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

/** Whether a condition holds of what a request actually says. */
export function holds(predicate: Predicate, request: Pick<ModelRequest, "system" | "tools" | "parameters">): boolean {
  if (predicate.prompt !== undefined && !wordsHold(predicate.prompt, plain(request.system))) return false;
  const tools = plain((request.tools ?? []).map((tool) => `${tool.name}: ${tool.description}`).join("\n"));
  if (predicate.tools !== undefined && !wordsHold(predicate.tools, tools)) return false;
  return Object.entries(predicate.parameters ?? {}).every(([name, { least, most }]) => {
    const value = request.parameters?.[name];
    return typeof value === "number" && value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  });
}
