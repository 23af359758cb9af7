import { createHmac } from "node:crypto";

/** How many letters of base32 a tag has: 50 bits. Among 1,000 different values of a session two share a tag with probability 4.4e-10; among 100,000 of a project, 4.4e-6. */
const tagLength = 10;
const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** A placeholder inside a text. */
export const placeholders = /<[A-Z][A-Z0-9_]{1,30}_[a-z2-7]{10}>/g;
const onlyPlaceholder = /^<[A-Z][A-Z0-9_]{1,30}_[a-z2-7]{10}>$/;
export const isPlaceholder = (text: string): boolean => onlyPlaceholder.test(text);

/** Gives `<KIND_tag>`: the tag is a keyed hash, so that nobody can try values without the key. */
export function placeholderMaker(key: Uint8Array): (kind: string, value: string) => string {
  return (kind, value) => {
    const digest = createHmac("sha256", key).update(`${kind}\u0000${value}`, "utf8").digest();
    let bits = 0n;
    for (const byte of digest.subarray(0, 7)) bits = (bits << 8n) | BigInt(byte);
    let tag = "";
    for (let index = 0; index < tagLength; index += 1) tag += alphabet[Number((bits >> BigInt(5 * index)) & 31n)] ?? "a";
    return `<${kind}_${tag}>`;
  };
}

/** The parts of a text between its placeholders, each with its offset. */
export function segmentsOf(text: string): readonly { readonly start: number; readonly text: string }[] {
  if (!text.includes("<")) return [{ start: 0, text }];
  const segments: { start: number; text: string }[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(placeholders)) {
    if (index > from) segments.push({ start: from, text: text.slice(from, index) });
    from = index + found.length;
  }
  if (from < text.length) segments.push({ start: from, text: text.slice(from) });
  return segments;
}
