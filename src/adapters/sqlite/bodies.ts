import { createHash } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Attributes, Json } from "../../domain/ids.ts";
import type { Span } from "../../domain/span.ts";

/** Shorter values stay in the span: a reference would be longer. */
const shortestBody = 200;
const largestBody = 256 * 1024 * 1024;

/** How a value is put together again: one text, one JSON value, or a list of JSON values kept one by one (as JSON text or as a list). */
type BodyKind = "text" | "json" | "list" | "list-text";

/** A value that lies outside its span: `event` is the event's index, absent for the span's own attributes, -1 for its resource. */
interface Reference {
  readonly event?: number;
  readonly key: string;
  readonly kind: BodyKind;
  /** Digests in hex. */
  readonly of: readonly string[];
}

/** A span without its long values. */
export interface Stored {
  readonly span: Span;
  readonly references: readonly Reference[];
}

/** A body's digest in hex, and its text. */
export type Bodies = Map<string, string>;

export const compress = (text: string): Uint8Array => zstdCompressSync(Buffer.from(text, "utf8"));
export const decompress = (bytes: Uint8Array): string => zstdDecompressSync(bytes, { maxOutputLength: largestBody }).toString("utf8");

const put = (bodies: Bodies, text: string): string => {
  const digest = createHash("sha256").update(text, "utf8").digest("hex");
  bodies.set(digest, text);
  return digest;
};

/**
 * Takes long values out of a span. A list of messages is taken apart: an agent repeats its whole conversation in every call, and each message
 * is then stored once.
 */
export function withoutBodies(span: Span, bodies: Bodies): Stored {
  const references: Reference[] = [];
  const strip = (attributes: Attributes, event?: number): Attributes =>
    Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => {
        const taken = takeOut(value, bodies);
        if (taken === undefined) return [key, value];
        references.push({ ...(event === undefined ? {} : { event }), key, ...taken });
        return [key, null];
      }),
    );
  const resource = put(bodies, JSON.stringify(span.resource));
  references.push({ event: -1, key: "", kind: "json", of: [resource] });
  const events = span.events.map((event, index) => ({ ...event, attributes: strip(event.attributes, index) }));
  return { span: { ...span, attributes: strip(span.attributes), events, resource: {} }, references };
}

function takeOut(value: Json, bodies: Bodies): Pick<Reference, "kind" | "of"> | undefined {
  if (typeof value === "string") {
    if (value.length < shortestBody) return undefined;
    const items = listIn(value);
    if (items === undefined) return { kind: "text", of: [put(bodies, value)] };
    return { kind: "list-text", of: items.map((item) => put(bodies, JSON.stringify(item))) };
  }
  if (value === null || typeof value !== "object") return undefined;
  const text = JSON.stringify(value);
  if (text.length < shortestBody) return undefined;
  if (Array.isArray(value)) return { kind: "list", of: value.map((item: Json) => put(bodies, JSON.stringify(item))) };
  return { kind: "json", of: [put(bodies, text)] };
}

/** The items of a JSON list that can be written back to the very same text. */
function listIn(text: string): readonly Json[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return Array.isArray(value) && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The span as it was added. */
export function withBodies(stored: Stored, body: (digest: string) => string): Span {
  const attributes: Record<string, Json> = { ...stored.span.attributes };
  const events = stored.span.events.map((event) => ({ ...event, attributes: { ...event.attributes } as Record<string, Json> }));
  let { resource } = stored.span;
  for (const reference of stored.references) {
    const value = putTogether(reference, body);
    if (reference.event === undefined) attributes[reference.key] = value;
    else if (reference.event === -1) resource = value as Attributes;
    else (events[reference.event]?.attributes ?? {})[reference.key] = value;
  }
  return { ...stored.span, attributes, events, resource };
}

function putTogether({ kind, of }: Reference, body: (digest: string) => string): Json {
  const texts = of.map((digest) => body(digest));
  switch (kind) {
    case "text":
      return texts[0] ?? "";
    case "json":
      return JSON.parse(texts[0] ?? "null") as Json;
    case "list":
      return texts.map((text) => JSON.parse(text) as Json);
    case "list-text":
      return `[${texts.join(",")}]`;
  }
}
