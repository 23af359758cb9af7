import type { Json } from "../../../domain/ids.ts";
import { closedJson } from "./cut-json.ts";
import { pythonValue } from "./python-literal.ts";

/** The fields of a JSON object. */
export type Fields = { readonly [key: string]: Json };

const longestText = 16_000_000;
const deepest = 64;

/** The value as an object's fields; `undefined` for everything else. */
export const fieldsOf = (value: Json | undefined): Fields | undefined =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : undefined;

/** The value as a list; empty for everything else. */
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

/** The first of these fields that is there and not null. */
export function firstOf(fields: Fields, ...keys: readonly string[]): Json | undefined {
  for (const key of keys) {
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/** The first of these fields that is a text and not empty. */
export function textIn(fields: Fields, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** The first of these fields that is a finite number; numbers written as text count. */
export function numberIn(fields: Fields, ...keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const number = typeof value === "string" && /^\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
  }
  return undefined;
}

/** A copy no deeper than any real message nests, so that no later walk over it can exhaust the stack. */
function bounded(value: Json, depth = 0): Json {
  if (value === null || typeof value !== "object") return value;
  if (depth >= deepest) return null;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => bounded(item, depth + 1));
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (key === "__proto__" ? [] : [[key, bounded(item, depth + 1)]])));
}

function strictly(text: string): Json | undefined {
  try {
    return bounded(JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

/** JSON, Python's way of writing a value, or JSON that was cut at a length limit; plain text that begins like JSON is none of these. */
function parsed(text: string): Json | undefined {
  const value = strictly(text) ?? (/^\s*[[{]/.test(text) ? pythonValue(text) : undefined);
  if (value !== undefined || !beginsAsJson(text)) return value;
  const closed = closedJson(text);
  return closed === undefined ? undefined : bounded(closed as Json);
}

/**
 * A value that instrumentations write as it is, as JSON text, as JSON text of JSON text, or as Python prints it; of JSON that was cut, what is left.
 * Text that is none of these stays text.
 */
export function opened(value: Json | undefined): Json | undefined {
  let current = value;
  for (let round = 0; round < 2; round += 1) {
    if (typeof current !== "string" || current.length > longestText || !/^\s*[[{"]/.test(current)) return current;
    const next = parsed(current);
    if (next === undefined) return current;
    current = next;
  }
  return current;
}

/** Markdown and sets may begin with a bracket, too. */
const beginsAsJson = (text: string): boolean =>
  /^\s{0,20}(?:\[\s{0,20}){0,3}(?:\{\s{0,20}"[^"\n]{1,200}"\s{0,20}:|(?<=\[\s{0,20})")/.test(text);

/** Whether a text begins as JSON's objects or lists do and breaks off: cut at an attribute limit. */
export function isCut(value: Json | undefined): boolean {
  if (typeof value !== "string" || !beginsAsJson(value)) return false;
  const end = value.trimEnd().at(-1);
  return end !== "]" && end !== "}" && strictly(value) === undefined && pythonValue(value) === undefined;
}
