import { readdirSync, readFileSync } from "node:fs";
import type { Random } from "../../src/domain/random.ts";

const folder = new URL("../fixtures/otlp/", import.meta.url);
/** Recorded export requests of several dialects, in both encodings. */
export const otlpPayloads = readdirSync(folder)
  .filter((name) => /\.(?:json|pb)$/.test(name))
  .map((name) => ({
    name,
    bytes: readFileSync(new URL(name, folder)),
    encoding: name.endsWith(".pb") ? ("protobuf" as const) : ("json" as const),
  }));

/** One of these, by chance. */
export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
};

/** Bytes with a few changes: flipped, cut, doubled, overwritten with what breaks text. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let current = Buffer.from(bytes);
  for (let change = 0; change <= Math.floor(random() * 6); change += 1) {
    const at = Math.floor(random() * current.length);
    const length = Math.floor(random() * 64);
    const kind = Math.floor(random() * 6);
    if (kind === 0) current[at] = Math.floor(random() * 256);
    else if (kind === 1) current = current.subarray(0, at);
    else if (kind === 2) current = Buffer.concat([current.subarray(0, at), current.subarray(at, at + length), current.subarray(at)]);
    else if (kind === 3) current = Buffer.concat([current.subarray(0, at), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), current.subarray(at)]);
    else if (kind === 4)
      current = Buffer.concat([current.subarray(0, at), Buffer.from("99999999999999999999"), current.subarray(at + length)]);
    else
      current = Buffer.concat([
        current.subarray(0, at),
        Buffer.from(pick(random, ["[", "{", '"', "]", "}", "\\", "null", ":"]).repeat(length)),
        current.subarray(at),
      ]);
    if (current.length === 0) return current;
  }
  return current;
}
