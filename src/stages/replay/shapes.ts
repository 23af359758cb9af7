import { canonicalJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";

type JsonObject = { readonly [key: string]: Json };
const isObject = (value: Json): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

/** JSON text as its value; tools often answer with JSON in a string. */
function opened(value: Json): { readonly value: Json; readonly wasText: boolean } {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return { value, wasText: false };
  try {
    return { value: JSON.parse(value) as Json, wasText: true };
  } catch {
    return { value, wasText: false };
  }
}

const closed = (value: Json, wasText: boolean): Json => (wasText ? JSON.stringify(value) : value);

/**
 * The answer of a recorded write as this call would have got it: fields that carried the recorded call's inputs carry this call's. In plain
 * text the recorded inputs' values are replaced likewise.
 */
export function echoed(output: Json, recordedInput: Json, input: Json): Json {
  const { value, wasText } = opened(output);
  if (!isObject(recordedInput) || !isObject(input)) return output;
  if (typeof value === "string") return replaceValues(value, recordedInput, input);
  return closed(withInputs(value, input), wasText);
}

function withInputs(value: Json, input: JsonObject): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withInputs(item, input));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      Object.hasOwn(input, key) && sameKind(item, input[key]) ? (input[key] ?? null) : withInputs(item, input),
    ]),
  );
}

const sameKind = (left: Json, right: Json | undefined): boolean =>
  typeof left === typeof right && Array.isArray(left) === Array.isArray(right);

function replaceValues(text: string, recorded: JsonObject, input: JsonObject): string {
  let result = text;
  for (const [key, old] of Object.entries(recorded)) {
    const now = input[key];
    if (typeof old === "string" && old.length >= 3 && typeof now === "string" && now !== old) result = result.split(old).join(now);
  }
  return result;
}

const agreement = 0.95;
const fewest = 3;

/**
 * The success shape of a write that this session never made, from other sessions: fields on which they agree as they are, fields named
 * like an input with this call's input; fields that differ by session are left out. `undefined` when too few calls agree on a shape.
 */
export function consensusShape(successes: readonly Json[], input: Json): Json | undefined {
  if (successes.length < fewest) return undefined;
  const values = successes.map((output) => opened(output));
  const agreed = mostCommon(values.map(({ value }) => value));
  if (agreed !== undefined) return closed(agreed, values[0]?.wasText ?? false);
  const objects = values.map(({ value }) => value).filter((value) => isObject(value));
  if (objects.length < agreement * successes.length || !isObject(input)) return undefined;
  const shape: Record<string, Json> = {};
  for (const key of Object.keys(objects[0] ?? {})) {
    const common = mostCommon(objects.map((object) => object[key] ?? null));
    if (Object.hasOwn(input, key)) shape[key] = input[key] ?? null;
    else if (common !== undefined) shape[key] = common;
  }
  return Object.keys(shape).length === 0 ? undefined : closed(shape, values[0]?.wasText ?? false);
}

function mostCommon(values: readonly Json[]): Json | undefined {
  const counts = new Map<string, { count: number; readonly value: Json }>();
  for (const value of values) {
    const key = canonicalJson(value);
    const known = counts.get(key) ?? { count: 0, value };
    known.count += 1;
    counts.set(key, known);
  }
  const [best] = [...counts.values()].toSorted((left, right) => right.count - left.count);
  return best !== undefined && best.count >= agreement * values.length ? best.value : undefined;
}
