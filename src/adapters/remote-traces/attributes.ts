import { z } from "zod";
import { type Attributes, instant, type Instant, type Json } from "../../domain/ids.ts";

const mostAttributes = 4000;
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Attributes from pairs: `undefined` and keys that reach into prototypes are left out, the last of equal keys wins, the count is bounded. */
export function attributesFrom(pairs: Iterable<readonly [key: string, value: Json | undefined]>): Attributes {
  const attributes: Record<string, Json> = {};
  let count = 0;
  for (const [key, value] of pairs) {
    if (value === undefined || value === null || forbidden.has(key) || key.length > 500) continue;
    count += 1;
    if (count > mostAttributes) break;
    attributes[key] = value;
  }
  return attributes;
}

/** Any JSON value. */
export const anyJson: z.ZodType<Json> = z.json();

type Fields = Readonly<Record<string, Json>>;

/** A JSON object, or one written as text; `{}` for everything else. */
export function fieldsIn(value: Json | undefined): Fields {
  const opened = typeof value === "string" ? parsed(value) : value;
  return isFields(opened) ? opened : {};
}

const isFields = (value: Json | undefined): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(text: string): Json | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return anyJson.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A value as the text that attributes hold it in; texts stay as they are. */
export const asText = (value: Json | undefined): string | undefined =>
  value === undefined || value === null || value === "" ? undefined : typeof value === "string" ? value : JSON.stringify(value);

/** A time as stores write it (ISO 8601 with or without a zone, UTC where there is none); `undefined` for anything else. */
export function instantFrom(text: string | undefined | null): Instant | undefined {
  if (text === undefined || text === null) return undefined;
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text.replace(" ", "T")}Z`;
  const milliseconds = Date.parse(zoned);
  return Number.isNaN(milliseconds) ? undefined : instant(new Date(milliseconds).toISOString());
}

/** Nanoseconds since the epoch as an instant. */
export function instantFromNanoseconds(value: string | number | undefined): Instant | undefined {
  const digits = String(value ?? "");
  if (!/^\d{1,20}$/.test(digits)) return undefined;
  const milliseconds = Number(BigInt(digits) / 1_000_000n);
  return milliseconds > 0 && milliseconds < 253_402_300_800_000 ? instant(new Date(milliseconds).toISOString()) : undefined;
}
