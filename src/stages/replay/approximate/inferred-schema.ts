import { canonicalJson } from "../../../domain/digest.ts";
import type { Json } from "../../../domain/ids.ts";

/** So many samples before a short list of texts is taken for all there are. */
const enoughForEnum = 10;
const mostEnum = 6;
const deepest = 12;

type Schema = { readonly [key: string]: Json };

const formats: readonly (readonly [name: string, pattern: string])[] = [
  ["date", "^\\d{4}-\\d{2}-\\d{2}$"],
  ["date and time", "^\\d{4}-\\d{2}-\\d{2}[T ]\\d{2}:\\d{2}\\S*$"],
  ["UUID", "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"],
  ["address", "^[\\w.+-]{1,64}@[\\w-]{1,63}\\.[\\w.-]{1,63}$"],
];

/**
 * A JSON Schema that all these answers of one tool fit: types, fields that all of them have, short lists of values where ten or more answers
 * share them, formats of texts, and lengths between the first and the last hundredth.
 */
export function inferredSchema(samples: readonly Json[], depth = 0): Schema {
  const kinds = Map.groupBy(samples, kindOf);
  if (depth >= deepest || kinds.size === 0) return {};
  const alternatives = [...kinds].map(([kind, values]) => schemaOf(kind, values, depth));
  return alternatives.length === 1 ? (alternatives[0] ?? {}) : { anyOf: alternatives };
}

const kindOf = (value: Json): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

function schemaOf(kind: string, values: readonly Json[], depth: number): Schema {
  switch (kind) {
    case "object":
      return objectSchema(values as readonly Schema[], depth);
    case "array":
      return { type: "array", items: inferredSchema((values as readonly (readonly Json[])[]).flat(), depth + 1) };
    case "string":
      return textSchema(values as readonly string[]);
    case "number":
      return { type: values.every((value) => Number.isInteger(value)) ? "integer" : "number" };
    default:
      return { type: kind };
  }
}

/** Objects with keys of their own each (by id) are maps: their keys are no fields. */
function objectSchema(values: readonly Schema[], depth: number): Schema {
  const keys = [...new Set(values.flatMap((value) => Object.keys(value)))];
  const required = keys.filter((key) => values.every((value) => Object.hasOwn(value, key)));
  const entries = values.flatMap((value) => Object.values(value));
  if (required.length === 0 && keys.length > 0) return { type: "object", additionalProperties: inferredSchema(entries, depth + 1) };
  const properties = Object.fromEntries(
    keys.map((key) => [
      key,
      inferredSchema(
        values.flatMap((value) => (Object.hasOwn(value, key) ? [value[key] ?? null] : [])),
        depth + 1,
      ),
    ]),
  );
  return { type: "object", properties, required, additionalProperties: false };
}

function textSchema(values: readonly string[]): Schema {
  const format = formats.find(([, pattern]) => values.every((value) => new RegExp(pattern).test(value)));
  if (format !== undefined) return { type: "string", pattern: format[1] };
  const different = new Set(values);
  if (values.length >= enoughForEnum && different.size <= mostEnum && different.size * 2 <= values.length)
    return { type: "string", enum: [...different].toSorted() };
  const lengths = values.map((value) => value.length).toSorted((left, right) => left - right);
  const at = (share: number): number => lengths[Math.min(lengths.length - 1, Math.floor(share * lengths.length))] ?? 0;
  // A few samples say little about lengths.
  return { type: "string", minLength: Math.min(1, at(0.01)), maxLength: Math.max(200, 2 * at(0.99)) };
}

/** Equal answers as one, in the order in which they came. */
export const differentAnswers = (answers: readonly Json[]): readonly Json[] => [
  ...new Map(answers.map((answer) => [canonicalJson(answer), answer])).values(),
];
