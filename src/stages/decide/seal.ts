import { canonicalJson, digestOf, shortDigest } from "../../domain/digest.ts";
import type { Evidence, Seals } from "../../domain/evidence.ts";
import type { Json } from "../../domain/ids.ts";

/** What a seal is of: the part's JSON with sorted keys, so that white space and key order do not matter. */
const sealOf = (part: Json): string => shortDigest(digestOf(canonicalJson(part)), 16);

type JsonRecord = { readonly [key: string]: Json | undefined };

/** The seals that belong to a document, whatever seals it carries. The document must be JSON. */
export function sealsOf(document: JsonRecord): Seals {
  const { pairs, seals: _seals, ...fields } = document;
  return {
    pairs: Array.isArray(pairs) ? pairs.map((pair: Json) => sealOf(pair)) : [],
    fields: Object.fromEntries(Object.entries(fields).flatMap(([name, part]) => (part === undefined ? [] : [[name, sealOf(part)]]))),
  };
}

/** Closes a finished document with its seals. */
export function seal(open: Omit<Evidence, "seals">): Evidence {
  return { ...open, seals: sealsOf(JSON.parse(JSON.stringify(open)) as JsonRecord) };
}
