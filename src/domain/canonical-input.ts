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

/**
 * A tool's input with what does not matter removed: absent-like fields (null, empty text) dropped, white space and Unicode forms evened out,
 * numbers in shortest form, dates as UTC seconds. Order of keys does not matter; order of lists does.
 */
export function canonicalInput(value: Json, ignored: ReadonlySet<string> = new Set()): Json {
  if (typeof value === "string") return canonicalText(value);
  if (Array.isArray(value)) return value.map((item: Json) => canonicalInput(item, ignored));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !ignored.has(key))
      .map(([key, item]) => [key, canonicalInput(item, ignored)] as const)
      .filter(([, item]) => !isNothing(item)),
  );
}

/** One text for equal calls: tool and canonical input. */
export const callKey = (tool: string, input: Json, ignored?: ReadonlySet<string>): string =>
  `${tool} ${canonicalJson(canonicalInput(input, ignored))}`;
