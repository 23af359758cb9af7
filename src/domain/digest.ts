import { createHash, createHmac } from "node:crypto";
import { type Digest, digest, type Json } from "./ids.ts";

/** JSON with object keys sorted at every depth and no white space: equal values give equal text. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(",")}]`;
  const record = value as { readonly [key: string]: Json | undefined };
  const entries = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] ?? null)}`);
  return `{${entries.join(",")}}`;
}

/** Any JSON-safe domain document as `Json`; optional fields that are undefined vanish, as `JSON.stringify` does it. */
export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** SHA-256 of a text (UTF-8), written `sha256:<64 hex>`. */
export const digestOf = (text: string): Digest => digest(`sha256:${createHash("sha256").update(text, "utf8").digest("hex")}`);

export const digestOfJson = (value: Json): Digest => digestOf(canonicalJson(value));

/** HMAC-SHA256 as 64 hex digits: keyed orders and keyed placeholders. */
export const keyedHash = (key: string, text: string): string => createHmac("sha256", key).update(text, "utf8").digest("hex");

/** The first `length` hex digits of a digest, for names. */
export function shortDigest(value: Digest, length = 12): string {
  const start = value.indexOf(":") + 1;
  return value.slice(start, start + length);
}
