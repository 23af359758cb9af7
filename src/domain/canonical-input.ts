import { canonicalJson } from "./digest.ts";
import type { Json } from "./ids.ts";

const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

function canonicalText(text: string): string {
  const plain = text.normalize("NFC").trim().replace(/\s+/g, " ");
  if (!isoDate.test(plain)) return plain;
  const time = Date.parse(plain);
  return Number.isNaN(time) ? plain : new Date(Math.floor(time / 1000) * 1000).toISOString();
}

const isNothing = (value: Json): boolean => value === null || value === "";

/** What does not matter in a tool's input, as far as it is known. */
export interface InputRules {
  /** Fields to leave out at any depth: request ids, nonces. */
  readonly ignored?: ReadonlySet<string> | undefined;
  /** JSON Schema of the input: fields equal to their `default` say nothing, lists with `uniqueItems` have no order. */
  readonly schema?: Json | undefined;
}

/**
 * A tool's input with what does not matter removed: absent-like fields (null, empty text, the schema's defaults) dropped, white space and
 * Unicode forms evened out, numbers in shortest form, dates as UTC seconds. Order of keys does not matter; order of lists does, except
 * where the schema says that their items are unique.
 */
export function canonicalInput(value: Json, { ignored, schema }: InputRules = {}): Json {
  if (typeof value === "string") return canonicalText(value);
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => canonicalInput(item, { ignored, schema: partOf(schema, "items") }));
    if (partOf(schema, "uniqueItems") !== true) return items;
    return items
      .map((item) => ({ item, text: canonicalJson(item) }))
      .sort(byText)
      .map(({ item }) => item);
  }
  if (value === null || typeof value !== "object") return value;
  const properties = partOf(schema, "properties");
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => ignored?.has(key) !== true)
      .map(([key, item]) => [key, canonicalInput(item, { ignored, schema: partOf(properties, key) })] as const)
      .filter(([key, item]) => !isNothing(item) && !isDefault(item, partOf(properties, key))),
  );
}

const byText = (left: { readonly text: string }, right: { readonly text: string }): number =>
  left.text < right.text ? -1 : left.text > right.text ? 1 : 0;

function partOf(schema: Json | undefined, name: string): Json | undefined {
  if (schema === undefined || schema === null || typeof schema !== "object" || Array.isArray(schema)) return undefined;
  const record = schema as { readonly [key: string]: Json };
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function isDefault(value: Json, schema: Json | undefined): boolean {
  const usual = partOf(schema, "default");
  return usual !== undefined && canonicalJson(canonicalInput(usual)) === canonicalJson(value);
}

/** One text for equal calls: tool and canonical input. */
export const callKey = (tool: string, input: Json, rules?: InputRules): string => `${tool} ${canonicalJson(canonicalInput(input, rules))}`;
